using System.Text.Json;
using System.Text.Json.Serialization;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Rows that bite: what no .NET type holds, what the server cuts, what is missing. Each costs itself, never the stream, and none is told wrong.</summary>
public sealed class HardRowTests
{
    private const string Columns =
        "id text, num numeric, whole numeric, dbl float8, at timestamptz, ts timestamp, kind text, doc jsonb, nums _numeric, code text, picky text";

    private static readonly RealtimeTable<string, Hard> Table = RealtimeTable.Define("hard", HardJson.Default.Hard, "id", h => h.Id);

    private readonly World _world = new();

    public static TheoryData<string, string> Undecodable => new()
    {
        { "num", "79228162514264337593543950336" }, // one more than decimal.MaxValue
        { "num", "123456789012345678901234567890.5" },
        { "num", "0.12345678901234567890123456789" }, // 29 places
        { "num", "1e-40" }, // a float8 that is mapped to a decimal: short, and nothing would be left of it
        { "num", "1e-9225809" }, // and of such an exponent nobody would say that it is a number at all
        { "num", "\"1e-9225809\"" },
        { "nums", "[1.2345678901234567e-20]" },
        { "num", "-12345678901234567890.12345678901234567890" },
        { "num", "79228162514264337593543950335.1" },
        { "whole", "0.00000000000000000000000000001" },
        { "nums", "[1, 0.12345678901234567890123456789]" },
        { "num", "\"0.12345678901234567890123456789\"" },
        { "whole", "null" }, // numeric NaN
        { "dbl", "null" }, // float8 NaN
        { "dbl", "\"Infinity\"" },
        { "at", "\"infinity\"" },
        { "at", "\"-infinity\"" },
        { "at", "\"0044-03-15T00:00:00+00:00 BC\"" },
        { "ts", "\"infinity\"" },
        { "ts", "\"10000-01-01T00:00:00\"" },
        { "kind", "\"Purple\"" },
        { "num", "\"twelve\"" },
        { "code", "17" },
        { "code", "{\"a\":1}" },
        { "dbl", "true" },
        { "nums", "{\"a\":1}" },
        { "picky", "\"throw\"" },
        { "picky", "\"constructor\"" },
    };

    [Theory]
    [MemberData(nameof(Undecodable))]
    public void A_value_that_its_property_cannot_hold_is_a_gap_at_its_key_names_its_column_and_the_stream_lives_on(string column, string value)
    {
        using var seen = Watch();
        Insert(Row(column, value));
        Insert(Row("id", "\"next\""));
        Told(seen).Should().Equal("gap (Started)", "gap (Undecodable) at h", "inserted next");
        var line = _world.Log.Lines.Should().ContainSingle(l => l.Contains("could not be decoded")).Which;
        line.Should().Contain($"$.{column} ", "the column is what a developer looks for").And.NotContain(value.Trim('"') + " ", "row data is not logged");
        seen.Error.Should().BeNull();
    }

