using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 21: more joins than the project may make. The next join is refused, the socket closed with 1001, new ones with HTTP 429.</summary>
public sealed class JoinRateReplayTests
{
    private const string Scenario = "21_limit_joins_per_second";

    private static readonly RefusedSteps Refused = new();

    [Fact]
    public void Too_many_joins_are_told_as_such_waited_out_and_recovered_from()
    {
        var world = new World(options =>
        {
            options.ProtocolVersion = ProtocolVersion.V1;
            options.MaxChannels = 99;
        });
        string[] groups = ["first", .. Enumerable.Range(0, 60).Select(i => $"j{i}")];
        var streams = groups.Select(group => world.Manager.Changes(Recorded.Todos.Where($"title=eq.{group}"), new ChangeStreamOptions { Group = group })).ToList();
        var seen = streams.ConvertAll(stream => new StreamRecorder<TableChange<long, Todo>>(stream));
        var replay = new Replay(world, Scenario)
        {
            ClaimsWithTheReply = true,
            StandsFor = (recorded, ours) => ours.Topic.StartsWith($"realtime:carbon-{recorded.Topic["realtime:".Length..]}-", StringComparison.Ordinal),
        };

        replay.Play(1, 127);

        streams.Should().OnlyContain(stream => stream.Status.State == RealtimeState.Joining);
        world.Socket.Frames("phx_join").Should().HaveCount(61);

        var late = world.Manager.Changes(Recorded.Todos.Where("title=eq.k0"), new ChangeStreamOptions { Group = "k0" });
        using var lateSeen = new StreamRecorder<TableChange<long, Todo>>(late);
        replay.Play(128, 129);

        late.Status.State.Should().Be(RealtimeState.Recovering);
        late.Status.Error!.Reason.Should().Be(RealtimeErrorReason.RateLimited);
        late.Status.Error.ServerCode.Should().Be("ClientJoinRateLimitReached");

        replay.Play(130, 130);

        streams.Append(late).Should().AllSatisfy(stream =>
        {
            stream.Status.State.Should().Be(RealtimeState.Recovering);
            stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.RateLimited);
        });
        world.Manager.Status.Error!.ServerCode.Should().Be("1001");

        world.AutoJoin = true;
        using var statuses = new StreamRecorder<RealtimeStatus>(world.Manager.StatusChanges);
        replay.Play(131, 149);
        world.Advance(300);

        var refusals = statuses.Items.Where(status => status.Error?.ServerCode == "429" && status.State == RealtimeState.Recovering).ToList();
        refusals.Select(status => status.Attempt).Should().Equal(2, 3, 4);
        refusals.Should().OnlyContain(status => status.Error!.Reason == RealtimeErrorReason.RateLimited);
        statuses.Items[^1].State.Should().Be(RealtimeState.Live);

        streams.Append(late).Should().OnlyContain(stream => stream.Status.State == RealtimeState.Live);
        seen.Append(lateSeen).Should().AllSatisfy(recorder =>
        {
            recorder.Items.Told().Should().Equal("gap (Started)");
            recorder.AssertContract();
        });
        world.Server.Dialed.Should().HaveCount(5);
        world.Socket.Frames("phx_join").Should().HaveCount(62, "each channel joins once on the new socket");
        Refused.AssertComplete(Scenario, replay.Played);
    }
}
