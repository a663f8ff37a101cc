using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Protocol;

/// <summary>Reads which binding a refusal of extension <c>postgres_changes</c> quotes. Where that is not certain, it says so.</summary>
/// <remarks>
/// Three forms (docs/protocol.md, "System messages"): <c>[event: *, schema: public, table: t, filters: [{"n", "eq", "1", false}], select: nil]</c>,
/// with bare names and inspected filters; the pieces of a filter that could not be parsed, <c>["foo", "1"]</c>; and the map that was sent,
/// <c>%{"schema" => "public", "table" => nil}</c>. The text is searched for each of the channel's own bindings instead of being parsed: a bare name
/// may contain anything.
/// </remarks>
internal static class RefusedBinding
{
    private const string Parameters = "[event: ";
    private const string Pieces = "Error parsing `filter` params: [";

    /// <summary>The one binding that is quoted; <see langword="null"/> if none or more than one fits.</summary>
    public static JoinBinding? Find(string refusal, IReadOnlyList<JoinBinding> bindings)
    {
        var start = refusal.IndexOf(Parameters, StringComparison.Ordinal);
        if (start >= 0)
        {
            return Only(bindings.Where(b => TryReadNames(refusal.AsSpan(start), b, out _)))
                ?? Only(bindings.Where(b => TryReadNames(refusal.AsSpan(start), b, out var rest) && FiltersFit(rest, b.Filter)));
        }

        start = refusal.IndexOf(Pieces, StringComparison.Ordinal);
        if (start >= 0)
        {
            var pieces = new ElixirText(refusal.AsSpan(start + Pieces.Length));
            return pieces.TryString(out var name) && pieces.TryToken(",") && pieces.TryString(out var value) && pieces.TryToken("]")
                ? Only(bindings.Where(b => HasCondition(b.Filter, $"={name}.{value}")))
                : null;
        }

        start = refusal.IndexOf("%{", StringComparison.Ordinal);
        return start >= 0 && TryReadMap(refusal.AsSpan(start + 2)) is { } map ? Only(bindings.Where(b => MapFits(map, b))) : null;
    }

    /// <summary>The table that is quoted.</summary>
    public static (string Schema, string Table)? Table(string refusal)
    {
        const string SchemaKey = ", schema: ", TableKey = ", table: ";
        var schema = refusal.IndexOf(SchemaKey, StringComparison.Ordinal);
        var table = schema < 0 ? -1 : refusal.IndexOf(TableKey, schema, StringComparison.Ordinal);
        var end = table < 0 ? -1 : refusal.IndexOf(", filters: ", table, StringComparison.Ordinal);
        end = table >= 0 && end < 0 ? refusal.IndexOf(']', table) : end;
        return end < 0 ? null : (refusal[(schema + SchemaKey.Length)..table], refusal[(table + TableKey.Length)..end]);
    }

    /// <summary>The column that a filter is refused for: the one that the refusal ends with, or the only one that is filtered on.</summary>
    public static string? Column(string refusal)
    {
        const string FiltersKey = ", filters: ";
        var start = refusal.IndexOf(FiltersKey, StringComparison.Ordinal);
        var quoted = new ElixirText(start < 0 ? "" : refusal.AsSpan(start + FiltersKey.Length));
        var columns = new HashSet<string>();
        if (quoted.TryToken("["))
        {
            while (TryCondition(ref quoted, out var column, out _, out _, out _))
            {
                columns.Add(column);
                quoted.TryToken(",");
            }
        }

        return columns.FirstOrDefault(c => refusal.EndsWith($"invalid column for filter {c}", StringComparison.Ordinal))
            ?? (columns.Count == 1 && quoted.TryToken("]") ? columns.Single() : null);
    }

    private static JoinBinding? Only(IEnumerable<JoinBinding> fitting) => fitting.Take(2).ToArray() is [var one] ? one : null;

    private static bool TryReadNames(ReadOnlySpan<char> text, JoinBinding binding, out ElixirText rest)
    {
        rest = new ElixirText(text);
        return rest.TryToken(Parameters) && rest.TryExact(binding.Event)
            && rest.TryExact(", schema: ") && TryName(ref rest, binding.Schema)
            && rest.TryExact(", table: ") && TryName(ref rest, binding.Table)
            && (rest.TryExact(", filters: ") || rest.TryExact("]"));
    }

    /// <summary>Bare on every server that was seen; inspected, should one do so.</summary>
    private static bool TryName(ref ElixirText text, string name) => text.TryExact(name) || text.TryExact($"\"{name}\"");