    [Theory]
    [InlineData("79228162514264337593543950335", "79228162514264337593543950335")]
    [InlineData("-79228162514264337593543950335", "-79228162514264337593543950335")]
    [InlineData("0.1234567890123456789012345678", "0.1234567890123456789012345678")]
    [InlineData("1.50000000000000000000000000000000000000", "1.50")]
    [InlineData("0.00000000000000000000000000000000000000", "0")]
    [InlineData("000000000000000000000000000000000000012", null)]
    [InlineData("12345678901234567890.12345", "12345678901234567890.12345")]
    [InlineData("1e-7", "0.0000001")]
    [InlineData("1e-0000000007", "0.0000001")]
    [InlineData("0e-9225809", "0")]
    public void A_numeric_that_a_decimal_holds_exactly_is_a_row_however_long_its_text(string text, string? value)
    {
        using var seen = Watch();
        Insert(Row("num", text));
        if (value is null)
        {
            Told(seen).Should().Equal(["gap (Started)", "gap (Undecodable) at h"], "leading zeros are no JSON");
            return;
        }

        Told(seen).Should().Equal("gap (Started)", "inserted h");
        seen.Items.OfType<Inserted<string, Hard>>().Single().Row.Num.Should().Be(decimal.Parse(value, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void An_old_row_whose_number_a_decimal_would_round_costs_only_itself()
    {
        using var seen = Watch();
        _world.Socket.Raw(Join, "hard", "UPDATE", Columns, Row(), Row("num", "0.12345678901234567890123456789"));
        _world.Socket.Raw(Join, "hard", "UPDATE", Columns, Row(), Row());
        Told(seen).Should().Equal("gap (Started)", "updated h", "updated h");
        seen.Items.OfType<Updated<string, Hard>>().Select(u => u.HasOldRow).Should().Equal(false, true);
    }

    [Theory]
    [InlineData("bpchar")]
    [InlineData("bit")]
    [InlineData("_bpchar")]
    [InlineData("_bit")]
    public void A_column_that_the_server_cuts_to_its_first_character_is_never_told_as_a_rows_value(string type)
    {
        using var seen = Watch();
        var columns = Columns.Replace("code text", "code " + type, StringComparison.Ordinal);
        _world.Socket.Raw(Join, "hard", "INSERT", columns, Row());
        _world.Socket.Raw(Join, "hard", "UPDATE", columns, Row(), Row());
        _world.Socket.Raw(Join, "hard", "INSERT", columns, Row("code", "null"));
        _world.Socket.Raw(Join, "hard", "UPDATE", columns, Row("code", "null"), Row());
        _world.Socket.Raw(Join, "hard", "DELETE", columns, null, Row());
        Told(seen).Should().Equal(
            "gap (Started)", "gap (Partial) at h", "gap (Partial) at h", "inserted h", "updated h", "deleted h");
        seen.Items.OfType<Updated<string, Hard>>().Single().HasOldRow.Should().BeFalse();
        seen.Items.OfType<Deleted<string, Hard>>().Single().HasOldRow.Should().BeFalse();
        _world.Log.Lines.Where(l => l.Contains("char(n)")).Should().ContainSingle("it is said once").Which.Should()
            .Contain("code").And.Contain("public.hard").And.Contain("varchar or text");
    }

    [Fact]
    public void A_key_that_the_server_cuts_names_other_rows_so_its_gap_has_none()
    {
        using var seen = Watch();
        var columns = Columns.Replace("id text", "id bpchar", StringComparison.Ordinal);
        _world.Socket.Raw(Join, "hard", "INSERT", columns, Row());
        _world.Socket.Raw(Join, "hard", "DELETE", columns, null, """{"id":"h"}""");
        Told(seen).Should().Equal("gap (Started)", "gap (Partial)", "gap (Partial)");
        _world.Log.Lines.Where(l => l.Contains("char(n)")).Should().ContainSingle().Which.Should().Contain("Column id ");
    }

    [Fact]
    public void An_untyped_row_carries_the_servers_text_cut_or_not_but_a_tenant_that_is_cut_cannot_be_told()
    {
        var world = new World(o => o.Tenant = "c");
        using var raw = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(RealtimeTable.Untyped("hard").AllTenants()));
        using var scoped = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(RealtimeTable.Untyped("hard").TenantScoped("code")));
        world.Join();
        foreach (var id in new[] { 1, 2 })
        {
            world.Socket.Raw(world.Socket.Join(), "hard", "INSERT", "id text, code bpchar", """{"id":"h","code":"c"}""", id: id);
        }

        world.Run();
        raw.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted h");
        scoped.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Partial)");
    }

    [Theory]
    [InlineData("Error 400: Bad Request, no primary key")]
    [InlineData("Error 401: Unauthorized")]
    public void Errors_400_and_401_without_a_time_stamp_are_a_status(string error)
    {
        using var seen = Watch();
        _world.Socket.Raw(Join, "hard", "INSERT", "", "{}", at: "null", errors: $"[\"{error}\"]");
        Told(seen).Should().Equal("gap (Started)");
        _world.Manager.Changes(Table).Status.Error!.Reason.Should().Be(RealtimeErrorReason.TableMisconfigured);
        Insert(Row());
        Told(seen).Should().Equal("gap (Started)", "gap (Resubscribed)", "inserted h");
    }

    [Fact]
    public void Error_413_without_a_time_stamp_is_a_gap_at_its_key_whatever_is_left_of_the_row()
    {
        using var seen = Watch();
        _world.Socket.Raw(Join, "hard", "UPDATE", Columns, """{"id":"h","num":1}""", """{"id":"h"}""", at: "null", errors: """["Error 413: Payload Too Large"]""");
        _world.Socket.Raw(Join, "hard", "DELETE", Columns, null, """{"id":"h"}""", at: "null", errors: """["Error 413: Payload Too Large"]""");
        Told(seen).Should().Equal("gap (Started)", "gap (Partial) at h", "deleted h");
        seen.Items[2].CommittedAt.Should().BeNull();
    }

    [Fact]
    public void An_unchanged_large_value_is_absent_and_a_record_without_its_key_or_without_anything_is_a_gap()
    {
        using var seen = Watch();
        _world.Socket.Raw(Join, "hard", "UPDATE", Columns, Row("doc", null), """{"id":"h"}""");
        _world.Socket.Raw(Join, "hard", "UPDATE", Columns, Row("id", null), """{"id":"h"}""");
        _world.Socket.Raw(Join, "hard", "INSERT", Columns, "{}");
        _world.Socket.Raw(Join, "hard", "INSERT", Columns, "null");
        _world.Socket.Raw(Join, "hard", "DELETE", Columns, null, "{}");
        Insert(Row());
        Told(seen).Should().Equal(
            "gap (Started)", "gap (Partial) at h", "gap (Partial)", "gap (Partial)", "gap (Partial)", "gap (Partial)", "inserted h");
    }

    [Fact]
    public void A_key_that_is_null_is_no_key()
    {
        using var seen = Watch();
        using var raw = new StreamRecorder<TableChange<JsonElement, JsonElement>>(_world.Manager.Changes("hard"));
        _world.Join();
        Insert(Row("id", "null"));
        _world.Socket.Raw(Join, "hard", "DELETE", Columns, null, """{"id":null}""");
        Told(seen).Should().Equal("gap (Started)", "gap (Undecodable)", "gap (Undecodable)");
        Told(raw).Should().Equal("gap (Started)", "gap (Undecodable)", "gap (Undecodable)");
    }

