using System.Text;
using Carbon.Realtime.Filters;
using Carbon.Realtime.Testing.Emulation;
using FilterCondition = Carbon.Realtime.Filters.FilterCondition;
using ServerCondition = Carbon.Realtime.Testing.Emulation.FilterCondition;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>
/// A filter's text in the first line, and values in the following ones, each behind its type. Declared: reading says no and why, judging says yes, no or cannot tell. What was read is written so that it is
/// read as the same again, by the emulated server too; a condition and its negation never both hold, <c>in</c> is what its values are one by one, and no value is less, equal and greater at once.
/// </summary>
internal sealed class FilterTarget : FuzzTarget
{
    private static readonly IReadOnlyList<byte[]> FilterWords = [.. ((string[])
    [
        "=", ".", ",", "(", ")", "\"", "\\", " ", "not.", "eq.", "neq.", "lt.", "lte.", "gt.", "gte.", "in.(", "like.", "ilike.", "is.null", "is.true", "match.", "imatch.", "isdistinct.", "null", "NULL", "%", "_", "*", "\\%", "{", "}",
        "or=(", "a=eq.1", "\u00a0", "\u2028", "\0", "\ud83d\ude00", "\n", "\ntext \"a\"", "\nint4 1", "\nnumeric 1.0", "status=eq.a,qty=gt.0", "\"a,b\"",
    ]).Select(Encoding.UTF8.GetBytes)];

    private static readonly string[] Columns = ["id", "status", "companyId", "a b", "x(y)", "ü", "or", "a\"b", "a.b", "not.a", "COL"];

    private static readonly string[] Types =
        ["text", "int4", "int8", "numeric", "float4", "float8", "bool", "uuid", "date", "timestamp", "timestamptz", "bpchar", "jsonb", "_text", "citext", "mood", "name", "varchar", "bytea", "regtype", ""];

    private static readonly string[] Values =
    [
        "a", "A", "released", "", " ", "1", "-1", "+1", "01", "1.0", "1e0", "1e5", "NaN", "Infinity", "-inf", "9223372036854775808", "0.1", "0.01", "0.010", "0.10000000149", "3.4e39", "1e-400", "true", "t", "yes", "off", "null", "Null", "11111111-1111-1111-1111-111111111111",
        "{11111111111111111111111111111111}", "2024-02-29", "2024-02-29T07:44:15.123456+00", "2024-02-29 07:44:15+05:45", "infinity", "-infinity", "0044-03-15 BC", "%", "_%", "a%b_c\\%", "\\", "a,b", "(a)", "a)b", "\"", "\"a\"", "a\\b", "{a}", "ü😀", "*", "not.a",
        "x\u00a0", "\u2028x",
    ];

    private static readonly string[] JsonValues =
    [
        "null", "true", "false", "0", "1", "-1", "7", "23", "1.0", "1e0", "100000", "12.50", "0.1", "0.01", "1e-2", "1e400", "-0", "\"a\"", "\"A\"", "\"released\"", "\"\"", "\"1\"", "\"t\"", "\"true\"", "\"11111111-1111-1111-1111-111111111111\"", "\"2024-02-29\"", "\"2024-02-29T07:44:15.123456+00:00\"",
        "\"2024-02-29T07:44:15\"", "\"infinity\"", "\"0044-03-15 BC\"", "\"NaN\"", "\"a\\u0062c\"", "\"\\ud800\"", "\"a%b_c\"", "\"ü😀\"", "{}", "[]", "{\"a\":1}", "\"", "\"\\",
    ];

    private static readonly string[] Operators = ["eq", "neq", "lt", "lte", "gt", "gte", "in", "like", "ilike", "is", "match", "imatch", "isdistinct"];

    public override string Name => "filter";

    // Each literal is read in every form it may be compared in, and each refusal says what to write instead.
    public override (long Fixed, long PerByte) Budget => (96 * 1024, 128);

    public override IReadOnlyList<byte[]> Recorded { get; } = [.. ((string[])
    [
        "status=eq.released,qty=gt.0\ntext \"released\"\nint4 1", "id=in.(1,2,3)\nint8 2", "name=eq.\"a,b\"\ntext \"a,b\"", "m=not.is.null\nmood \"sad\"", "ts=gte.2024-01-01T00:00:00Z\ntimestamptz \"2024-02-29T07:44:15.123456+00:00\"",
        "num=lt.12.50\nnumeric 12.5", "u=eq.11111111-1111-1111-1111-111111111111\nuuid \"11111111-1111-1111-1111-111111111111\"", "name=like.a%b_c\ntext \"axxbyc\"", "n=not.in.(\"a\\\"b\",\"c,d\")\ntext \"c,d\"", "b=is.true\nbool true",
        $"n=in.({string.Join(',', Enumerable.Range(0, 40))})\nint4 17\nint4 99", "f=isdistinct.1.5\nfloat8 1.5",
    ]).Select(Encoding.UTF8.GetBytes)];

