using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Values as the server has them. A cell is the <c>jsonb</c> text that goes on the wire; <c>null</c> is the SQL null.</summary>
internal static class PgValues
{
    public const string Null = "null";

    /// <summary>No value at all, not even null: a long one that an UPDATE left alone is not in the log.</summary>
    public const string Absent = "";

    /// <summary>Turns a given JSON value into the cell of a column (docs/protocol.md, "Values").</summary>
    /// <exception cref="ArgumentException">PostgreSQL would refuse the value.</exception>
    public static string ToCell(PgType type, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return Null;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        switch (type.Kind)
        {
            case PgKind.Json:
                return JsonText.Jsonb(value);
            case PgKind.Array:
                return ArrayCell(type, value);
            case PgKind.Integer or PgKind.Numeric or PgKind.Float:
                // Not a number and the infinities have no JSON form: wal2json writes null.
                return text is "NaN" or "Infinity" or "-Infinity" ? Null : PgNumber.Plain(Checked(type, text).Trim());
            case PgKind.Bool:
                return ToBool(Checked(type, text)) ? "true" : "false";
            case PgKind.Timestamp:
                return JsonText.Quote(Time(text, type.Name == "timestamptz" ? PgTime.TimestampTz : PgTime.Timestamp));
            case PgKind.Date:
                return JsonText.Quote(Time(text, PgTime.Date));
            case PgKind.Uuid:
                return JsonText.Quote(Checked(type, text).ToLowerInvariant());
            case PgKind.Enum:
                return JsonText.Quote(Checked(type, text));
            case PgKind.Other when value.ValueKind != JsonValueKind.String && type.Name != "oid":
                // Domains and composites have the JSON form of what they are made of.
                return JsonText.Jsonb(value);
            default:
                // Realtime sends bytea as hex without its prefix.
                if (type.Name == "bytea")
                {
                    return JsonText.Quote(text.StartsWith(@"\x", StringComparison.Ordinal) ? text[2..] : text);
                }

                // The server cuts char(n) and bit(n) to their first character: a bug, and what clients see
                // (docs/protocol.md, "Thirty facts", fact 27).
                return JsonText.Quote(type.Name is "bpchar" or "bit" && text.Length > 1 ? text[..1] : text);
        }
    }

