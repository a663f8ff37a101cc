using System.Text;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Snapshots;

/// <summary>The addresses that rows of one table are read from: columns, filter and tenant stand in every one. Pure.</summary>
/// <remarks>
/// <para>
/// Every value is percent-encoded (the server reads <c>+</c> as a blank and <c>;</c> as the end of a parameter), which protects no character from its
/// grammar: only double quotes do, and only where they are known. A scalar at the top level has none; elements of <c>in</c> and values in a
/// group have them always.
/// </para>
/// <para>Pages begin behind a key, never at an offset: a row deleted before an offset would make the next page skip one.</para>
/// </remarks>
internal sealed class RowQuery
{
    /// <summary>Gateways refuse addresses from 8 KB on.</summary>
    public const int MaxAddressLength = 8000;

    /// <summary>The most characters of what every address begins with: table, columns and filter. What a page needs beside is far below the rest.</summary>
    public const int MaxStartLength = 6 * 1024;

    /// <summary>The most keys that one request asks for.</summary>
    public const int MaxPointKeys = 100;

    /// <summary>The most characters that the keys of one request take; fewer where the filter is long.</summary>
    public const int MaxPointLength = 4 * 1024;

    private readonly string _table;
    private readonly string _conditions;
    private readonly string[] _key;
    private readonly string _order;
    private readonly int _pointLength;

    /// <param name="root">PostgREST's root, <c>…/rest/v1</c>.</param>
    /// <param name="table">The table's exact name.</param>
    /// <param name="select">What is selected, in PostgREST's syntax.</param>
    /// <param name="key">The key's columns.</param>
    /// <param name="conditions">Which rows, tenant included.</param>
    /// <exception cref="ArgumentException">Columns and filter are longer than an address may be.</exception>
    public RowQuery(Uri root, string table, string select, IReadOnlyList<string> key, IEnumerable<KeyValuePair<string, string>> conditions)
    {
        _table = $"{root.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{Uri.EscapeDataString(table)}?select={Uri.EscapeDataString(select)}";
        _conditions = string.Concat(conditions.Select(static c => Parameter(c.Key, c.Value)));
        var start = _table.Length + _conditions.Length;
        if (start > MaxStartLength)
        {
            throw new ArgumentException(
                $"Columns and filter take {start} characters of an address, of which the filter {_conditions.Length}, and gateways refuse long ones; the most "
                + $"is {MaxStartLength}. Filter on a column that these rows share, or map fewer columns.",
                nameof(conditions));
        }

        _pointLength = Math.Min(MaxPointLength, MaxAddressLength - start);
        _key = [.. key.Select(PostgrestSyntax.RenderColumn)];
        _order = Parameter("order", string.Join(',', _key.Select(static column => column + ".asc")));
    }

    /// <summary>The rows behind a key, in the key's order.</summary>
    /// <param name="limit">The most rows wanted; the server may have a lower limit of its own and does not say so.</param>
    /// <param name="after">The server's own text of the last key read; <see langword="null"/> for the first page.</param>
    public Uri Page(int limit, IReadOnlyList<string>? after)
    {
        var text = new StringBuilder(_table).Append(_conditions).Append(_order);
        if (after is not null)
        {
            AppendAfter(text, after);
        }

        return new Uri(text.Append("&limit=").Append(limit).ToString());
    }

    /// <summary>The rows of given keys.</summary>
    public Uri Points(IReadOnlyList<string[]> keys)
    {
        var text = new StringBuilder(_table).Append(_conditions);
        if (_key.Length == 1)
        {
            // The server takes in.("") for the empty list; eq. is the empty text.
            text.Append(keys.Count == 1
                ? Parameter(_key[0], "eq." + keys[0][0])
                : Parameter(_key[0], $"in.({string.Join(',', keys.Select(static k => Quoted(k[0])))})"));
        }
        else
        {
            text.Append(Parameter("or", $"({string.Join(',', keys.Select(AllEqual))})"));
        }

        return new Uri(text.ToString());
    }

    /// <summary>Cuts keys into requests: at most <see cref="MaxPointKeys"/>, <see cref="MaxPointLength"/> and an address's length each, and never none.</summary>
    public IEnumerable<Range> PointBatches(IReadOnlyList<string[]> keys)
    {
        var start = 0;
        var length = 0;
        for (var i = 0; i < keys.Count; i++)
        {
            var more = Uri.EscapeDataString(_key.Length == 1 ? Quoted(keys[i][0]) : AllEqual(keys[i])).Length + "%2C".Length;
            if (i > start && (i - start == MaxPointKeys || length + more > _pointLength))
            {
                yield return start..i;
                start = i;
                length = 0;
            }

            length += more;
        }

        if (start < keys.Count)
        {
            yield return start..keys.Count;
        }
    }

    private void AppendAfter(StringBuilder text, IReadOnlyList<string> after)
    {
        if (_key.Length == 1)
        {
            text.Append(Parameter(_key[0], "gt." + after[0]));
            return;
        }

        // PostgREST has no row comparison. The condition on the first column follows from the others, and gives the planner its index bound.
        text.Append(Parameter(_key[0], "gte." + after[0]));
        var branches = Enumerable.Range(0, _key.Length).Select(last =>
        {
            var parts = Enumerable.Range(0, last + 1).Select(i => $"{_key[i]}.{(i < last ? "eq" : "gt")}.{Quoted(after[i])}");
            return last == 0 ? parts.First() : $"and({string.Join(',', parts)})";
        });
        text.Append(Parameter("or", $"({string.Join(',', branches)})"));
    }

    private string AllEqual(string[] key) => $"and({string.Join(',', key.Select((part, i) => $"{_key[i]}.eq.{Quoted(part)}"))})";

    private static string Quoted(string value) => BindingSyntax.AppendQuoted(new StringBuilder(), value).ToString();

    private static string Parameter(string name, string value) => $"&{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}";
}