    /// <summary>Compares <c>[{"n", "eq", "1", false}, …]</c> with the filter that was sent.</summary>
    private static bool FiltersFit(ElixirText quoted, string? filter)
    {
        var sent = new ElixirText(filter);
        if (!quoted.TryToken("["))
        {
            return false;
        }

        while (!quoted.TryToken("]"))
        {
            if (!TryCondition(ref quoted, out var column, out var name, out var value, out var negated)
                || !sent.TryExact($"{column}={(negated ? "not." : "")}{name}.") || !TryValue(ref sent, name, value))
            {
                return false;
            }

            // Inspected lists end without a comma, as ours do.
            if (quoted.TryToken(",") != sent.TryExact(","))
            {
                return false;
            }
        }

        return sent.IsEmpty;
    }

    /// <summary>Reads <c>{"n", "eq", "1", false}</c>. Servers before 2.112.0 have no negation, and quote three elements.</summary>
    private static bool TryCondition(ref ElixirText quoted, out string column, out string name, out string value, out bool negated)
    {
        (column, name, value, negated) = ("", "", "", false);
        if (!quoted.TryToken("{") || !quoted.TryString(out column) || !quoted.TryToken(",") || !quoted.TryString(out name)
            || !quoted.TryToken(",") || !quoted.TryString(out value))
        {
            return false;
        }

        negated = quoted.TryToken(",") && !quoted.TryToken("false") && quoted.TryToken("true");
        return quoted.TryToken("}");
    }

    /// <summary>The server unquotes a value, and turns the parentheses of <c>in</c> into the braces of an array (docs/protocol.md, "Filters").</summary>
    private static bool TryValue(ref ElixirText sent, string name, string value) => name == "in"
        ? value is ['{', .., '}'] && sent.TryExact($"({value[1..^1]})")
        : sent.TryExact($"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"") || sent.TryExact(value);

    private static bool HasCondition(string? filter, string ending)
    {
        var at = filter?.IndexOf(ending, StringComparison.Ordinal) ?? -1;
        return at >= 0 && (at + ending.Length == filter!.Length || filter[at + ending.Length] == ',');
    }

    private static Dictionary<string, string?>? TryReadMap(ReadOnlySpan<char> text)
    {
        var map = new Dictionary<string, string?>();
        var pairs = new ElixirText(text);
        while (!pairs.TryToken("}"))
        {
            string? value = null;
            if (!pairs.TryString(out var key) || !pairs.TryToken("=>") || (!pairs.TryToken("nil") && !pairs.TryString(out value)))
            {
                return null;
            }

            map[key] = value;
            pairs.TryToken(",");
        }

        return map;
    }

    private static bool MapFits(Dictionary<string, string?> map, JoinBinding binding) =>
        map.GetValueOrDefault("event") == binding.Event && map.GetValueOrDefault("schema") == binding.Schema
        && map.GetValueOrDefault("table") == binding.Table && map.GetValueOrDefault("filter") == binding.Filter;

    /// <summary>What is left of a text that is read from the left. A read that fails may have consumed blanks.</summary>
    private ref struct ElixirText(ReadOnlySpan<char> text)
    {
        private ReadOnlySpan<char> _text = text;

        public readonly bool IsEmpty => _text.IsEmpty;

        public bool TryExact(string expected)
        {
            if (!_text.StartsWith(expected, StringComparison.Ordinal))
            {
                return false;
            }

            _text = _text[expected.Length..];
            return true;
        }

        /// <summary>As <see cref="TryExact"/>, after blanks: long terms are broken over lines.</summary>
        public bool TryToken(string expected)
        {
            _text = _text.TrimStart();
            return TryExact(expected);
        }

        /// <summary>Reads an inspected string; one that was cut short (<c>"abc" &lt;&gt; ...</c>) reads as what is there, and its term then does not go on.</summary>
        public bool TryString(out string value)
        {
            value = "";
            if (!TryToken("\""))
            {
                return false;
            }

            var read = new StringBuilder();
            while (!_text.IsEmpty && _text[0] != '"')
            {
                if (_text[0] != '\\')
                {
                    read.Append(_text[0]);
                    _text = _text[1..];
                }
                else if (!TryEscape(read))
                {
                    return false;
                }
            }

            value = read.ToString();
            return TryExact("\"");
        }

        private bool TryEscape(StringBuilder read)
        {
            if (_text.Length < 2)
            {
                return false;
            }

            var (plain, escaped) = ("\"\\#\a\b\n\v\f\r\t\u001b\u007f\0", "\"\\#abnvfrted0");
            var known = escaped.IndexOf(_text[1], StringComparison.Ordinal);
            if (known >= 0)
            {
                read.Append(plain[known]);
                _text = _text[2..];
                return true;
            }

            // \x{…}: a character that does not print.
            var end = _text.IndexOf('}');
            if (!_text.StartsWith("\\x{", StringComparison.Ordinal) || end < 0
                || !int.TryParse(_text[3..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point) || !Rune.IsValid(point))
            {
                return false;
            }

            read.Append(new Rune(point).ToString());
            _text = _text[(end + 1)..];
            return true;
        }
    }
}
