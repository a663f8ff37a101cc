using System.Text;
using System.Text.Json;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Faults by chance: the same seed and the same calls give the same frames, and each promise of a plan holds whatever the seed.</summary>
public sealed class SeededFaultTests
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";
    private const int Keys = 5;

    private static readonly StreamFaults Mix = MixOf(seed: 7);

    [Fact]
    public void Equal_seeds_give_equal_frames_and_another_seed_others()
    {
        var one = Run(Mix, 200);

        Run(Mix, 200).Should().Equal(one);
        Run(MixOf(seed: 8), 200).Should().NotEqual(one);
    }

    [Fact]
    public void A_share_does_not_change_whom_another_one_hits()
    {
        var dropped = Versions(Run(new StreamFaults { Seed = 7, Drop = 0.1 }, 200));

        dropped.Should().HaveCountLessThan(195).And.HaveCountGreaterThan(150).And.BeInAscendingOrder();
        Versions(Run(new StreamFaults { Seed = 7, Drop = 0.1, Duplicate = 0.5 }, 200)).Distinct().Should().Equal(dropped);
        Versions(Run(Mix, 200)).Distinct().Order().Should().Equal(dropped);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Frames_overtake_those_of_other_rows_and_never_of_their_own(int seed)
    {
        var versions = Versions(Run(new StreamFaults { Seed = seed, Reorder = 0.3, Duplicate = 0.2, Delay = EmulatorDelay.Milliseconds(0, 50) }, 200));

        versions.Distinct().Should().HaveCount(200).And.NotBeInAscendingOrder();
        foreach (var key in Enumerable.Range(0, Keys))
        {
            versions.Where(v => v % Keys == key).Should().BeInAscendingOrder();
        }
    }

    [Fact]
    public void In_the_other_profile_they_overtake_those_of_their_own_row_too()
    {
        var versions = Versions(Run(new StreamFaults { Seed = 1, Reorder = 0.3, ReordersWithinKeys = true }, 200));

        versions.Should().HaveCount(200);
        Enumerable.Range(0, Keys).Should().Contain(key => !versions.Where(v => v % Keys == key).SequenceEqual(versions.Where(v => v % Keys == key).Order()));
    }

    [Fact]
    public void A_delay_keeps_the_order_and_an_end_of_the_plan_sends_what_waits()
    {
        var world = World(out var peer);
        world.Emulator.Faults.Stream = new StreamFaults { Delay = EmulatorDelay.Milliseconds(1000, 5000) };
        Insert(world, 20);
        world.World.Advance(TimeSpan.FromSeconds(0.9));
        peer.Frames.Should().BeEmpty();
        world.World.Advance(TimeSpan.FromSeconds(1));
        peer.Frames.Should().HaveCountLessThan(20);

        world.Emulator.Faults.Stream = null;
        world.World.RunUntilIdle();

        Versions(peer).Should().Equal(Enumerable.Range(0, 20));
    }

    [Fact]
    public void A_doubled_frame_comes_twice_in_a_row()
    {
        var world = World(out var peer);
        world.Emulator.Faults.Stream = new StreamFaults { Duplicate = 1 };
        Insert(world, 3);

        Versions(peer).Should().Equal(0, 0, 1, 1, 2, 2);
    }

    [Fact]
    public void A_frame_is_held_up_as_long_as_the_plan_says_and_not_sent_to_who_has_left()
    {
        var world = World(out var peer);
        world.Emulator.Faults.Stream = new StreamFaults { Reorder = 1, ReorderBy = EmulatorDelay.Exactly(TimeSpan.FromSeconds(20)) };
        world.Emulator.Insert("item", """{"id":"a","v":1}""");
        world.World.Advance(TimeSpan.FromSeconds(19.9));
        peer.Frames.Should().BeEmpty();
        world.World.Advance(TimeSpan.FromSeconds(0.1));
        Versions(peer).Should().Equal(1);
        peer.Take();

        world.Emulator.Insert("item", """{"id":"b","v":2}""");
        world.World.RunUntilIdle();
        world.Emulator.Connections[0].Receive("""["1","2","realtime:room","phx_leave",{}]""");
        world.World.Advance(TimeSpan.FromSeconds(30));

        peer.Frames.Should().HaveCount(2).And.NotContain(static f => f.Contains("postgres_changes"), "a channel that was left is silent");
    }

    [Fact]
    public void Each_channel_has_chances_of_its_own()
    {
        var world = World(out var one);
        var (_, other) = world.Join(Item);
        world.Emulator.Faults.Stream = new StreamFaults { Seed = 7, Drop = 0.5 };
        Insert(world, 100);
        var alone = World(out var peer);
        alone.Emulator.Faults.Stream = new StreamFaults { Seed = 7, Drop = 0.5 };
        Insert(alone, 100);

        Versions(other).Should().NotEqual(Versions(one));
        Versions(peer).Should().Equal(Versions(one), "whoever else is there changes nothing");
    }

    [Fact]
    public void Rubbish_does_not_change_which_frames_are_cut()
    {
        Whole(garbage: 0.5).Should().Equal(Whole(garbage: 0)).And.HaveCountGreaterThan(20).And.HaveCountLessThan(80);

        static List<int> Whole(double garbage)
        {
            var world = World(out var peer);
            world.Emulator.Faults.Wire = new WireFaults { Seed = 3, Cut = 0.5, Garbage = garbage };
            Insert(world, 100);
            return Versions(peer.Take().Where(static f => f.Contains("\"v\"") && IsJson(f)));
        }
    }

    [Fact]
    public void What_is_late_comes_whole_when_everything_is_healed()
    {
        var world = World(out var peer);
        world.Emulator.Faults.Stream = new StreamFaults { Delay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(10)) };
        world.Emulator.Faults.Wire = new WireFaults { Cut = 1 };
        Insert(world, 3);

        world.Emulator.Faults.HealAll();
        world.World.RunUntilIdle();

        Versions(peer).Should().Equal(0, 1, 2);
    }

    [Fact]
    public void A_row_whose_key_changes_keeps_its_place_among_the_changes_of_both_keys()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var world = World(out var peer);
            world.Emulator.Faults.Stream = new StreamFaults { Seed = seed, Reorder = 0.5 };
            world.Emulator.Insert("item", """{"id":"a","v":1}""");
            world.Emulator.Update("item", "a", """{"id":"b","v":2}""");
            world.Emulator.Insert("item", """{"id":"a","v":3}""");
            world.Emulator.Update("item", "b", """{"v":4}""");
            world.World.Advance(TimeSpan.FromSeconds(5));

            var versions = Versions(peer);
            versions.Where(static v => v != 4).Should().Equal(1, 2, 3);
            versions.Where(static v => v is 2 or 4).Should().Equal(2, 4);
        }
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    public void A_share_is_a_share(double share)
    {
        var faults = World(out _).Emulator.Faults;
        FluentActions.Invoking(() => faults.Stream = new StreamFaults { Duplicate = share }).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*Duplicate*");
        FluentActions.Invoking(() => faults.Wire = new WireFaults { Garbage = share }).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*Garbage*");
        FluentActions.Invoking(() => faults.Reads = new ReadFaults { Slow = share }).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*Slow*");
    }

    [Fact]
    public void Frames_are_cut_preceded_by_rubbish_and_by_huge_ones_and_come_in_pieces()
    {
        var world = World(out var peer);
        world.Emulator.Faults.Wire = new WireFaults { Cut = 1 };
        Insert(world, 20);
        peer.Take().Should().HaveCount(20).And.OnlyContain(static f => !IsJson(f));

        world.Emulator.Faults.Wire = new WireFaults { Garbage = 1 };
        Insert(world, 40);
        Versions(peer.Frames.Where((_, i) => i % 2 == 1)).Should().HaveCount(40, "what follows the rubbish is whole");
        peer.Take().Where(static (_, i) => i % 2 == 0).Distinct().Should().HaveCountGreaterThan(6);

        world.Emulator.Faults.Wire = new WireFaults { Huge = 1, HugeBytes = 300, Fragment = 1, FragmentBytes = 3 };
        Insert(world, 1);
        var frames = peer.Take();
        (frames.Length, Encoding.UTF8.GetByteCount(frames[0]), IsJson(frames[0])).Should().Be((2, 300, true));
        peer.Fragments.Should().Equal(3);
    }

    [Fact]
    public void Spoilt_frames_are_the_same_for_the_same_seed()
    {
        Spoilt(3).Should().Equal(Spoilt(3)).And.NotEqual(Spoilt(4));

        static string[] Spoilt(int seed)
        {
            var world = World(out var peer);
            world.Emulator.Faults.Wire = new WireFaults { Seed = seed, Cut = 0.2, Garbage = 0.2, Huge = 0.1, HugeBytes = 100 };
            Insert(world, 100);
            return peer.Take();
        }
    }

    [Fact]
    public async Task Reads_fail_break_off_and_are_slow_by_the_seed_and_not_after_it()
    {
        var one = await Reads(5);

        one.Should().Contain("200 whole").And.Contain("500").And.Contain("503").And.Contain("HttpRequestException").And.Contain("HttpIOException").And.Contain("200 late");
        (await Reads(5)).Should().Equal(one);
        (await Reads(6)).Should().NotEqual(one);
    }

    [Fact]
    public async Task A_share_of_reads_does_not_change_whom_another_one_hits()
    {
        var slow = Hit(await Reads(new ReadFaults { Seed = 5, Slow = 0.3, SlowBy = EmulatorDelay.Exactly(TimeSpan.FromSeconds(3)) }), "200 late");

        var both = await Reads(new ReadFaults { Seed = 5, Slow = 0.3, Truncate = 0.2, SlowBy = EmulatorDelay.Exactly(TimeSpan.FromSeconds(3)) });

        slow.Should().NotBeEmpty();
        Hit(both, "200 late").Should().BeSubsetOf(slow).And.NotBeEmpty();
        slow.Except(Hit(both, "200 late")).Should().BeSubsetOf(Hit(both, "HttpIOException"), "a read that breaks off is not slow any more");

        static int[] Hit(List<string> outcomes, string outcome) => [.. Enumerable.Range(0, outcomes.Count).Where(i => outcomes[i] == outcome)];
    }

    [Fact]
    public async Task A_read_that_fails_by_order_does_not_change_whom_chance_hits()
    {
        var plan = new ReadFaults { Seed = 5, Fail = 0.3 };
        var byChance = await Reads(plan);

        var ordered = await Reads(plan, EmulatorReadFault.PermissionDenied);

        ordered[0].Should().Be("403");
        ordered.Skip(1).Should().Equal(byChance.Skip(1));
    }

    private static Task<List<string>> Reads(int seed) => Reads(
        new ReadFaults { Seed = seed, Fail = 0.3, Truncate = 0.2, Slow = 0.3, SlowBy = EmulatorDelay.Exactly(TimeSpan.FromSeconds(3)) });

    private static async Task<List<string>> Reads(ReadFaults plan, EmulatorReadFault? first = null)
    {
        var world = new RestWorld();
        world.Emulator.CreateTable("part", static t => t.Column("id", "text").PrimaryKey("id"));
        for (var i = 0; i < 30; i++)
        {
            world.Emulator.Insert("part", $$"""{"id":"{{i}}"}""");
        }

        world.Emulator.Faults.Reads = plan;
        if (first is not null)
        {
            world.Emulator.Faults.FailReads(1, first);
        }

        var outcomes = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            var start = world.World.Time.GetTimestamp();
            try
            {
                var reply = await world.ReadAsync("part");
                outcomes.Add(reply.Status != 200 ? $"{reply.Status}" : world.World.Time.GetElapsedTime(start) > TimeSpan.Zero ? "200 late" : "200 whole");
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                outcomes.Add((e.InnerException is HttpIOException ? e.InnerException : e).GetType().Name);
            }
        }

        world.Emulator.Faults.HealReads();
        (await world.ReadAsync("part")).Status.Should().Be(200);
        return outcomes;
    }

    private static EmulatorWorld World(out RecordingPeer peer)
    {
        var world = new EmulatorWorld();
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").Column("v", "int4").PrimaryKey("id"));
        (_, peer) = world.Join(Item);
        return world;
    }

    /// <summary>Upserts of a few rows; the value counts them, and its remainder names the row.</summary>
    private static void Insert(EmulatorWorld world, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var key = $"{i % Keys}";
            if (world.Emulator.Update("item", key, $$"""{"v":{{i}}}""") == 0)
            {
                world.Emulator.Insert("item", $$"""{"id":"{{key}}","v":{{i}}}""");
            }

            world.World.Advance(TimeSpan.FromMilliseconds(10));
        }
    }

    private static StreamFaults MixOf(int seed) =>
        new() { Seed = seed, Drop = 0.1, Duplicate = 0.1, Reorder = 0.3, Delay = EmulatorDelay.Milliseconds(0, 100) };

    private static List<string> Run(StreamFaults plan, int count)
    {
        var world = World(out var peer);
        world.Emulator.Faults.Stream = plan;
        Insert(world, count);
        world.World.Advance(TimeSpan.FromSeconds(5));
        return [.. peer.Frames];
    }

    private static List<int> Versions(RecordingPeer peer) => Versions(peer.Frames);

    private static List<int> Versions(IEnumerable<string> frames) =>
        [.. frames.Select(static f => JsonDocument.Parse(f).RootElement[4].GetProperty("data").GetProperty("record").GetProperty("v").GetInt32())];

    private static bool IsJson(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
