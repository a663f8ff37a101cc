using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>The server's limits, each as it shows to who exceeds it; joins a second are in transcript 21. And the server's ways to send everybody away.</summary>
public sealed class EmulatorLimitsTests
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";

    [Fact]
    public void A_channel_too_many_is_refused_and_a_rejoin_is_none()
    {
        var world = World(new EmulatorLimits { ChannelsPerSocket = 2 });
        var (connection, peer) = world.Join(Item, topic: "realtime:1");
        foreach (var topic in (string[])["realtime:2", "realtime:3", "realtime:2"])
        {
            connection.Receive(EmulatorWorld.JoinFrame("", topic: topic, reference: "2"));
        }

        world.World.RunUntilIdle();
        peer.Json.Where(static f => f[3]!.ToString() == "phx_reply").Select(static f => $"{f[2]} {f[4]!["response"]!["reason"] ?? "ok"}").Should().Equal(
            "realtime:2 ok", "realtime:3 ChannelRateLimitReached: Too many channels", "realtime:2 ok");
    }

    [Fact]
    public void A_socket_too_many_is_refused_at_its_connect_or_at_its_first_join()
    {
        var world = World(new EmulatorLimits { ConcurrentUsers = 1 });
        var (late, latePeer) = world.Open();
        var (first, _) = world.Join(Item);

        late.Receive(EmulatorWorld.JoinFrame(Item));
        world.World.RunUntilIdle();
        latePeer.Take().Should().ContainSingle().Which.Should().Contain("ConnectionRateLimitReached: Too many connected users");
        var connecting = world.Emulator.ConnectAsync(
            new EmulatorConnectRequest("/socket/websocket", $"apikey={world.Emulator.AnonKey}", []), new RecordingPeer()).AsTask();
        world.World.RunUntilIdle();
        connecting.Exception!.InnerException.Should().BeOfType<UpgradeRefusedException>()
            .Which.Should().BeEquivalentTo(new { StatusCode = 429, Body = """{"error":"Too many connected users"}""" });

        first.Disconnect();
        late.Receive(EmulatorWorld.JoinFrame(Item));
        world.World.RunUntilIdle();
        latePeer.Frames.Should().Contain(static f => f.Contains("Subscribed"));
    }

    [Fact]
    public void A_second_channel_is_no_second_user()
    {
        var world = World(new EmulatorLimits { ConcurrentUsers = 1 });
        var (connection, peer) = world.Join(Item);

        connection.Receive(EmulatorWorld.JoinFrame(Item, topic: "realtime:second", reference: "2"));
        world.World.RunUntilIdle();

        peer.Frames[^1].Should().Contain("Subscribed to PostgreSQL");
    }

    [Fact]
    public void Joins_and_connects_are_averaged_over_the_time_since_the_first_and_looked_at_every_five_seconds()
    {
        var world = World(new EmulatorLimits { JoinsPerSecond = 2 });
        var (connection, peer) = world.Open();
        Join(9);
        world.World.Advance(TimeSpan.FromSeconds(5));
        Join(1);
        peer.Take().Should().NotContain(static f => f.Contains("RateLimit"), "ten in five seconds are just the limit");

        world = World(new EmulatorLimits { JoinsPerSecond = 2 });
        (connection, peer) = world.Open();
        Join(9);
        world.World.Advance(TimeSpan.FromSeconds(4.9));
        Join(1);
        peer.Take().Should().NotContain(static f => f.Contains("RateLimit"), "nobody has looked yet");
        world.World.Advance(TimeSpan.FromSeconds(0.1));
        Join(1);
        peer.Frames.Should().Contain(static f => f.Contains("ClientJoinRateLimitReached"), "the connect counts too");
        peer.Closed.Should().Be(((int?)1001, (string?)""));

        void Join(int count)
        {
            for (var i = 0; i < count; i++)
            {
                connection.Receive(EmulatorWorld.JoinFrame(""));
            }

            world.World.RunUntilIdle();
        }
    }

    [Fact]
    public void A_burst_of_joins_is_remembered_for_a_minute()
    {
        var world = World(new EmulatorLimits { JoinsPerSecond = 2 });
        var (connection, _) = world.Open();
        for (var i = 0; i < 200; i++)
        {
            connection.Receive(EmulatorWorld.JoinFrame(""));
        }

        world.World.Advance(TimeSpan.FromSeconds(60));
        var refused = world.Emulator.ConnectAsync(
            new EmulatorConnectRequest("/socket/websocket", $"apikey={world.Emulator.AnonKey}", []), new RecordingPeer()).AsTask();
        world.World.RunUntilIdle();
        refused.Exception!.InnerException.Should().BeOfType<UpgradeRefusedException>()
            .Which.Should().BeEquivalentTo(new { StatusCode = 429, Body = """{"error":"Too many joins per second"}""" });

        world.World.Advance(TimeSpan.FromSeconds(5));
        world.Open().Connection.IsOpen.Should().BeTrue();
    }

    [Fact]
    public void A_broadcast_too_many_closes_the_channel_that_would_receive_it()
    {
        var world = World(new EmulatorLimits { MessagesPerSecond = 1 });
        var (sender, senderPeer) = world.Join(Item);
        var (_, receiver) = world.Join(Item);
        for (var i = 0; i < 7; i++)
        {
            if (i == 6)
            {
                world.World.Advance(TimeSpan.FromSeconds(5));
            }

            sender.Receive("""["1","2","realtime:room","broadcast",{"type":"broadcast","event":"e","payload":{}}]""");
        }

        world.World.RunUntilIdle();
        receiver.Json.Select(static f => f[3]!.ToString()).Should().Equal(
            [.. Enumerable.Repeat("broadcast", 6), "system", "phx_close"], "six in the first five seconds are more than one a second, and then it is noticed");
        receiver.Frames[6].Should().Contain("Too many messages per second");
        senderPeer.Frames.Should().BeEmpty();
    }

    [Fact]
    public void Changes_over_the_limit_are_lost_in_silence_and_a_fault_may_lower_it_for_a_time()
    {
        var world = World(new EmulatorLimits { ChangesPerSecond = 1 });
        var (_, peer) = world.Join(Item);
        world.Emulator.Faults.ChangesPerSecond.Should().Be(1);
        for (var i = 0; i < 70; i++)
        {
            world.Emulator.Insert("item", $$"""{"id":"{{i}}"}""");
        }

        world.Changes(peer).Should().HaveCount(70, "the average is worked out every five seconds");
        world.World.Advance(TimeSpan.FromSeconds(5));
        world.Emulator.Insert("item", """{"id":"lost"}""");
        world.Changes(peer).Should().BeEmpty();
        world.Emulator.Faults.ChangesPerSecond = null;
        world.Emulator.Faults.HealAll();
        world.Emulator.Faults.ChangesPerSecond.Should().Be(1);
    }

    [Fact]
    public void A_limit_is_at_least_one_and_named()
    {
        FluentActions.Invoking(() => World(new EmulatorLimits { JoinsPerSecond = 0 })).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*JoinsPerSecond*");
        World(EmulatorLimits.Supabase).Join(Item);
    }

    [Fact]
    public void Every_limit_is_at_least_one_and_named()
    {
        foreach (var limit in typeof(EmulatorLimits).GetProperties().Where(static p => p.PropertyType == typeof(int?)))
        {
            var limits = new EmulatorLimits();
            limit.SetValue(limits, 0);
            FluentActions.Invoking(() => World(limits)).Should().Throw<ArgumentOutOfRangeException>().WithMessage($"*{limit.Name}*");
        }
    }

    [Fact]
    public void Supabases_limits_are_those_of_protocol_md() => EmulatorLimits.Supabase.Should().BeEquivalentTo(new
    {
        ConcurrentUsers = 200,
        ChannelsPerSocket = 100,
        JoinsPerSecond = 100,
        MessagesPerSecond = 100,
        ChangesPerSecond = 100,
        MaxRecordBytes = 1_048_576,
    });

    [Fact]
    public void A_restart_closes_without_a_frame_loses_what_was_not_polled_and_leaves_the_server_cold()
    {
        var world = new EmulatorWorld(new EmulatorTiming
        {
            PollDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(1)),
            ColdStartDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(2)),
        });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        var (connection, peer) = world.Open();
        connection.Receive(EmulatorWorld.JoinFrame(Item));
        world.World.Advance(TimeSpan.FromSeconds(2));
        peer.Take();
        world.Emulator.Insert("item", """{"id":"1"}""");

        world.Emulator.Restart();
        world.World.RunUntilIdle();
        peer.Frames.Should().BeEmpty();
        peer.Closed.Should().Be(((int?)1012, (string?)""));

        var (again, second) = world.Open();
        again.Receive(EmulatorWorld.JoinFrame(Item));
        world.World.Advance(TimeSpan.FromSeconds(1.9));
        second.Frames.Should().ContainSingle("the server is cold");
        world.World.Advance(TimeSpan.FromSeconds(0.2));
        second.Frames.Should().HaveCount(2).And.NotContain(static f => f.StartsWith("[null,null"));
    }

    [Fact]
    public void What_was_not_polled_at_a_restart_is_lost_to_those_who_are_back_before_the_poll()
    {
        var world = new EmulatorWorld(new EmulatorTiming { PollDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(5)) });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        world.Join(Item);
        world.Emulator.Insert("item", """{"id":"1"}""");

        world.Emulator.Restart();
        var (_, peer) = world.Join(Item);
        world.Emulator.Insert("item", """{"id":"2"}""");
        world.World.Advance(TimeSpan.FromSeconds(10));

        world.Changes(peer).Should().Equal("""INSERT item {"id":"2"}""");
    }

    [Fact]
    public void A_reload_of_the_tenant_is_said_on_every_channel_first()
    {
        var world = World(EmulatorLimits.None);
        var (connection, peer) = world.Join(Item);
        connection.Receive(EmulatorWorld.JoinFrame("", topic: "realtime:second", reference: "2"));
        world.World.RunUntilIdle();
        peer.Take();

        world.Emulator.ReloadTenant();
        world.World.RunUntilIdle();

        peer.Frames.Should().Equal(
            """["1",null,"realtime:room","system",{"message":"Server requested disconnect","status":"ok","extension":"system"}]""",
            """["2",null,"realtime:second","system",{"message":"Server requested disconnect","status":"ok","extension":"system"}]""");
        peer.Closed.Should().Be(((int?)1012, (string?)""));
    }

    private static EmulatorWorld World(EmulatorLimits limits)
    {
        var world = new EmulatorWorld(limits: limits);
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        return world;
    }
}
