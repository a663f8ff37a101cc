using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 10: 37 bad or odd bindings, tables that cannot be sent, and joins that are no joins.</summary>
public sealed class JoinErrorReplayTests
{
    private const string Scenario = "10_join_errors";

    private static readonly string Hundred = $"n=in.({string.Join(',', Enumerable.Range(0, 100))})";

    private static readonly RefusedSteps Refused = new()
    {
        { "an operator that does not exist, or none: refused where the filter is written", 21, 25 },
        { "'in' without parentheses: refused where the filter is written", 33 },
        { "'in' with more than 100 values: never sent", 37 },
        { "'is' with anything but null, true, false and unknown: refused where the filter is written", 57 },
        { "select: not used by this client", 85, 89, 93 },
        { "a binding without a schema or a table, without an event, or with nulls: ours name all three", 101, 105, 109, 113, 117, 121 },
        { "a join without config, the old API, or with a config of another shape: ours has one writer", 188, 191, 195, 198, 202 },
    };

    /// <summary>What a program can ask for, and the line with the server's refusal; none where the server says "Subscribed".</summary>
    private static readonly (string Topic, RealtimeTable<JsonElement, JsonElement> Table, int? RefusedIn)[] Asked =
    [
        ("err1", RealtimeTable.Untyped("nope"), 7),
        ("err2", RealtimeTable.Untyped("todos").InSchema("nope"), 11),
        ("err3", RealtimeTable.Untyped("unpublished"), 15),
        ("err4", RealtimeTable.Untyped("filt").Where("nocol=eq.1"), 19),
        ("err7", RealtimeTable.Untyped("filt").Where("n=eq.abc"), 31),
        ("err10", RealtimeTable.Untyped("filt").Where(Hundred), null),
        ("err11", RealtimeTable.Untyped("filt").Where("n=like.1%"), 47),
        ("err12", RealtimeTable.Untyped("filt").Where("name=match.("), 51),
        ("err13", RealtimeTable.Untyped("filt").Where("name=is.true"), 55),
        ("err15", RealtimeTable.Untyped("noperm"), null),
        ("err16", RealtimeTable.Untyped("colperm").Where("secret=eq.x"), 67),
        ("err17", RealtimeTable.Untyped("colperm"), null),
        ("err18", RealtimeTable.Untyped("pkhidden"), null),
        ("err19", RealtimeTable.Untyped("items").InSchema("hidden"), null),
        ("err20", RealtimeTable.Untyped("nopk", "a"), null),
        ("err20", RealtimeTable.Untyped("nopk_full", "a"), null),
        ("err31", RealtimeTable.Untyped("Mixed Case"), null),
        ("err32", RealtimeTable.Untyped("Mixed Case").Where("Weird Col=eq.x"), null),
        ("err33", RealtimeTable.Untyped("TODOS"), 135),
        ("err34", RealtimeTable.Untyped("todo%"), null),
        ("err35", RealtimeTable.Untyped("parted"), 143),
        ("err36", RealtimeTable.Untyped("parted_1"), null),
        ("err37", RealtimeTable.Untyped("\"Mixed Case\""), 151),
    ];

    private readonly World _world = new(options => options.ProtocolVersion = ProtocolVersion.V1);

