using System.Text;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tests.Filters;

/// <summary>Where the client stands in for the server's filter it must never have to say "cannot tell".</summary>
public sealed class FilterExactnessTests
{
    private static readonly Dictionary<string, (string[] Literals, string[] Values)> ByType = new()
    {
        ["text"] = (["a", "", "5", "é", "a%"], ["\"a\"", "\"\"", "\"A\"", "\"c\"", "\"é\"", "\"a\\\"b\"", "null"]),
        ["varchar"] = (["a", "b"], ["\"a\"", "\"c\"", "\"é\"", "null"]),
        ["name"] = (["a", new string('x', 64)], ["\"a\"", "\"c\"", "\"é\"", "null"]),
        ["citext"] = (["a", "é"], ["\"A\"", "\"é\"", "\"É\"", "null"]),
        ["int4"] = (["5", "+05", "-1", "5.0", "x"], ["5", "0", "-7", "null"]),
        ["int8"] = (["9223372036854775807", "x"], ["9223372036854775807", "5", "null"]),
        ["numeric"] = (["1.5", "15e-1", "NaN", "1e9999999", "x"], ["1.50", "0", "123456789012345678901234567890.5", "null"]),
        ["float8"] = (["1.5", "1e400", "1e-400", "Infinity", "x"], ["1.5", "100", "0", "null"]),
        ["float4"] = (["1.5", "1e40"], ["1.5", "0", "null"]),
        ["bool"] = (["true", "f", "o", "x"], ["true", "false", "null"]),
        ["uuid"] = (["aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "{AAAAAAAABBBBCCCCDDDDEEEEEEEEEEEE}", "x"], ["\"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"", "\"00000000-0000-0000-0000-000000000000\"", "null"]),
        ["timestamptz"] = (["2024-01-01T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01", "now", "infinity"], ["\"2024-01-01T00:00:00+00:00\"", "\"infinity\"", "null"]),
        ["timestamp"] = (["2024-01-01T00:00:00", "2024-01-01", "today"], ["\"2024-01-01T00:00:00\"", "\"-infinity\"", "null"]),
        ["date"] = (["2024-01-01", "2024-01-01T01:00", "infinity"], ["\"2024-01-01\"", "\"infinity\"", "null"]),
        ["mood"] = (["happy"], ["\"happy\"", "\"sad\"", "\"Happy\"", "null"]),
        ["bpchar"] = (["a"], ["\"a\"", "null"]),
        ["bit"] = (["1"], ["\"1\"", "null"]),
        ["bytea"] = (["deadbeef"], ["\"deadbeef\"", "null"]),
        ["jsonb"] = (["5"], ["5", "{}", "null"]),
        ["_text"] = (["{a}"], ["[\"a\"]", "null"]),
    };

    private static readonly bool[] Both = [false, true];

    private static readonly string[] Keywords = ["null", "true", "false", "unknown"];

    private static IEnumerable<(FilterCondition Condition, string Type, string[] Values)> Everything =>
        from type in ByType
        from op in Enum.GetValues<FilterOperator>()
        from literal in op is FilterOperator.Is ? Keywords : type.Value.Literals
        from negated in Both
        let condition = FilterCondition.TryCreate("c", negated, op, [literal], out var created, out _) ? created : null
        where condition is not null
        select (condition, type.Key, type.Value.Values);

    [Fact]
    public void What_is_exact_is_decided_for_every_value_of_the_type()
    {
        var exact = Everything.Where(e => IsExact(e.Condition, e.Type)).ToList();
        exact.Should().HaveCountGreaterThan(300);
        foreach (var (condition, type, values) in exact)
        {
            foreach (var value in values)
            {
                Judge(condition, value, type).Should().NotBe(FilterVerdict.CannotTell, "{0} on {1} {2} is called exact", condition, type, value);
            }
        }
    }

