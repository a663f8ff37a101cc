using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Each switch that loses changes without a word: the client stays joined and gets no frame about it.</summary>
public sealed class SilentLossTests
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";

    private readonly EmulatorWorld _world = new();
    private int _lastId;

    public SilentLossTests() => Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));

    private RealtimeEmulator Emulator => _world.Emulator;

    [Fact]
    public void The_next_changes_are_dropped_for_everybody()
    {
        var (_, one) = _world.Join(Item);
        var (_, two) = _world.Join(Item);
        Emulator.Faults.DropChanges(2);
        Insert(3);
        _world.Changes(one).Should().Equal(Inserted(3));
        _world.Changes(two).Should().Equal(Inserted(3));
    }

    [Fact]
    public void The_next_changes_are_dropped_for_one_client_on_all_its_channels()
    {
        var (connection, one) = _world.Join(Item);
        connection.Receive(EmulatorWorld.JoinFrame(Item, topic: "realtime:second", reference: "2"));
        _world.World.RunUntilIdle();
        one.Take();
        var (_, two) = _world.Join(Item);
        Emulator.Faults.DropChanges(1, connection);
        Insert(2);
        _world.Changes(one).Should().Equal(Inserted(2), Inserted(2));
        _world.Changes(two).Should().Equal(Inserted(1), Inserted(2));
    }

    [Fact]
    public void Only_what_a_client_would_have_got_counts_as_dropped_for_it()
    {
        Emulator.CreateTable("other", static t => t.Column("id", "text").PrimaryKey("id"));
        var (connection, peer) = _world.Join(Item);

        Emulator.Faults.DropChanges(1, connection);
        Emulator.Insert("other", """{"id":"1"}""");
        Insert(2);

        _world.Changes(peer).Should().Equal(Inserted(2));
    }

    [Fact]
    public void A_burst_passes_and_then_whole_polls_are_lost_until_the_average_is_small_again()
    {
        var (_, peer) = _world.Join(Item);
        Emulator.Faults.ChangesPerSecond = 1;
        Insert(40);
        _world.Changes(peer).Should().HaveCount(40, "the average is worked out every five seconds");

        // 40 changes in n ticks of five seconds: more than one a second on average until the eighth tick.
        _world.World.Advance(TimeSpan.FromSeconds(5));
        Insert(1);
        _world.Changes(peer).Should().BeEmpty();
        _world.World.Advance(TimeSpan.FromSeconds(34.9));
        Insert(1);
        _world.Changes(peer).Should().BeEmpty("what is lost is not counted, and does not make it longer");
        _world.World.Advance(TimeSpan.FromSeconds(0.1));
        Insert(1);
        _world.Changes(peer).Should().Equal(Inserted(43));
    }

    [Fact]
    public void A_burst_is_forgotten_after_a_minute()
    {
        var (_, peer) = _world.Join(Item);
        Emulator.Faults.ChangesPerSecond = 1;
        Insert(1000);
        _world.Changes(peer).Should().HaveCount(1000);

        _world.World.Advance(TimeSpan.FromSeconds(64.9));
        Insert(1);
        _world.Changes(peer).Should().BeEmpty();
        _world.World.Advance(TimeSpan.FromSeconds(0.1));
        Insert(1);
        _world.Changes(peer).Should().Equal(Inserted(1002));
    }

    [Fact]
    public void Of_twenty_single_inserts_eighteen_are_lost()
    {
        // As on the real server (docs/protocol.md, "Thirty facts", fact 7); how fast they came there, and under which limit, is not recorded.
        var (_, peer) = _world.Join(Item);
        Emulator.Faults.ChangesPerSecond = 1;
        _world.World.Advance(TimeSpan.FromSeconds(4.5));
        Insert(98);
        _world.Changes(peer);
        for (var i = 0; i < 20; i++)
        {
            Insert(1);
            _world.World.Advance(TimeSpan.FromSeconds(0.25));
        }

        _world.Changes(peer).Should().Equal(Inserted(99), Inserted(100));
    }

    [Fact]
    public void Subscriptions_count_each_against_the_rate_limit()
    {
        var (_, peer) = _world.Join($"{Item},{{\"event\":\"INSERT\",\"schema\":\"public\",\"table\":\"item\"}}");
        Emulator.Faults.ChangesPerSecond = 1;
        Insert(3);
        _world.Changes(peer).Should().HaveCount(3);
        _world.World.Advance(TimeSpan.FromSeconds(5));
        Insert(1);
        _world.Changes(peer).Should().BeEmpty("six in five seconds are too many");
    }

    [Fact]
    public void A_lost_slot_loses_what_was_not_polled_yet()
    {
        var world = new EmulatorWorld(new EmulatorTiming { PollDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(1)) });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        var (_, peer) = world.Join(Item);
        world.Emulator.Insert("item", """{"id":"1"}""");
        world.Emulator.Faults.LoseSlot();
        world.Emulator.Insert("item", """{"id":"2"}""");
        world.World.Advance(TimeSpan.FromSeconds(2));
        world.Changes(peer).Should().Equal(Inserted(2));
    }

    [Fact]
    public void A_cold_slot_comes_after_the_subscription_was_announced()
    {
        Emulator.Faults.LoseSlot(TimeSpan.FromSeconds(5));
        var (_, peer) = _world.Join(Item);
        Insert(1);
        _world.World.Advance(TimeSpan.FromSeconds(4.9));
        Insert(1);
        _world.World.Advance(TimeSpan.FromSeconds(0.1));
        Insert(1);
        _world.Changes(peer).Should().Equal(Inserted(3));
    }

    [Fact]
    public void A_clock_that_is_set_back_makes_no_slot_cold()
    {
        var (_, peer) = _world.Join(Item);
        Emulator.Faults.LoseSlot();
        _world.World.Time.StepWallClock(TimeSpan.FromMinutes(-5));
        Insert(1);
        _world.Changes(peer).Should().Equal(Inserted(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Deaf_channels_answer_heartbeats_and_only_a_rejoin_or_a_different_token_cures_one(bool emptied)
    {
        var token = Emulator.IssueToken("u1");
        var (connection, peer) = _world.Join(Item, token);
        var (other, second) = _world.Join(Item, token);
        if (emptied)
        {
            Emulator.Faults.EmptySubscriptions();
        }
        else
        {
            Emulator.Faults.Deafen();
        }

        Insert(1);
        connection.Receive("""[null,"9","phoenix","heartbeat",{}]""");
        connection.Receive($$"""["1","10","realtime:room","access_token",{"access_token":"{{token}}"}]""");
        _world.World.RunUntilIdle();
        peer.Take().Should().Equal("""[null,"9","phoenix","phx_reply",{"status":"ok","response":{}}]""");

        connection.Receive($$"""["1","11","realtime:room","access_token",{"access_token":"{{Emulator.IssueToken("u2")}}"}]""");
        other.Receive(EmulatorWorld.JoinFrame(Item, token, reference: "2"));
        _world.World.RunUntilIdle();
        peer.Take();
        second.Take();
        Insert(1);
        _world.Changes(peer).Should().Equal(Inserted(2));
        _world.Changes(second).Should().Equal(Inserted(2));
    }

    [Fact]
    public void One_client_can_be_deaf_and_a_repeated_ok_does_not_cure_it()
    {
        var (connection, peer) = _world.Join(Item);
        var (_, other) = _world.Join(Item);
        Emulator.Faults.Deafen(connection);
        Emulator.RepeatSubscribed();
        _world.World.RunUntilIdle();
        peer.Take().Should().ContainSingle().Which.Should().Contain("Subscribed to PostgreSQL");
        other.Take();
        Insert(1);
        _world.Changes(peer).Should().BeEmpty();
        _world.Changes(other).Should().Equal(Inserted(1));
    }

    [Fact]
    public void A_channel_that_joins_gets_once_more_what_was_polled_in_the_last_moments()
    {
        Insert(1);
        _world.World.RunUntilIdle();
        Emulator.Faults.RepeatOnJoin = TimeSpan.FromSeconds(2);
        Insert(1);
        _world.World.Advance(TimeSpan.FromSeconds(1));
        Insert(1);
        _world.World.Advance(TimeSpan.FromSeconds(1.5));
        Insert(1);
        var (connection, peer) = _world.Open();

        connection.Receive(EmulatorWorld.JoinFrame(Item, Emulator.IssueToken("u1")));
        _world.Changes(peer).Should().Equal([Inserted(3), Inserted(4)], "the second is half a second too old, and the first was polled before");
        connection.Receive($$"""["1","10","realtime:room","access_token",{"access_token":"{{Emulator.IssueToken("u2")}}"}]""");
        _world.World.RunUntilIdle();
        peer.Take().Should().ContainSingle("a token's \"Subscribed\" is no join").Which.Should().Contain("Subscribed to PostgreSQL");

        Emulator.Faults.HealAll();
        Emulator.Faults.RepeatOnJoin.Should().BeNull();
        connection.Receive(EmulatorWorld.JoinFrame(Item, reference: "2"));
        _world.Changes(peer).Should().BeEmpty();
        FluentActions.Invoking(() => Emulator.Faults.RepeatOnJoin = TimeSpan.FromTicks(-1)).Should().Throw<ArgumentOutOfRangeException>();
    }

    private static string Inserted(int id) => $$"""INSERT item {"id":"{{id}}"}""";

    private void Insert(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Emulator.Insert("item", $$"""{"id":"{{++_lastId}}"}""");
        }
    }
}
