using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 08: a row of every type, a row of nulls, and rows that no .NET type can hold.</summary>
public sealed class TypesReplayTests
{
    private readonly World _world = new(options => options.ProtocolVersion = ProtocolVersion.V1);

    [Fact]
    public void What_can_be_decoded_is_a_change_and_what_cannot_is_a_gap_at_its_key()
    {
        using var seen = Typed();

        // 3, 4 and 5 carry infinity, a year before Christ and numbers of forty to sixty digits. The recorded deletes are of 2 and 3, with whole old rows.
        seen.Items.Select(change => change.ToString()).Should().Equal(
            "gap (Started)", "inserted 1", "inserted 2", "gap (Undecodable) at 3", "gap (Undecodable) at 4", "gap (Undecodable) at 5", "updated 1", "deleted 2", "deleted 3");
        _world.Log.Lines.Where(line => line.Contains("alltypes", StringComparison.Ordinal)).Should().HaveCountGreaterThan(2)
            .And.NotContain(line => line.Contains("123456789012345678901234567890", StringComparison.Ordinal), "row data is not logged");
    }

    [Fact]
    public void A_typical_row_has_the_databases_values()
    {
        using var seen = Typed();

        var row = seen.Items.OfType<Inserted<int, AllTypes>>().Single(change => change.Key == 1).Row;

        row.Bool.Should().BeTrue();
        row.TwoBytes.Should().Be(32767);
        row.FourBytes.Should().Be(-2147483648);
        row.EightBytes.Should().Be(42);
        row.Numeric.Should().Be(12345.67m);
        row.Numeric!.Value.Scale.Should().Be(4, "the column keeps its trailing zeros");
        row.NumericOfTwenty!.Value.Scale.Should().Be(20);
        row.Float8.Should().Be(3.141592653589793);
        row.Text.Should().Be("héllo \"q\" \\ ' tab\t nl\n 😀");
        row.Uuid.Should().Be(Guid.Parse("11111111-1111-1111-1111-111111111111"));
        row.Timestamp.Should().Be(new DateTime(2024, 2, 29, 13, 14, 15, 123, 456));
        row.Timestamp!.Value.Kind.Should().Be(DateTimeKind.Unspecified, "a timestamp without a zone is nobody's local time");
        row.TimestampWithZone.Should().Be(new DateTimeOffset(2024, 2, 29, 7, 44, 15, 123, 456, TimeSpan.Zero));
        row.Date.Should().Be(new DateOnly(2024, 2, 29));
        row.Time.Should().Be(new TimeOnly(13, 14, 15, 500));
        row.Json!.Value.GetRawText().Should().Be("""{"a": [1, 2, {"x": null}], "b": 2}""");
        row.Jsonb!.Value.GetRawText().Should().Be("""{"a": [1.0, 2], "b": 1}""");
        row.Bytes.Should().Be("deadbeef", "bytea comes without its prefix");
        row.Enum.Should().Be("happy");
        row.Composite!.Value.GetProperty("street").GetString().Should().Be("Main, st");
        row.Bools.Should().Equal(true, false, null);
        row.FourByteArray.Should().Equal(1, 2, null);
        row.EightByteArray.Should().Equal(long.MaxValue);
        row.Texts.Should().Equal("a", "b,c", null, "NULL", "");
        row.Matrix.Should().HaveCount(2);
        row.Matrix![0].Should().Equal("a", "b");
        row.Matrix[1].Should().Equal("c", "d");
        row.Uuids.Should().Equal(Guid.Parse("11111111-1111-1111-1111-111111111111"));
        row.TimestampsWithZone.Should().Equal(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }

    [Fact]
    public void A_row_of_nulls_is_a_row_and_not_a_row_without_columns()
    {
        using var seen = Typed();

        seen.Items.OfType<Inserted<int, AllTypes>>().Single(change => change.Key == 2).Row.Should().BeEquivalentTo(new AllTypes { Id = 2 });
        seen.Items.OfType<Deleted<int, AllTypes>>().Single(change => change.Key == 2).OldRow.Should().BeEquivalentTo(new AllTypes { Id = 2 });
    }

    [Fact]
    public void An_update_of_a_full_identity_table_carries_both_rows()
    {
        using var seen = Typed();

        var updated = seen.Items.OfType<Updated<int, AllTypes>>().Single();

        (updated.OldRow!.Bool, updated.Row.Bool).Should().Be((true, false));
        updated.Row.Should().BeEquivalentTo(
            updated.OldRow, rows => rows.Excluding(row => row.Bool).ComparingByMembers<AllTypes>().Using<JsonElement?>(
                json => json.Subject?.GetRawText().Should().Be(json.Expectation?.GetRawText())).WhenTypeIs<JsonElement?>());
        updated.CommittedAt.Should().Be(new DateTimeOffset(2026, 11, 22, 10, 49, 46, 807, TimeSpan.Zero));
    }

    [Fact]
    public void More_digits_than_a_decimal_has_are_not_rounded_without_a_word()
    {
        using var seen = Typed();

        seen.Items.OfType<Gap<int, AllTypes>>().Should().ContainSingle(gap => gap.HasKey && gap.Key == 5).Which.Reason.Should().Be(GapReason.Undecodable);
        _world.Log.Lines.Should().ContainSingle(line => line.Contains("$.c_numeric_p ", StringComparison.Ordinal), "row 5 has forty digits");
    }

    [Fact]
    public void Infinity_in_a_number_column_is_null()
    {
        using var seen = new StreamRecorder<TableChange<int, SomeTypes>>(_world.Manager.Changes(Recorded.SomeTypes));
        new Replay(_world, "08_types").Play();

        var row = seen.Items.OfType<Inserted<int, SomeTypes>>().Single(change => change.Key == 5).Row;

        row.Numeric.Should().BeNull("the server sends null for numeric infinity");
        row.Float8.Should().Be(100);
        row.Json.Should().BeNull();
        row.Jsonb!.Value.GetRawText().Should().Be("""{"deep": {"e": 1000, "n": 9007199254740993}}""");
    }

    [Fact]
    public void An_untyped_stream_brings_every_row_with_the_servers_own_text()
    {
        using var seen = new StreamRecorder<TableChange<JsonElement, JsonElement>>(_world.Manager.Changes("alltypes"));
        new Replay(_world, "08_types").Play();

        seen.Items.Select(change => change.ToString()).Should().Equal(
            "gap (Started)", "inserted 1", "inserted 2", "inserted 3", "inserted 4", "inserted 5", "updated 1", "deleted 2", "deleted 3");
        Raw(3, "c_numeric").Should().Be("123456789012345678901234567890.123456789012345678901234567890");
        Raw(3, "c_numeric_p").Should().Be("0.00000000000000000001");
        Raw(3, "c_int8").Should().Be("9223372036854775807");
        Raw(3, "c_date").Should().Be("\"infinity\"");
        Raw(3, "c_tstz").Should().Be("\"-infinity\"");
        Raw(3, "a_int4").Should().Be("[]");
        Raw(4, "c_int8").Should().Be("-9223372036854775808");
        Raw(4, "c_tstz").Should().Be("\"0044-03-15T00:00:00+00:00 BC\"");
        Raw(4, "c_date").Should().Be("\"10000-01-01\"");
        Raw(4, "c_numeric").Should().Be("null", "NaN has no JSON");
        Raw(5, "c_numeric_p").Should().Be("12345678901234567890.12345678901234567890");
        Raw(1, "a_numeric").Should().Be("""[1.10, "NaN"]""");
        seen.AssertContract();

        string Raw(int key, string column) => seen.Items.OfType<Inserted<JsonElement, JsonElement>>()
            .Single(change => change.Key.GetInt32() == key).Row.GetProperty(column).GetRawText();
    }

    private StreamRecorder<TableChange<int, AllTypes>> Typed()
    {
        var seen = new StreamRecorder<TableChange<int, AllTypes>>(_world.Manager.Changes(Recorded.AllTypes));
        new Replay(_world, "08_types").Play();
        seen.AssertContract();
        return seen;
    }
}