    public override IReadOnlyList<byte[]> Words => FilterWords;

    public override byte[] Write(Chance chance)
    {
        var conditions = HostileJson.Many(chance, 2, () => Condition(chance)).Append(Condition(chance));
        var values = HostileJson.Many(chance, 5, () => chance.OneIn(4) ? $"numeric {Number(chance)}" : $"{chance.Of(Types)} {(chance.OneIn(5) ? HostileJson.Value(chance, 1) : chance.Of(JsonValues))}");
        return Encoding.UTF8.GetBytes($"{string.Join(chance.OneIn(5) ? " , " : ",", conditions)}\n{string.Join('\n', values)}");
    }

    protected override Verdict Judge(byte[] input)
    {
        var lines = Encoding.UTF8.GetString(input).Split('\n');
        Begin();
        var isRead = RealtimeFilter.TryParse(lines[0], out var filter, out var error);
        End();
        Require(isRead == (error is null), "an error without a word, or a word without an error");
        if (!isRead)
        {
            return Verdict.Refused(Why(error!));
        }

        CheckRoundTrip(lines[0], filter!);
        foreach (var line in lines.Skip(1).Take(8))
        {
            var blank = line.IndexOf(' ', StringComparison.Ordinal);
            if (blank >= 0)
            {
                var (type, json) = (Encoding.UTF8.GetBytes(line[..blank]), Encoding.UTF8.GetBytes(line[(blank + 1)..].Trim()));
                foreach (var condition in filter!.Conditions.Take(4))
                {
                    CheckVerdict(condition, json, type);
                }
            }
        }

        return Verdict.Accepted(filter!.Conditions.Length == 1 ? filter.Conditions[0].Operator.ToString() : "several");
    }

    private void CheckRoundTrip(string text, RealtimeFilter filter)
    {
        Begin();
        var written = filter.ToString();
        var again = RealtimeFilter.Parse(written);
        var postgrest = filter.ToPostgrest();
        End();
        Require(again == filter && again.ToString() == written, $"round trip of a filter: {written}");
        Require(postgrest.Length == filter.Conditions.Length, "a condition is lost on its way to PostgREST");
        var server = ServerCondition.Parse(written, out var error);
        Require(error is null && server.Count == filter.Conditions.Length, $"the server refuses what was read, or counts otherwise: {written}: {error}");
        foreach (var (ours, theirs) in filter.Conditions.Zip(server))
        {
            Require(ours.Column == theirs.Column && ours.Operator.Name() == theirs.Operator && ours.Negated == theirs.Negated, $"the server reads another condition: {written}");
            Require(ours.Operator is FilterOperator.In ? ours.Values.Select(static v => v.Text).SequenceEqual(PgArrayLiteral.Parse(theirs.Value)) : ours.Value.Text == theirs.Value, $"the server reads another value: {written}");
        }

        // And of the text as it was given, too; but for `in`, where the emulator's own reading is the looser one.
        if (filter.Conditions.All(static c => c.Operator is not FilterOperator.In))
        {
            var given = ServerCondition.Parse(text, out _).Select(static c => (c.Column, c.Operator, c.Negated, c.Value)).Distinct();
            Require(given.SequenceEqual(filter.Conditions.Select(static c => (c.Column, c.Operator.Name(), c.Negated, c.Value.Text))), $"the server reads the given text otherwise: {text}");
        }
    }

