using System.Text.Json;

namespace Carbon.Realtime.Tests.Tables;

public sealed class UntypedKeyTests
{
    [Fact]
    public void Keys_of_an_untyped_table_that_are_equal_have_one_hash_and_others_hardly_ever()
    {
        var comparer = RealtimeTable.Untyped("t").Definition.Key.Comparer;
        Enumerable.Range(-5_000, 10_000).Select(i => comparer.GetHashCode(Key($"{i}"))).Distinct().Should().HaveCountGreaterThan(9_900);
        Enumerable.Range(0, 1_000).Select(i => comparer.GetHashCode(Key($"[7,{i}]"))).Distinct().Should().HaveCountGreaterThan(990);

        foreach (var equal in (string[][])[
            ["1", "1.0", "1e0", "10e-1", "0.1E+1", "0.10e1"],
            ["0", "-0", "0.00", "0e5"],
            ["120", "1.2e2", "120.000", "12e1"],
            ["-0.05", "-5e-2", "-0.0500"],
            ["123456789012345678901234567890", "123456789012345678901234567890.0"],
            ["[1,\"a\"]", "[1.0,\"\\u0061\"]"]])
        {
            equal.Select(text => comparer.GetHashCode(Key(text))).Distinct().Should().ContainSingle(string.Join(" and ", equal) + " are equal");
        }

        static JsonElement Key(string json) => JsonDocument.Parse(json).RootElement;
    }
}
