using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using Xunit.Abstractions;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>A hundred channels, as many as the server allows on a socket, with ten bindings each: how soon they are live again after a break (docs/performance.md, "Reconnects").</summary>
public sealed class RejoinPaceTests(ITestOutputHelper output)
{
    private const int Channels = 100;
    private const int BindingsEach = 10;

    /// <summary>The server allows a hundred joins a second (docs/protocol.md, "Limits"); it handles those of a socket one after another.</summary>
    private static readonly TimeSpan JoinTime = TimeSpan.FromMilliseconds(10);

    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    public void They_are_live_within_the_servers_pace_and_a_tenth(int roundTripMilliseconds)
    {
        var roundTrip = TimeSpan.FromMilliseconds(roundTripMilliseconds);
        var taken = TimeToBeLive(roundTrip);

        output.WriteLine($"{taken.TotalMilliseconds:0} ms");
        taken.Should().BeGreaterThanOrEqualTo(JoinTime * Channels, "or nothing was paced");
        taken.Should().BeLessThanOrEqualTo(JoinTime * Channels * 1.1);
    }

    [Fact]
    public void On_a_line_that_is_slower_than_four_joins_the_line_is_the_pace()
    {
        // Four joins wait for replies at a time: more than that a server that refuses them could be kept deaf with for longer (JoinQueue).
        var roundTrip = TimeSpan.FromMilliseconds(100);
        var taken = TimeToBeLive(roundTrip);

        output.WriteLine($"{taken.TotalMilliseconds:0} ms");
        taken.Should().BeLessThanOrEqualTo((roundTrip + JoinTime) * (Channels / 4) * 1.1);
    }

    private static TimeSpan TimeToBeLive(TimeSpan roundTrip)
    {
        var env = new ManualEnvironment();
        using var emulator = new RealtimeEmulator(new EmulatorOptions
        {
            Environment = env.Environment,
            Limits = new EmulatorLimits { ChannelsPerSocket = Channels, JoinsPerSecond = 100 },
        });
        emulator.CreateTable("todos", static table => table.Column("id", "int8").Column("title", "text").Column("done", "bool").PrimaryKey("id"));
        var line = new PacedLine(emulator.CreateSocketFactory(), env.Time, JoinTime, roundTrip);
        using var manager = new RealtimeChannelManager(
            new RealtimeOptions { Url = emulator.ProjectUrl, ApiKey = emulator.AnonKey, MaxChannels = Channels - 1 },
            new RealtimeDependencies { Environment = env.Environment, SocketFactory = line, AccessTokens = Tokens("ada") });

        // A user has 99 at most, and another one at least one more.
        var other = manager.ForTenant("co_2", Tokens("bob"));
        var streams = Enumerable.Range(0, Channels * BindingsEach).Select(i => (i / BindingsEach < Channels - 1 ? manager.Changes(Table(i), Group(i)) : other.Changes(Table(i), Group(i)))).ToList();
        var live = 0;
        var lastLive = 0L;
        var followed = streams.ConvertAll(stream => stream.StatusChanges.Subscribe(status =>
        {
            if (status.State == RealtimeState.Live)
            {
                live++;
                lastLive = env.Time.GetTimestamp();
            }
        }));
        var seen = streams.ConvertAll(static stream => stream.Subscribe(static _ => { }));
        env.Advance(TimeSpan.FromSeconds(20));
        AssertJoined(1);

        live = 0;
        emulator.BreakConnections();
        env.Advance(TimeSpan.FromSeconds(20));
        AssertJoined(2);
        GC.KeepAlive((followed, seen));
        return env.Time.GetElapsedTime(line.OpenedAt, lastLive);

        IAccessTokenProvider Tokens(string user) => new FakeTokens { Token = emulator.IssueToken(user, expiresIn: TimeSpan.FromDays(1)) };

        static RealtimeTable<long, Todo> Table(int i) => Shop.Todos.Where($"id=eq.{i}");

        static ChangeStreamOptions Group(int i) => new() { Group = $"g{i / BindingsEach}" };

        void AssertJoined(int sockets)
        {
            live.Should().Be(Channels * BindingsEach);
            line.Joins.Should().Be(Channels, "none was refused");
            var connection = emulator.Connections.Should().ContainSingle().Which;
            connection.Id.Should().Be(sockets);
            connection.Topics.Should().HaveCount(Channels);
            connection.ReceivedFrames.Select(SentFrame.Parse).Where(static f => f.Event == "phx_join")
                .SelectMany(static f => f.Bindings).Select(static b => b.GetProperty("filter").GetString()).Distinct().Should().HaveCount(Channels * BindingsEach);
        }
    }
}