    private void CheckVerdict(FilterCondition condition, byte[] json, byte[] type)
    {
        Begin();
        var verdict = condition.Evaluate(json, type);
        End();
        var negated = Other(condition, !condition.Negated, condition.Operator, condition.Values.Select(static v => v.Text)).Evaluate(json, type);
        Require(!(verdict is FilterVerdict.Yes && negated is FilterVerdict.Yes), $"a condition and its negation hold: {condition}");
        Require((verdict is FilterVerdict.CannotTell) == (negated is FilterVerdict.CannotTell), $"only the negation can be told: {condition}");
        var plain = condition.Negated ? negated : verdict;
        if (condition.Operator is FilterOperator.In)
        {
            var each = condition.Values.Take(200).Select(v => Other(condition, false, FilterOperator.Equal, [v.Text]).Evaluate(json, type)).ToList();
            var any = each.Contains(FilterVerdict.Yes) ? FilterVerdict.Yes : each.Contains(FilterVerdict.CannotTell) ? FilterVerdict.CannotTell : FilterVerdict.No;
            Require(condition.Values.Length > 200 || plain == any, $"in is not what its values are: {condition}: {plain}, {any}");
        }
        else if (condition.Operator.IsComparison() && condition.Operator is not FilterOperator.IsDistinct)
        {
            var (less, equal, greater) = (With(FilterOperator.LessThan), With(FilterOperator.Equal), With(FilterOperator.GreaterThan));
            Require(((FilterVerdict[])[less, equal, greater]).Count(static v => v is FilterVerdict.Yes) <= 1, $"less, equal and greater at once: {condition}");
            Require(With(FilterOperator.NotEqual) is not FilterVerdict.Yes || equal is FilterVerdict.No, $"equal and not equal: {condition}");
            Require(With(FilterOperator.LessThanOrEqual) is not FilterVerdict.Yes || less is FilterVerdict.Yes || equal is FilterVerdict.Yes, $"less or equal, and neither: {condition}");
            Require(With(FilterOperator.GreaterThanOrEqual) is not FilterVerdict.Yes || greater is FilterVerdict.Yes || equal is FilterVerdict.Yes, $"greater or equal, and neither: {condition}");
        }

        // Numbers are compared digit by digit, for they exceed every .NET number: by arithmetic it must be the same.
        if (condition.Operator.IsComparison() && type.AsSpan().SequenceEqual("numeric"u8)
            && ExactNumber.Parse(Encoding.UTF8.GetString(json)) is { IsOrdinary: true } value && ExactNumber.Parse(condition.Value.Text) is { IsOrdinary: true } wanted)
        {
            Require((With(FilterOperator.Equal) is FilterVerdict.Yes) == (value == wanted), $"equal by its digits, or by arithmetic: {condition}");
        }

        FilterVerdict With(FilterOperator op) => Other(condition, false, op, [condition.Value.Text]).Evaluate(json, type);
    }

    private static FilterCondition Other(FilterCondition condition, bool negated, FilterOperator op, IEnumerable<string> values) =>
        FilterCondition.TryCreate(condition.Column, negated, op, [.. values], out var other, out var error) ? other : throw new OracleException($"a value of one operator is refused by another: {error}");

    /// <summary>The refusal without what it quotes: some twenty kinds.</summary>
    private static string Why(string error)
    {
        var said = error[(error.LastIndexOf("position", StringComparison.Ordinal) is var at && at >= 0 ? at : 0)..];
        return said.Contains("no '='", StringComparison.Ordinal) ? "no equals sign"
            : said.Contains("operator", StringComparison.Ordinal) ? "operator"
            : error.Contains("blank", StringComparison.Ordinal) ? "blank"
            : error.Contains("comma", StringComparison.Ordinal) ? "comma"
            : error.Contains("quote", StringComparison.Ordinal) || error.Contains("parenthes", StringComparison.Ordinal) ? "quote or parenthesis"
            : error.Contains("NULL", StringComparison.Ordinal) ? "NULL"
            : "value";
    }

    private static string Condition(Chance chance)
    {
        var (op, not) = (chance.Of(Operators), chance.OneIn(5) ? "not." : "");
        var value = op switch
        {
            "in" when chance.OneIn(5) => $"({string.Join(',', Enumerable.Range(0, 17 + chance.Below(20)).Select(_ => FormattableString.Invariant($"{(chance.OneIn(30) ? "0" : chance.OneIn(60) ? "+" : "")}{chance.Below(60)}")))})", // found by hash, where each has one text
            "in" => $"({string.Join(',', Enumerable.Range(0, chance.OneIn(8) ? 30 : 1 + chance.Below(4)).Select(_ => Element(chance)))})",
            "is" => chance.OneIn(12) ? chance.Of(Values) : chance.Of((string[])["null", "true", "false", "unknown"]),
            _ => chance.Below(4) switch { 0 => Number(chance), 1 => chance.Of(Values), _ => Quoted(chance.Of(Values)) },
        };
        return $"{chance.Of(Columns)}={not}{op}.{value}";
    }

    /// <summary>Of few digits, so that many of these are one number, or differ by their zeros alone.</summary>
    private static string Number(Chance chance) =>
        $"{(chance.OneIn(6) ? "-" : "")}{chance.Of((string[])["0", "1", "5", "10", "50", "100"])}{(chance.OneIn(3) ? "" : "." + chance.Of((string[])["0", "00", "1", "01", "001", "10", "5", "05", "50"]))}{(chance.OneIn(4) ? "e" + chance.Of((string[])["0", "1", "-1", "2", "-2"]) : "")}";

    private static string Element(Chance chance) => chance.Below(4) switch { 0 => chance.Of(Values), 1 => FormattableString.Invariant($"{chance.Below(60)}"), _ => Quoted(chance.Of(Values)) };

    private static string Quoted(string value) => $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
