using Carbon.Realtime.Connection;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Connection;

/// <summary>A server that restarts sends everybody away at once; they must not come back at once.</summary>
public sealed class ReturnSpreadTests
{
    private const int Clients = 1000;

    [Theory]
    [InlineData(1012)]
    [InlineData(1001)]
    public void The_first_waits_of_a_thousand_clients_after_a_restart_fall_evenly_into_ten_seconds(int code)
    {
        var waits = Waits(FaultTable.Close(code, null), TimeSpan.FromSeconds(10));
        waits.Should().OnlyContain(w => w >= 0.5 && w <= 10);
        BySecond(waits).Max().Should().BeLessThanOrEqualTo(2 * Clients / 10, "no second has more than twice the mean");
        waits.Average().Should().BeInRange(5, 5.5);
    }

    [Fact]
    public void A_refusal_for_too_many_joins_is_told_to_everybody_too()
    {
        var waits = Waits(FaultTable.Upgrade(429, """{"error":"Too many joins per second"}"""), TimeSpan.FromSeconds(10));
        BySecond(waits).Max().Should().BeLessThanOrEqualTo(2 * Clients / 10);
    }

    [Fact]
    public void A_connection_that_was_lost_alone_comes_back_within_a_second()
    {
        Waits(FaultTable.Close(1000, null), TimeSpan.FromSeconds(10)).Should().OnlyContain(w => w >= 0.5 && w <= 1);
        Waits(FaultTable.Close(1012, null), TimeSpan.Zero).Should().OnlyContain(w => w >= 0.5 && w <= 1, "a spread of zero switches it off");
    }

    [Fact]
    public void A_back_off_that_is_beyond_the_spread_already_goes_on_as_it_was()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10), new SeededRandomizer(7));
        var waits = Enumerable.Range(0, 200).Select(_ => backoff.Next(spreadOut: true).TotalSeconds).ToList();
        waits.Take(4).Should().OnlyContain(w => w <= 10);
        waits.Should().Contain(w => w > 25).And.OnlyContain(w => w >= 0.5 && w <= 30);
    }

    [Fact]
    public void A_thousand_clients_that_are_sent_away_together_dial_again_spread_out()
    {
        var env = new ManualEnvironment();
        var seeds = new Random(11); // neighbouring seeds begin with neighbouring numbers, which are spread more evenly than chance is
        var server = new FakeRealtimeServer();
        server.Opened = socket => socket.OnSent = text =>
        {
            var frame = SentFrame.Parse(text);
            if (frame.Event == "phx_join")
            {
                socket.AcceptJoin(frame);
                socket.Subscribed(frame);
            }
            else
            {
                socket.Reply(frame, "ok", "{}");
            }
        };
        var options = new RealtimeOptions { Url = new Uri("http://127.0.0.1:54321"), ApiKey = "k", Tenant = "co_1" };
        var managers = Enumerable.Range(0, Clients).Select(_ => new RealtimeChannelManager(
            options,
            new RealtimeDependencies
            {
                Environment = new RealtimeEnvironment(env.Time, env.Scheduler, new SeededRandomizer(seeds.Next())),
                SocketFactory = server,
            })).ToList();
        var subscriptions = managers.ConvertAll(m => m.Changes(Shop.SalesOrders).Subscribe(static _ => { }));
        env.Advance(TimeSpan.FromSeconds(1));
        managers.Should().OnlyContain(m => m.Status.State == RealtimeState.Live);

        foreach (var socket in server.Sockets)
        {
            socket.CloseFromServer(1012);
        }

        env.RunUntilIdle();
        var perSecond = new List<int>();
        for (var second = 0; second < 10; second++)
        {
            var before = server.Dialed.Count;
            env.Advance(TimeSpan.FromSeconds(1));
            perSecond.Add(server.Dialed.Count - before);
        }

        perSecond.Sum().Should().Be(Clients);
        perSecond.Should().OnlyContain(n => n <= 2 * Clients / 10);
        managers.Should().OnlyContain(m => m.Status.State == RealtimeState.Live);
        subscriptions.ForEach(static s => s.Dispose());
    }

    [Theory]
    [InlineData(1012)]
    [InlineData(1001)]
    public void Whoever_comes_back_asks_for_a_fresh_token_first(int code)
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens);
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "signed with the old secret");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "signed with the new secret");
        tokens.Asked.Clear();
        world.Socket.CloseFromServer(code);
        world.Advance(10.1);
        tokens.Asked.Should().Equal(AccessTokenReason.Connect);
        world.Server.Sockets.Should().HaveCount(2);
        world.Socket.Join().AccessToken.Should().Be(tokens.Token);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(601)]
    public void The_spread_has_bounds(int seconds)
    {
        var options = new RealtimeOptions { Url = new Uri("http://127.0.0.1"), ApiKey = "k", ReturnSpread = TimeSpan.FromSeconds(seconds) };
        options.Invoking(o => new RealtimeChannelManager(o)).Should().Throw<ArgumentException>().WithMessage("*ReturnSpread must be between*");
    }

    private static List<double> Waits(ServerFault fault, TimeSpan spread)
    {
        var env = new ManualEnvironment(seed: 5);
        using var deadlines = new Deadlines(env.Environment, static () => { });
        return [.. Enumerable.Range(0, Clients).Select(_ =>
        {
            var backoff = new Backoff(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(30), spread, env.Randomizer);
            return new Recovery(deadlines, env.Environment, backoff, TimeSpan.FromSeconds(30)).Schedule(fault, static () => { }).TotalSeconds;
        })];
    }

    private static IEnumerable<int> BySecond(IEnumerable<double> waits) => waits.GroupBy(static w => (int)w).Select(static g => g.Count());
}