    [Fact]
    public void What_is_not_exact_cannot_be_told_for_some_value()
    {
        // The order of texts that are equal is told whatever the collation; the values above hold unequal ones too.
        foreach (var (condition, type, values) in Everything.Where(e => !IsExact(e.Condition, e.Type)))
        {
            var isKnownTooStrict = condition.Operator is FilterOperator.Is && type is "mood" or "bytea" or "jsonb";
            (isKnownTooStrict || values.Any(v => Judge(condition, v, type) == FilterVerdict.CannotTell)).Should().BeTrue("{0} on {1} is called inexact", condition, type);
        }
    }

    [Theory]
    [InlineData(typeof(string), "text", true)]
    [InlineData(typeof(short), "int2", true)]
    [InlineData(typeof(ulong?), "int8", true)]
    [InlineData(typeof(bool?), "bool", true)]
    [InlineData(typeof(Guid), "uuid", true)]
    [InlineData(typeof(decimal), "numeric", true)]
    [InlineData(typeof(float), "float4", true)]
    [InlineData(typeof(double), "float8", true)]
    [InlineData(typeof(DateTimeOffset), "timestamptz", true)]
    [InlineData(typeof(DateTime), "timestamp", true)]
    [InlineData(typeof(DateOnly?), "date", true)]
    [InlineData(typeof(DayOfWeek), "int4", false)]
    [InlineData(typeof(TimeSpan), "interval", false)]
    [InlineData(typeof(object), "jsonb", false)]
    [InlineData(typeof(char), "bpchar", false)]
    public void A_property_stands_for_the_column_type_it_is_usually_mapped_to(Type property, string pgType, bool isKnown) =>
        FilterColumnTypes.Of(property).Should().Be(isKnown ? FilterColumnTypes.Classify(Encoding.UTF8.GetBytes(pgType)) : null);

    [Theory]
    [InlineData("text", "s7", "\"s7\"", "Yes")]
    [InlineData("text", "s7", "\"s777\"", "No")]
    [InlineData("text", "a\"b", "\"a\\\"b\"", "Yes")]
    [InlineData("int4", "77", "77", "Yes")]
    [InlineData("int4", "77", "78", "No")]
    [InlineData("int4", "077", "77", "Yes")]
    [InlineData("int4", "+077", "77", "Yes")] // one of them written otherwise: all are compared one by one
    [InlineData("int4", "77", "\"77\"", "Yes")] // servers of 2021
    [InlineData("uuid", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "\"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"", "Yes")]
    [InlineData("uuid", "AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee", "\"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"", "Yes")]
    [InlineData("uuid", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "\"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeef\"", "No")]
    [InlineData("numeric", "77", "77.00", "Yes")]
    [InlineData("citext", "S7", "\"s7\"", "Yes")]
    [InlineData("mood", "s7", "\"s777\"", "CannotTell")]
    public void A_long_list_is_judged_like_a_short_one(string type, string one, string value, string verdict)
    {
        Func<int, string> filler = type switch
        {
            "uuid" => i => new Guid(i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).ToString(),
            "int4" or "numeric" => i => (1000 + i).ToString(System.Globalization.CultureInfo.InvariantCulture),
            _ => i => $"f{i}",
        };
        foreach (var count in new[] { 3, 15, 16, 17, 1000 })
        {
            FilterCondition.TryCreate("c", false, FilterOperator.In, [.. Enumerable.Range(1, count).Select(filler), one], out var condition, out _).Should().BeTrue();
            Judge(condition!, value, type).ToString().Should().Be(verdict, "there are {0} values", count);
            Judge(condition!, "null", type).Should().Be(FilterVerdict.No);
        }
    }

    private static bool IsExact(FilterCondition condition, string type) =>
        FilterExactness.IsExact(condition, FilterColumnTypes.Classify(Encoding.UTF8.GetBytes(type)));

    private static FilterVerdict Judge(FilterCondition condition, string value, string type) =>
        condition.Evaluate(Encoding.UTF8.GetBytes(value), Encoding.UTF8.GetBytes(type));
}