    [Fact]
    public void An_update_of_the_primary_key_tells_the_old_one()
    {
        using var seen = Watch();
        _world.Socket.Raw(Join, "hard", "UPDATE", Columns, Row("id", "\"new\""), """{"id":"old"}""");
        _world.Run();
        var updated = seen.Items[1].Should().BeOfType<Updated<string, Hard>>().Subject;
        (updated.Key, updated.OldKey, updated.HasOldRow).Should().Be(("new", "old", false));
    }

    [Fact]
    public void Columns_that_the_row_does_not_map_may_be_of_any_kind()
    {
        using var seen = Watch();
        var row = Row().Insert(1, """ "huge":1e999999,"cut":"x","times":["infinity"],""");
        _world.Socket.Raw(Join, "hard", "INSERT", Columns + ", huge numeric, cut bpchar, times _timestamptz", row);
        Told(seen).Should().Equal("gap (Started)", "inserted h");
    }

    [Theory]
    [InlineData(63, "inserted h")]
    [InlineData(64, "gap (Undecodable) at h")]
    [InlineData(65, "gap (Undecodable)")] // the frame itself is not walked so deep, so not even the key is known
    public void Deeply_nested_json_is_a_row_as_long_as_it_can_be_read(int depth, string told)
    {
        using var seen = Watch();
        Insert(Row("doc", string.Concat(Enumerable.Repeat("[", depth)) + string.Concat(Enumerable.Repeat("]", depth))));
        Insert(Row("id", "\"next\""));
        Told(seen).Should().Equal("gap (Started)", told, "inserted next");
    }

    [Fact]
    public void A_property_named_twice_is_no_record()
    {
        using var seen = Watch();
        Insert(Row().Insert(1, "\"id\":\"other\","));
        Insert(Row());
        Told(seen).Should().Equal("gap (Started)", "gap (Undecodable)", "inserted h");
        _world.Manager.Drops[FrameDropReason.Malformed].Should().Be(1);
    }

    private SentFrame Join => _world.Socket.Join();

    private static string Row(string? column = null, string? value = null)
    {
        var values = new Dictionary<string, string?>
        {
            ["id"] = "\"h\"",
            ["num"] = "1.50",
            ["whole"] = "7",
            ["dbl"] = "0.5",
            ["at"] = "\"2024-01-02T03:04:05.678912+00:00\"",
            ["ts"] = "\"2024-01-02T03:04:05.678\"",
            ["kind"] = "\"Red\"",
            ["doc"] = "{}",
            ["nums"] = "[1.5, 2]",
            ["code"] = "\"c\"",
            ["picky"] = "\"fine\"",
        };
        if (column is not null)
        {
            values[column] = value;
        }

        return "{" + string.Join(',', values.Where(v => v.Value is not null).Select(v => $"\"{v.Key}\":{v.Value}")) + "}";
    }

    private void Insert(string row) => _world.Socket.Raw(Join, "hard", "INSERT", Columns, row);

    private IEnumerable<string?> Told<TKey, TRow>(StreamRecorder<TableChange<TKey, TRow>> seen)
        where TKey : notnull
    {
        _world.Run();
        return seen.Items.Select(i => i.ToString());
    }

    private StreamRecorder<TableChange<string, Hard>> Watch()
    {
        var seen = new StreamRecorder<TableChange<string, Hard>>(_world.Manager.Changes(Table));
        _world.Join();
        return seen;
    }
}

public enum Kind
{
    Red,
    Green,
}

/// <summary>A value whose converter and constructor both have their moods.</summary>
[JsonConverter(typeof(PickyConverter))]
public readonly record struct Picky
{
    public Picky(string text) => Text = text == "constructor" ? throw new InvalidOperationException("constructor ") : text;

    public string Text { get; }
}

public sealed class PickyConverter : JsonConverter<Picky>
{
    public override Picky Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } text && text != "throw" ? new Picky(text) : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, Picky value, JsonSerializerOptions options) => writer.WriteStringValue(value.Text);
}

public sealed record Hard(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("num"), JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)] decimal? Num,
    [property: JsonPropertyName("whole")] decimal Whole,
    [property: JsonPropertyName("dbl")] double Dbl,
    [property: JsonPropertyName("at")] DateTimeOffset? At,
    [property: JsonPropertyName("ts")] DateTime? Ts,
    [property: JsonPropertyName("kind"), JsonConverter(typeof(JsonStringEnumConverter<Kind>))] Kind Kind,
    [property: JsonPropertyName("doc")] JsonElement? Doc,
    [property: JsonPropertyName("nums")] IReadOnlyList<decimal>? Nums,
    [property: JsonPropertyName("code")] string? Code,
    [property: JsonPropertyName("picky")] Picky Picky);

[JsonSerializable(typeof(Hard))]
public sealed partial class HardJson : JsonSerializerContext;