    /// <summary>The cell as PostgREST has it, which is what the table holds: without the cuts and omissions of Realtime (docs/protocol.md, "Values").</summary>
    public static string ToRestCell(PgType type, JsonElement value, string cell)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return Null;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return type switch
        {
            { Kind: PgKind.Numeric or PgKind.Float } when text is "NaN" or "Infinity" or "-Infinity" => JsonText.Quote(text),
            { Name: "json" } => value.GetRawText(),
            { Kind: PgKind.Array } => ArrayCell(type, value, isRest: true),
            { Name: "bpchar" or "bit" } => JsonText.Quote(text),
            { Name: "bytea" } => JsonText.Quote(text.StartsWith(@"\x", StringComparison.Ordinal) ? text : @"\x" + text),
            _ => cell,
        };
    }

    /// <summary>The text of a cell as PostgreSQL casts it to <c>text</c>; <see langword="null"/> for null.</summary>
    public static string? ToText(string cell)
    {
        if (cell == Null)
        {
            return null;
        }

        if (cell[0] != '"' || !cell.Contains('\\', StringComparison.Ordinal))
        {
            return cell[0] == '"' ? cell[1..^1] : cell;
        }

        using var document = JsonDocument.Parse(cell);
        return document.RootElement.GetString();
    }

    /// <summary>Why a text cannot be a value of a type, in PostgreSQL's words with its SQLSTATE; <see langword="null"/> if it can.</summary>
    public static string? CastError(PgType type, string text)
    {
        var valid = type.Kind switch
        {
            PgKind.Integer => PgNumber.TryParse(text, out var number) && !text.Contains('.', StringComparison.Ordinal) && number.IsInteger,
            PgKind.Numeric or PgKind.Float => text.Trim() is "NaN" or "Infinity" or "-Infinity" || PgNumber.TryParse(text, out _),
            PgKind.Bool => text.Trim().ToLowerInvariant() is "t" or "f" or "true" or "false" or "yes" or "no" or "on" or "off" or "1" or "0" or "y" or "n",
            PgKind.Uuid => Guid.TryParse(text, out _),
            PgKind.Timestamp or PgKind.Date => PgTime.TryParse(text, out _),
            PgKind.Enum => type.Labels!.Contains(text, StringComparer.Ordinal),
            PgKind.Other => PgOrder.Key(type, text) is not null,
            _ => true,
        };
        if (!valid)
        {
            return type.Kind switch
            {
                PgKind.Other when type.Name is "interval" or "time" => $"22007 (invalid_datetime_format) invalid input syntax for type {type.SqlName}: \"{text}\"",
                PgKind.Enum => $"22P02 (invalid_text_representation) invalid input value for enum {type.Name}: \"{text}\"",
                PgKind.Timestamp or PgKind.Date => $"22007 (invalid_datetime_format) invalid input syntax for type {type.SqlName}: \"{text}\"",
                _ => $"22P02 (invalid_text_representation) invalid input syntax for type {type.SqlName}: \"{text}\"",
            };
        }

        var (minimum, maximum) = type.Name switch
        {
            "int2" => ((BigInteger)short.MinValue, (BigInteger)short.MaxValue),
            "int4" => (int.MinValue, int.MaxValue),
            "int8" => (long.MinValue, long.MaxValue),
            _ => (BigInteger.Zero, BigInteger.Zero),
        };
        return type.Kind == PgKind.Integer && PgNumber.TryParse(text, out var value) && !value.IsWithin(minimum, maximum)
            ? $"22003 (numeric_value_out_of_range) value \"{text}\" is out of range for type {type.SqlName}"
            : null;
    }

    /// <summary>Compares two texts as values of a type. Text compares by code points: the collation of the emulated database is <c>C</c>.</summary>
    public static int Compare(PgType type, string left, string right) => type.Kind switch
    {
        PgKind.Integer when long.TryParse(left, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var x)
            && long.TryParse(right, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var y) => x.CompareTo(y),
        PgKind.Numeric or PgKind.Float when Special(left) != 0 || Special(right) != 0 => Special(left).CompareTo(Special(right)),
        PgKind.Integer or PgKind.Numeric when PgNumber.TryParse(left, out var x) && PgNumber.TryParse(right, out var y) => x.CompareTo(y),
        PgKind.Float => ToDouble(left).CompareTo(ToDouble(right)),
        PgKind.Bool => ToBool(left).CompareTo(ToBool(right)),
        PgKind.Timestamp or PgKind.Date when PgTime.TryParse(left, out var x) && PgTime.TryParse(right, out var y) => x.CompareTo(y),
        PgKind.Enum => Label(type, left).CompareTo(Label(type, right)),
        PgKind.Uuid => string.CompareOrdinal(left.ToLowerInvariant(), right.ToLowerInvariant()),
        PgKind.Text when type.Name == "citext" => string.CompareOrdinal(left.ToLowerInvariant(), right.ToLowerInvariant()),
        PgKind.Other when PgOrder.Key(type, left) is { } x && PgOrder.Key(type, right) is { } y => string.CompareOrdinal(x, y),
        _ => string.CompareOrdinal(left, right),
    };

    /// <summary>A cell in a form that is equal where PostgreSQL takes the values for equal: keys are told apart by it.</summary>
    /// <param name="type">The column's type.</param>
    /// <param name="cell">As PostgREST has it: the stream cuts some.</param>
    public static string ToKey(PgType type, string cell)
    {
        if (cell == Null)
        {
            return cell;
        }

        var text = ToText(cell)!;
        return type switch
        {
            { Kind: PgKind.Integer or PgKind.Numeric } => Special(text) == 0 && PgNumber.TryParse(text, out var number) ? number.ToString() : text,
            { Kind: PgKind.Float } => Special(text) == 0 ? ToDouble(text).ToString("R", CultureInfo.InvariantCulture) : text,
            { Name: "citext" } => JsonText.Quote(text.ToLowerInvariant()),
            { Name: "bpchar" } => JsonText.Quote(text.TrimEnd(' ')),
            { Kind: PgKind.Other } => JsonText.Quote(PgOrder.Key(type, text) ?? text),
            _ => cell,
        };
    }

    public static bool ToBool(string text) => text.Trim().ToLowerInvariant() is "t" or "true" or "yes" or "on" or "1" or "y";

    // PostgreSQL's order: NaN equals itself and is above everything.
    private static int Special(string text) => text.Trim() switch
    {
        "-Infinity" => -1,
        "Infinity" => 1,
        "NaN" => 2,
        _ => 0,
    };

    private static int Label(PgType type, string text) => type.Labels!.ToList().IndexOf(text);

    private static double ToDouble(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static string Checked(PgType type, string text) => CastError(type, text) is { } error ? throw new ArgumentException(error) : text;

    // A text that .NET cannot read ("0044-03-15 00:00:00+00 BC") is passed on as it is.
    private static string Time(string text, Func<DateTimeOffset, string> format) =>
        PgTime.TryParse(text, out var ticks) && ticks is not (long.MinValue or long.MaxValue) ? format(new DateTimeOffset(ticks, TimeSpan.Zero)) : text;

    // PostgREST writes an array as json does, without blanks, and the stream as jsonb does.
    private static string ArrayCell(PgType type, JsonElement value, bool isRest = false)
    {
        var comma = isRest ? "," : ", ";
        if (value.ValueKind == JsonValueKind.Array)
        {
            return $"[{string.Join(comma, value.EnumerateArray().Select(e => ElementCell(type, e, isRest)))}]";
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            throw new ArgumentException($"22P02 (invalid_text_representation) expected JSON array for type {type.SqlName}");
        }

        var text = new StringBuilder("[");
        foreach (var element in PgArrayLiteral.Parse(value.GetString() ?? "{}"))
        {
            using var json = JsonDocument.Parse(element is null ? Null : JsonText.Quote(element));
            text.Append(text.Length > 1 ? comma : "").Append(ElementCell(type, json.RootElement, isRest));
        }

        return text.Append(']').ToString();
    }

    // Inside an array NaN survives as a string, where a column of its own becomes null (transcript 08_types).
    private static string ElementCell(PgType array, JsonElement element, bool isRest)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            return ArrayCell(array, element, isRest);
        }

        if (element.ValueKind == JsonValueKind.String && (element.GetString() is "NaN" or "Infinity" or "-Infinity" || array.Element!.Name == "bytea"))
        {
            return JsonText.Quote(element.GetString()!);
        }

        var cell = ToCell(array.Element!, element);
        return isRest ? ToRestCell(array.Element!, element, cell) : cell;
    }
}
