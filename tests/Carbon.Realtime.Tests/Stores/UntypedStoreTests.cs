using System.Text.Json;
using System.Text.Json.Serialization;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Changes;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Stores whose rows, or columns of them, stay JSON: what is a row there, and when are two the same?</summary>
public sealed class UntypedStoreTests
{
    private readonly FakePostgrest _rest = new();
    private readonly PostgrestTable _table = new("doc", ("id", "text"), ("companyId", "text"), ("body", "text"));
    private readonly World _world;

    public UntypedStoreTests()
    {
        _rest.Tables.Add(_table);
        _world = new World(rest: _rest);
    }

    private bool HasToldOfLoss => _world.Log.Lines.Any(static l => l.Contains("lost changes", StringComparison.Ordinal));

    [Fact]
    public void The_spelling_of_changes_is_never_taken_for_a_loss()
    {
        Write("\"v0\"");
        var store = Live(RealtimeTable.Untyped("doc").TenantScoped("companyId"));
        for (var i = 1; i <= 30; i++)
        {
            Write($"\"v{i}\"");
            Tell($$"""{"id": "a", "body": "v{{i}}", "companyId": "co_1"}""");
            _world.Advance(120);
            store.Status.State.Should().Be(StoreState.Live);
        }

        HasToldOfLoss.Should().BeFalse();
        _world.Server.Sockets.Should().ContainSingle();
        _world.Socket.Frames("phx_join").Should().ContainSingle();
    }

    [Theory]
    [InlineData("""{"b":[1.50],"a":1}""", """{"a": 1, "b": [1.5]}""", """{"b":[1.50],"a":1}""")]
    [InlineData("\"deadbeef\"", "\"\\\\xdeadbeef\"", "\"\\\\xdeadbeef\"")]
    [InlineData("null", "\"NaN\"", "\"NaN\"")]
    [InlineData("\"2024-01-02T01:00:00+00:00\"", "\"2024-01-02T02:00:00+01:00\"", "\"2024-01-02T02:00:00+01:00\"")]
    public void A_read_that_says_a_change_in_other_words_is_believed_and_no_loss(string told, string read, string shown)
    {
        Write("\"before\"");
        var store = Live(RealtimeTable.Untyped("doc").TenantScoped("companyId"));

        Write(read);
        Tell($$"""{"id":"a","companyId":"co_1","body":{{told}}}""");
        Body(store).Should().Be(told);
        _world.Advance(600);

        Body(store).Should().Be(shown);
        HasToldOfLoss.Should().BeFalse();
    }

    [Fact]
    public void A_column_that_was_added_is_no_loss_and_a_value_that_changed_is_one()
    {
        Write("\"v1\"");
        var store = Live(RealtimeTable.Untyped("doc").TenantScoped("companyId"));

        _rest.Tables[0] = new PostgrestTable("doc", ("id", "text"), ("companyId", "text"), ("body", "text"), ("more", "text"));
        _rest.Tables[0].Add("\"a\"", "\"co_1\"", "\"v1\"", "null");
        _world.Advance(600);
        store.Current.Rows.Single().TryGetProperty("more", out _).Should().BeTrue();
        HasToldOfLoss.Should().BeFalse();

        _rest.Tables[0].Rows[0][2] = "\"v2\"";
        _world.Advance(600);
        Body(store).Should().Be("\"v2\"");
        HasToldOfLoss.Should().BeTrue();
    }

    [Fact]
    public void A_typed_row_with_a_json_column_is_compared_by_what_the_column_says()
    {
        Write("""{"b": 1, "a": {"y": 2}}""");
        var store = Live(RealtimeTable.Define("doc", DocJson.Default.Doc, "id", static (Doc d) => d.Id).TenantScoped("companyId"));
        var sets = new StreamRecorder<StoreChangeSet<string, Doc>>(store.Changes);
        _world.Advance(100);

        Write("""{"b": 1, "a": {"y": 3}}""");
        Tell("""{"id":"a","companyId":"co_1","body":{"a":{"y":3},"b":1}}""");
        _world.Advance(600);

        HasToldOfLoss.Should().BeFalse();
        sets.Items.Where(static s => !s.IsReset).SelectMany(static s => s.Changes).Should().ContainSingle("the reads since brought the same row");
        sets.Dispose();
    }

