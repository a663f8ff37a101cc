using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 06: many bindings on one channel, and for each change the ids of those that the server says have matched.</summary>
public sealed class FilterReplayTests
{
    private const string Scenario = "06_filters_and_ids";

    private readonly World _world = new(options => options.ProtocolVersion = ProtocolVersion.V1);

    [Theory]
    [InlineData("realtime:multi", 9, 21)]
    [InlineData("realtime:ops", 23, 29)]
    public void Each_filtered_stream_sees_exactly_what_the_servers_ids_say(string topic, int filters, int changes)
    {
        var bindings = RecordedBindings(topic)
            .Where(binding => Part(binding, "event") == "*" && Part(binding, "table") == "filt" && RealtimeFilter.TryParse(Part(binding, "filter"), out _, out _))
            .ToList();
        var typed = bindings.ConvertAll(binding => new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt.Where(Part(binding, "filter")!))));
        var untyped = bindings.ConvertAll(binding => new StreamRecorder<TableChange<JsonElement, JsonElement>>(
            _world.Manager.Changes(RealtimeTable.Untyped("filt").Where(Part(binding, "filter")!))));

        new Replay(_world, Scenario) { Topics = [topic] }.Play();

        var join = _world.Socket.Frames("phx_join").Should().ContainSingle().Subject;
        join.Bindings.Select(binding => Part(binding, "filter")).Should().Equal(
            bindings.Select(binding => Part(binding, "filter")), "typed and untyped streams of one filter share its binding");
        bindings.Should().HaveCount(filters);
        var total = 0;
        for (var i = 0; i < bindings.Count; i++)
        {
            var expected = ChangesWithId(topic, bindings[i].GetProperty("id").GetInt64()).ToList();
            total += expected.Count;
            typed[i].Items.Select(change => change.ToString()).Should().Equal(expected.Prepend("gap (Started)"), Part(bindings[i], "filter"));
            untyped[i].Items.Select(change => change.ToString()).Should().Equal(expected.Prepend("gap (Started)"), Part(bindings[i], "filter"));
            typed[i].AssertContract();
            untyped[i].AssertContract();
        }

        total.Should().Be(changes);
        _world.Manager.Drops[FrameDropReason.ForeignRow].Should().Be(0, "our judgement of a row is never against the server's");
    }

    [Fact]
    public void Unfiltered_streams_see_their_own_table_whatever_other_bindings_the_channel_has()
    {
        using var filt = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt));
        using var todos = new StreamRecorder<TableChange<JsonElement, JsonElement>>(_world.Manager.Changes("todos"));

        new Replay(_world, Scenario) { Topics = ["realtime:multi"] }.Play();

        filt.Items.Told().Should().Equal(
            "gap (Started)",
            "deleted 900 at 10:47:56.033Z",
            "deleted 11 at 10:47:56.033Z",
            "deleted 12 at 10:47:56.033Z",
            "deleted 30 at 10:47:56.033Z",
            "deleted 31 at 10:47:56.033Z",
            "deleted 32 at 10:47:56.033Z",
            "inserted 1 (1 5 Bob) at 10:47:56.073Z",
            "inserted 2 (2 4 Al ice) at 10:47:56.980Z",
            "inserted 3 (3  ) at 10:47:57.988Z",
            "updated 1 (1 9 Bob) at 10:47:59.048Z",
            "updated 2 (2 5 Al ice) at 10:48:00.056Z",
            "deleted 1 at 10:48:01.064Z");
        todos.Items.Select(change => change.ToString()).Should().Equal("gap (Started)", "inserted 5011");
        filt.AssertContract();
        todos.AssertContract();
    }

    [Fact]
    public void Changes_of_other_tables_and_schemas_that_come_on_our_ids_are_nobodys()
    {
        // Names are compared with LIKE and ids are hashes: here all of ours got the id of the recorded binding that matches everything.
        using var filt = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt));
        using var untyped = new StreamRecorder<TableChange<JsonElement, JsonElement>>(_world.Manager.Changes("filt"));
        using var elsewhere = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt.InSchema("app")));
        using var items = new StreamRecorder<TableChange<int, AppItem>>(_world.Manager.Changes(Recorded.AppItems));
        using var publicItems = new StreamRecorder<TableChange<JsonElement, JsonElement>>(_world.Manager.Changes("items"));

        new Replay(_world, Scenario)
        {
            Topics = ["realtime:multi"],
            Same = (_, recorded) => Part(recorded, "schema") == "*",
        }.Play();

        filt.Items.Should().HaveCount(13);
        untyped.Items.Select(change => change.ToString()).Should().Equal(filt.Items.Select(change => change.ToString()));
        elsewhere.Items.Select(change => change.ToString()).Should().Equal("gap (Started)");
        items.Items.Told().Should().Equal("gap (Started)", "deleted 1 at 10:47:56.035Z", "inserted 1 (1 x) at 10:48:02.122Z");
        publicItems.Items.Select(change => change.ToString()).Should().Equal("gap (Started)");
        _world.Manager.Drops[FrameDropReason.ForeignTable].Should().BeGreaterThan(0);
        filt.AssertContract();
        untyped.AssertContract();
        elsewhere.AssertContract();
        items.AssertContract();
        publicItems.AssertContract();
    }

    [Fact]
    public void Deletes_are_verified_where_the_filter_matched_and_unverified_where_only_the_key_came()
    {
        var options = new ChangeStreamOptions { KeyOnlyDeletes = true };
        using var five = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt.Where("n=eq.5"), options));
        using var ten = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt.Where("id=eq.10"), options));

        new Replay(_world, Scenario) { Topics = ["realtime:del"] }.Play();

        _world.Socket.Join().Bindings.Should().HaveCount(3, "both share the unfiltered DELETE binding");
        five.Items.Told().Should().Equal(
            "gap (Started)",
            "deleted 10 unverified at 10:48:08.279Z",
            "inserted 20 (20 5 ) at 10:48:09.492Z",
            "updated 20 (20 5 ) from (20 6 ) at 10:48:10.510Z",
            "deleted 20 (20 5 ) at 10:48:10.512Z");
        ten.Items.Told().Should().Equal("gap (Started)", "deleted 10 at 10:48:08.279Z");
        _world.Manager.Drops[FrameDropReason.ForeignRow].Should().Be(1, "the whole old row of 20 says that it was not 10's");
        five.AssertContract();
        ten.AssertContract();
    }

    [Fact]
    public void Without_key_only_deletes_a_filtered_stream_gets_what_the_server_matched()
    {
        using var five = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt.Where("n=eq.5")));

        new Replay(_world, Scenario) { Topics = ["realtime:del"] }.Play();

        five.Items.Select(change => change.ToString()).Should().Equal("gap (Started)", "inserted 20", "updated 20", "deleted 20");
        five.Items.OfType<Deleted<int, Filt>>().Should().OnlyContain(change => change.IsVerified);
        five.AssertContract();
    }

    [Fact]
    public void A_change_that_lists_an_id_twice_comes_once()
    {
        using var all = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt));
        using var again = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt));
        using var one = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt.Where("n=eq.1")));

        new Replay(_world, Scenario) { Topics = ["realtime:dup"] }.Play();

        StreamRecorder<TableChange<int, Filt>>[] recorders = [all, again, one];
        recorders.Should().AllSatisfy(seen =>
        {
            seen.Items.Told().Should().Equal("gap (Started)", "inserted 30 (30 1 ) at 10:48:11.578Z");
            seen.AssertContract();
        });
    }

    [Fact]
    public void Equal_bindings_of_two_users_have_equal_ids_and_each_gets_the_changes_of_its_own_topic()
    {
        using var scope = _world.Manager.ForTenant("co_2", new OtherUser());
        using var mine = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt));
        using var others = new StreamRecorder<TableChange<int, Filt>>(scope.Changes(Recorded.Filt));

        new Replay(_world, Scenario) { Topics = ["realtime:t1", "realtime:t2"] }.Play();

        string[] expected =
        [
            "gap (Started)", "inserted 31 (31 1 ) at 10:48:12.595Z", "inserted 32 (32 1 ) at 10:48:13.608Z",
            "inserted 33 (33 1 s) at 10:48:14.668Z", "updated 33 (33 2 s) at 10:48:14.672Z", "deleted 33 at 10:48:14.676Z",
        ];
        mine.Items.Told().Should().Equal(expected, "each change came on both topics, and each topic is one user's");
        others.Items.Told().Should().Equal(expected);
        _world.Socket.Frames("phx_join").Should().HaveCount(2);
        mine.AssertContract();
        others.AssertContract();
    }

    [Fact]
    public void A_record_without_all_columns_is_a_gap_at_its_key_and_never_a_row()
    {
        // The recorded binding selects the column n, which we never ask for: the same shape comes of column rights.
        using var typed = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt));
        using var untyped = new StreamRecorder<TableChange<JsonElement, JsonElement>>(_world.Manager.Changes("filt"));

        new Replay(_world, Scenario)
        {
            Topics = ["realtime:sel"],
            Same = (_, recorded) => recorded.TryGetProperty("select", out var select) && select.GetArrayLength() == 1,
        }.Play();

        typed.Items.Select(change => change.ToString()).Should().Equal("gap (Started)", "gap (Partial) at 33", "gap (Partial) at 33", "deleted 33");
        untyped.Items.Select(change => change.ToString()).Should().Equal("gap (Started)", "inserted 33", "updated 33", "deleted 33");
        _world.Manager.Drops[FrameDropReason.UnknownBinding].Should().Be(6, "the other two bindings' frames have ids that are not ours");
        typed.AssertContract();
        untyped.AssertContract();
    }

    [Fact]
    public void A_bad_binding_silences_nobody_else()
    {
        using var good = new StreamRecorder<TableChange<int, Filt>>(_world.Manager.Changes(Recorded.Filt));

        // Untyped, for a typed table refuses a filter on an array column.
        var badStream = _world.Manager.Changes(RealtimeTable.Untyped("filt").Where("tags=eq.\"{a,b}\""));
        using var bad = new StreamRecorder<TableChange<JsonElement, JsonElement>>(badStream);

        // Refused together; then the good one's own join is the one recorded as t1.
        new Replay(_world, Scenario)
        {
            Topics = ["realtime:badcomma", "realtime:t1"],
            Same = (ours, recorded) => Part(ours, "filter") == Part(recorded, "filter")?.Replace("{a,b}", "\"{a,b}\"", StringComparison.Ordinal),
        }.Play(1, 90);

        good.Items.Select(change => change.ToString()).Should().Equal("gap (Started)", "inserted 31");
        bad.Items.Should().BeEmpty("it never began");
        _world.Socket.Frames("phx_join").Select(join => join.Bindings.Count).Should().Equal(2, 1, 1);
        good.AssertContract();
        bad.AssertContract();
    }

    private static JsonElement[] RecordedBindings(string topic) =>
    [
        .. ServerFrames(topic).First(frame => frame.Event == "phx_reply").Payload.GetProperty("response").GetProperty("postgres_changes").EnumerateArray(),
    ];

    /// <summary>What the server sent to a binding, as System.Text.Json reads it.</summary>
    private static IEnumerable<string> ChangesWithId(string topic, long id) =>
        from frame in ServerFrames(topic)
        where frame.Event == "postgres_changes" && frame.Payload.GetProperty("ids").EnumerateArray().Any(other => other.GetInt64() == id)
        let data = frame.Payload.GetProperty("data")
        let type = data.GetProperty("type").GetString()
        let key = data.GetProperty(type == "DELETE" ? "old_record" : "record").GetProperty("id").GetInt32()
        select type switch { "INSERT" => $"inserted {key}", "UPDATE" => $"updated {key}", _ => $"deleted {key}" };

    private static IEnumerable<RecordedFrame> ServerFrames(string topic) => Transcript.Read(Scenario)
        .Where(line => line.Direction == "recv")
        .Select(line => RecordedFrame.Parse(line.Bytes))
        .Where(frame => frame.Topic == topic);

    private static string? Part(JsonElement binding, string name) => binding.TryGetProperty(name, out var part) ? part.GetString() : null;

    private sealed class OtherUser : IAccessTokenProvider
    {
        public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) => new((string?)null);
    }
}
