using System.Globalization;
using System.Net;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>What an address asks for. Read in the server's order: split, decode, and only then parse.</summary>
internal sealed class RestParameters
{
    private readonly List<KeyValuePair<string, string>> _all = [];
    private long _limit = long.MaxValue;

    /// <param name="query">With or without its question mark, percent-encoded.</param>
    public RestParameters(string query)
    {
        // A raw semicolon parts parameters too, and a plus is a blank.
        foreach (var parameter in query.TrimStart('?').Split('&', ';'))
        {
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0)
            {
                _all.Add(KeyValuePair.Create(Decode(parameter[..equals]), Decode(parameter[(equals + 1)..])));
            }
        }

        foreach (var (name, value) in _all)
        {
            Read(name, value);
        }
    }

    public IReadOnlyList<RestSelectItem> Select { get; private set; } = [new RestSelectAll()];

    public List<RestNode> Filters { get; } = [];

    public IReadOnlyList<RestOrder> Order { get; private set; } = [];

    /// <summary>Of a write: the columns that it gives.</summary>
    public string[]? Columns { get; private set; }

    /// <summary>Of a write: the columns that must be unique.</summary>
    public string[]? OnConflict { get; private set; }

    /// <summary>Embeds that filters and the like name; the reader checks that they are there.</summary>
    public List<string> Embeds { get; } = [];

    public long Offset { get; private set; }

    public long Limit => _limit;

    /// <summary>The parameters as <c>Content-Location</c> has them.</summary>
    public string Canonical => string.Join('&', _all.OrderBy(static p => p.Key, StringComparer.Ordinal)
        .Select(static p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}"));

    /// <summary>The header <c>Range</c>: the rows that both it and the address ask for. Another unit than rows is ignored, which means the whole table.</summary>
    public void Intersect(string range)
    {
        var dash = range.IndexOf('-', StringComparison.Ordinal);
        if (dash < 1 || !TryNumber(range[..dash], out var from) || (dash < range.Length - 1 && !TryNumber(range[(dash + 1)..], out _)))
        {
            return;
        }

        var to = TryNumber(range[(dash + 1)..], out var last) ? last : long.MaxValue - 1;
        if (to < from)
        {
            throw OutOfRange("The lower boundary must be lower than or equal to the upper boundary in the Range header.");
        }

        var end = _limit == long.MaxValue ? long.MaxValue : Offset + _limit;
        Offset = Math.Max(Offset, from);
        _limit = Math.Max(0, Math.Min(end, to + 1) - Offset);
    }

    public static RestException OutOfRange(string details) =>
        new(HttpStatusCode.RequestedRangeNotSatisfiable, "PGRST103", "Requested range not satisfiable", details);

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static string[] Names(string list) => [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static name => name.Trim('"'))];

    private void Read(string name, string value)
    {
        switch (name)
        {
            case "select":
                Select = RestSelect.Parse(value);
                break;
            case "order":
                Order = RestOrder.Parse(value);
                break;
            case "limit":
                // What is no number is ignored; what is a negative one is not.
                if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var limit))
                {
                    _limit = limit >= 0 ? limit : throw OutOfRange("Limit should be greater than or equal to zero.");
                }

                break;
            case "offset":
                Offset = TryNumber(value, out var offset) ? offset : 0;
                break;
            case "and" or "or" or "not.and" or "not.or":
                Filters.Add(RestCondition.ParseGroup(name, value));
                break;
            case "columns":
                Columns = Names(value);
                break;
            case "on_conflict":
                OnConflict = Names(value);
                break;
            default:
                ReadFilter(name, value);
                break;
        }
    }

    private void ReadFilter(string name, string value)
    {
        var text = new RestText("filter", name);
        var first = text.Name();
        if (text.StartsWith("->"))
        {
            throw RestException.NotImitated("JSON paths");
        }

        if (text.Take("."))
        {
            Embeds.Add(first);
        }
        else if (text.AtEnd)
        {
            Filters.Add(RestCondition.Parse(first, value));
        }
        else
        {
            throw text.Unexpected();
        }
    }
}