    [Fact]
    public void A_column_that_was_not_sent_is_read_and_never_missing()
    {
        Write("\"long\"");
        var store = Live(RealtimeTable.Untyped("doc").TenantScoped("companyId"));
        _world.Advance(100);
        var reads = _rest.Requests.Count;

        _world.Socket.Raw(_world.Socket.Join(), "doc", "UPDATE", "id text, companyId text, body text", """{"id":"a","companyId":"co_1"}""", """{"id":"a"}""");
        _world.Run();
        Body(store).Should().Be("\"long\"", "what is not there is not shown");
        Write("\"longer\"");
        _world.Advance(2);

        Body(store).Should().Be("\"longer\"");
        _rest.Queries.Skip(reads).Should().ContainSingle().Which.Should().Contain("id=eq.a");
    }

    [Fact]
    public void A_column_that_the_server_cuts_is_read_and_a_key_that_it_cuts_asks_for_everything()
    {
        Write("\"ab\"");
        var store = Live(RealtimeTable.Untyped("doc").TenantScoped("companyId"));
        _world.Advance(100);
        Write("\"cd\"");

        _world.Socket.Raw(_world.Socket.Join(), "doc", "UPDATE", "id text, companyId text, body bpchar", """{"id":"a","companyId":"co_1","body":"c"}""", """{"id":"a"}""");
        _world.Run();
        Body(store).Should().Be("\"ab\"");
        _world.Advance(2);
        Body(store).Should().Be("\"cd\"");

        _table.Add("\"xyz\"", "\"co_1\"", "\"e\"");
        _world.Socket.Raw(_world.Socket.Join(), "doc", "INSERT", "id bpchar, companyId text, body text", """{"id":"x","companyId":"co_1","body":"e"}""");
        _world.Advance(10);
        store.Current.Keys.Select(static k => k.GetString()).Should().BeEquivalentTo("a", "xyz");
        HasToldOfLoss.Should().BeFalse();
    }

    [Fact]
    public void A_raw_stream_has_whole_rows_too()
    {
        using var seen = new StreamRecorder<TableChange<JsonElement, JsonElement>>(_world.Manager.Changes(RealtimeTable.Untyped("doc").AllTenants()));
        _world.Join();
        const string Columns = "id text, companyId text, body text";
        _world.Socket.Raw(_world.Socket.Join(), "doc", "INSERT", Columns, """{"body":null,"companyId":"co_1","id":"a"}""");
        _world.Socket.Raw(_world.Socket.Join(), "doc", "UPDATE", Columns, """{"id":"b","companyId":"co_1"}""", """{"id":"b"}""");
        _world.Socket.Raw(_world.Socket.Join(), "doc", "UPDATE", Columns, """{"id":"c","companyId":"co_1","extra":1}""", """{"id":"c"}""");
        _world.Socket.Raw(_world.Socket.Join(), "doc", "UPDATE", Columns, """{"id":"d","body":1,"companyId":"co_1"}""", """{"id":"d","companyId":"co_1","body":0}""");
        _world.Socket.Raw(_world.Socket.Join(), "doc", "UPDATE", Columns, """{"id":"e","body":1,"companyId":"co_1"}""", """{"id":"e","companyId":"co_1","extra":0}""");
        _world.Run();

        seen.Items.Select(static i => $"{i} {(i as Updated<JsonElement, JsonElement>)?.HasOldRow}".Trim()).Should().Equal(
            "gap (Started)", "inserted a", "gap (Partial) at b", "gap (Partial) at c", "updated d True", "updated e False");
        _world.Log.Lines.Where(static l => l.Contains("lacks column", StringComparison.Ordinal)).Should().ContainSingle().Which.Should().Contain("column body");
    }

    private static string Body(ILiveStore<JsonElement, JsonElement> store) => store.Current.Rows.Single().GetProperty("body").GetRawText();

    /// <summary>Live, and no read is near.</summary>
    private ILiveStore<TKey, TRow> Live<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull
    {
        var store = _world.Manager.Store(table);
        store.Start();
        _world.Run();
        _world.Join();
        _world.Advance(100);
        store.Status.State.Should().Be(StoreState.Live);
        return store;
    }

    /// <summary>What reads find.</summary>
    private void Write(string body)
    {
        _table.Rows.Clear();
        _table.Add("\"a\"", "\"co_1\"", body);
    }

    private void Tell(string record)
    {
        _world.Socket.Update(_world.Socket.Join(), "doc", record, """{"id":"a"}""", 1);
        _world.Run();
    }
}

internal sealed record Doc
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; set; }

    [JsonPropertyName("body")]
    public JsonElement Body { get; set; }
}

[JsonSerializable(typeof(Doc))]
internal sealed partial class DocJson : JsonSerializerContext;
