using System.Text;
using System.Text.Json;
using Carbon.Realtime.Tables;

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

    [Theory]
    [InlineData("\"\\ud800\"", null)]
    [InlineData("1", "\"x\\udc00\"")]
    public void A_key_that_is_not_Unicode_is_none_for_it_could_not_be_compared(string first, string? second)
    {
        var codec = second is null ? RealtimeTable.Untyped("t").Definition.Key : RealtimeTable.Untyped("t", "a", "b").Definition.Key;
        var decode = () => codec.Decode(new KeyValues { First = Encoding.UTF8.GetBytes(first), Second = Encoding.UTF8.GetBytes(second ?? "") });
        decode.Should().Throw<JsonException>();
    }

    [Fact]
    public void A_row_that_is_not_UTF_8_is_none_for_its_text_could_not_be_read()
    {
        var decode = () => RealtimeTable.Untyped("t").Definition.DecodeRow([.. "{\"id\":\""u8, 0xFF, .. "\"}"u8]);
        decode.Should().Throw<JsonException>();
    }
}