    [Fact]
    public void Refused_bindings_are_faulted_with_the_servers_words_and_advice_and_the_others_are_live()
    {
        var (streams, seen) = Subscribe();

        Play(1, 152);

        Asked.Zip(streams).Should().AllSatisfy(asked =>
        {
            var ((topic, _, refusedIn), stream) = asked;
            if (refusedIn is not { } line)
            {
                stream.Status.State.Should().Be(RealtimeState.Live, topic);
                return;
            }

            var words = RecordedFrame.Parse(Transcript.Read(Scenario)[line - 1].Bytes).Payload.GetProperty("message").GetString();
            stream.Status.State.Should().Be(RealtimeState.Faulted, topic);
            stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.SubscriptionRefused, topic);
            stream.Status.Error.Message.Should().StartWith("The server refuses the subscription: ", topic).And.EndWith(words, topic);
            (stream.Status.NextRetry - _world.Env.Time.GetUtcNow()).Should().BeGreaterThan(TimeSpan.FromSeconds(29), topic);
        });
        Asked.Zip(seen).Should().AllSatisfy(asked => asked.Second.Items.Should().HaveCount(asked.First.RefusedIn is null ? 1 : 0, asked.First.Topic));
    }

    [Fact]
    public void Tables_that_cannot_be_sent_are_faulted_and_never_a_row_and_readable_ones_are_rows()
    {
        var (streams, seen) = Subscribe();

        Play(1, 185);

        Told("err10").Should().Equal("gap (Started)");
        Told("err15").Should().Equal("gap (Started)");
        Told("err17").Should().Equal("gap (Started)", "inserted 1795344690", "updated 1795344690", "deleted 1795344690");
        Told("err18").Should().Equal("gap (Started)", "gap (Partial)");
        Told("err19").Should().Equal("gap (Started)");
        Told("err20", 0).Should().Equal("gap (Started)");
        Told("err20", 1).Should().Equal("gap (Started)", "deleted 1");
        Told("err31").Should().Equal("gap (Started)", "inserted 1795344690", "updated 1795344690");
        Told("err32").Should().Equal("gap (Started)", "inserted 1795344690");
        Told("err36").Should().Equal("gap (Started)", "inserted 1", "deleted 1");

        // A delete comes without errors, whatever the role may read: it does not say that somebody has granted anything.
        foreach (var (topic, code) in new[] { ("err15", "401"), ("err18", "401"), ("err19", "401"), ("err20", "400") })
        {
            for (var i = 0; i < Asked.Length; i++)
            {
                if (Asked[i].Topic == topic)
                {
                    streams[i].Status.State.Should().Be(RealtimeState.Faulted, topic);
                    streams[i].Status.Error!.Reason.Should().Be(RealtimeErrorReason.TableMisconfigured, topic);
                    streams[i].Status.Error!.ServerCode.Should().Be(code, topic);
                }
            }
        }

        seen.ForEach(recorder => recorder.AssertContract());

        IEnumerable<string?> Told(string topic, int which = 0) =>
            seen.Where((_, i) => Asked[i].Topic == topic).ElementAt(which).Items.Select(change => change.ToString());
    }

    [Fact]
    public void A_name_that_matched_by_LIKE_alone_brings_nothing_of_the_other_tables()
    {
        var (_, seen) = Subscribe();

        Play(1, 215);

        seen[Array.FindIndex(Asked, asked => asked.Topic == "err34")].Items.Should().ContainSingle();
        _world.Manager.Drops[FrameDropReason.ForeignTable].Should().BeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public void One_bad_binding_parts_its_channel_and_neither_claims_to_be_live_before_the_server_says_so()
    {
        var good = _world.Manager.Changes(RealtimeTable.Untyped("todos"));
        var bad = _world.Manager.Changes(RealtimeTable.Untyped("nope"));
        using var seenGood = new StreamRecorder<TableChange<JsonElement, JsonElement>>(good);
        using var seenBad = new StreamRecorder<TableChange<JsonElement, JsonElement>>(bad);

        var replay = new Replay(_world, Scenario) { Topics = ["realtime:err24"] };
        replay.Play(1, 99);

        (good.Status.State, bad.Status.State).Should().Be((RealtimeState.Joining, RealtimeState.Faulted));
        bad.Status.Error!.Message.Should().Contain("alter publication supabase_realtime add table public.nope");
        _world.Socket.Frames("phx_leave").Should().ContainSingle("the channel stays joined and silent otherwise");
        _world.Socket.Frames("phx_join").Skip(1).Should().ContainSingle("the quoted one waits")
            .Which.Bindings.Should().ContainSingle().Which.GetProperty("table").GetString().Should().Be("todos");
        Refused.AssertComplete(Scenario, replay.Played, PlayedByTheOthers());
    }

    [Theory]
    [InlineData("n=foo.1")]
    [InlineData("n")]
    [InlineData("n=in.1,2")]
    [InlineData("name=is.garbage")]
    public void Filters_that_the_server_would_refuse_to_parse_are_refused_where_they_are_written(string filter) =>
        RealtimeFilter.TryParse(filter, out _, out var error).Should().BeFalse(error);

    private static IEnumerable<int> PlayedByTheOthers()
    {
        var others = new JoinErrorReplayTests();
        others.Subscribe();
        return others.Play(1, 215).Played;
    }

    private Replay Play(int first, int last)
    {
        // The recorded client quoted nothing; ours quotes what the grammar wants quoted, which the server reads alike.
        var replay = new Replay(_world, Scenario)
        {
            Topics = [.. Asked.Select(asked => "realtime:" + asked.Topic)],
            Same = static (ours, recorded) => Names(ours) == Names(recorded) && Filter(ours) == Filter(recorded),
        };
        replay.Play(first, last);
        return replay;
    }

    private static string Names(JsonElement binding) => $"{binding.GetProperty("schema").GetString()}.{binding.GetProperty("table").GetString()}";

    private static string? Filter(JsonElement binding) => !binding.TryGetProperty("filter", out var filter) ? null
        : RealtimeFilter.TryParse(filter.GetString(), out var parsed, out _) ? parsed.ToString() : filter.GetString();

    /// <summary>Each recorded channel is a group of its own.</summary>
    private (List<IChangeStream<JsonElement, JsonElement>> Streams, List<StreamRecorder<TableChange<JsonElement, JsonElement>>> Seen) Subscribe()
    {
        var streams = Asked.Select(asked => _world.Manager.Changes(asked.Table, new ChangeStreamOptions { Group = asked.Topic })).ToList();
        return (streams, streams.ConvertAll(stream => new StreamRecorder<TableChange<JsonElement, JsonElement>>(stream)));
    }
}
