using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Stores;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.House;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Stores;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Observability;

/// <summary>docs/observability.md says what the code does: its tables are compared with what is published, measured, traced and logged.</summary>
public sealed partial class DocumentTests
{
    private const string Path = "docs/observability.md";

    [Fact]
    public async Task Every_instrument_has_a_row_with_its_kind_unit_and_attributes_and_every_row_an_instrument()
    {
        using var meters = new RecordingMeters();
        using var traces = new RecordingTraces("document");
        await LiveThroughEverything(meters);
        var measured = meters.Everything().ToLookup(
            m => m.Instrument, m => m.Attributes.Split(' ').Select(a => a.Split('=')[0]).Where(a => a != "carbon.realtime.manager"));
        var actual = meters.Instruments.Select(i =>
            $"| `{i.Name}` | {Kind(i)} | `{i.Unit}` | {List(measured[i.Name].SelectMany(a => a))} |");
        var documented = Rows("Metrics").Select(cells => $"| {string.Join(" | ", cells.Take(4))} |");
        Compare("Metrics", documented, actual);
        meters.Instruments.Should().OnlyContain(i => measured.Contains(i.Name), "the scenario of this test is to measure each instrument");
    }

    [Fact]
    public async Task Every_activity_has_a_row_with_its_kind_and_attributes_and_every_row_an_activity()
    {
        using var meters = new RecordingMeters();
        using var traces = new RecordingTraces("document");
        await LiveThroughEverything(meters);
        var actual = traces.Stopped.GroupBy(a => a.OperationName).Select(same =>
            $"| `{same.Key}` | {same.First().Kind} | {List(same.SelectMany(a => a.TagObjects.Select(t => t.Key)).Where(k => k != "carbon.realtime.manager"))} |");
        Compare("Activities", Rows("Activities").Select(cells => $"| {string.Join(" | ", cells.Take(3))} |"), actual);
    }

    [Fact]
    public void Every_value_of_a_reason_is_listed()
    {
        var values = Rows("Attributes").ToDictionary(cells => cells[0].Trim('`'), cells => Quoted().Matches(cells[1]).Select(m => m.Groups[1].Value));
        values["error.type"].Should().BeEquivalentTo(All<RealtimeErrorReason>());
        values["carbon.realtime.gap.reason"].Should().BeEquivalentTo(All<GapReason>());
        values["carbon.realtime.drop.reason"].Should().BeEquivalentTo(All<FrameDropReason>().Where(v => v != "none"));
        values["carbon.realtime.token.reason"].Should().BeEquivalentTo(All<AccessTokenReason>());
        values["carbon.realtime.store.event.kind"].Should().BeEquivalentTo(All<Carbon.Realtime.Changes.RowEventKind>());
        values["carbon.realtime.store.epoch.reason"].Should().BeEquivalentTo(All<GapReason>());
        values["carbon.realtime.store.scan.cause"].Should().BeEquivalentTo(All<ScanCause>());
        values["carbon.realtime.store.repair.kind"].Should().BeEquivalentTo(All<RepairKind>());
        values["carbon.realtime.store.cache.result"].Should().BeEquivalentTo(All<StoreCacheFault>().Concat(["ok", "empty", "timed_out", "failed"]));
        values["carbon.realtime.channel.state"].Should().BeEquivalentTo(All<Carbon.Realtime.Channels.ChannelState>().Where(v => v != "ended"));

        static IEnumerable<string> All<TEnum>()
            where TEnum : struct, Enum => Enum.GetValues<TEnum>().Select(TagValue.Of);
    }

    [Fact]
    public void Every_attribute_that_is_used_is_explained()
    {
        var used = Rows("Metrics").Select(c => c[3]).Concat(Rows("Activities").Select(c => c[2])).SelectMany(c => Quoted().Matches(c).Select(m => m.Groups[1].Value));
        Rows("Attributes").Select(c => c[0].Trim('`')).Should().BeEquivalentTo(used.Append("carbon.realtime.manager").Distinct());
    }

    [Fact]
    public void Every_log_message_has_a_row_with_its_id_level_and_text_and_every_row_a_message()
    {
        var actual = LogEventIds.Messages(typeof(RealtimeException).Assembly.GetTypes())
            .OrderBy(m => m.Message.EventId)
            .Select(m => $"| {m.Message.EventId} | {m.Message.Level} | `{m.Message.Message}` |");
        var rows = Rows("Log events");
        Compare("Log events", rows.Select(cells => $"| {string.Join(" | ", cells.Take(3))} |"), actual, more: " <what it means> | <what to do> |");
        rows.Should().OnlyContain(cells => cells.Count == 5 && cells[3].Length > 0 && cells[4].Length > 0 && !cells[3].Contains('<') && !cells[4].Contains('<'));
        rows.Select(cells => int.Parse(cells[0], System.Globalization.CultureInfo.InvariantCulture)).Should().BeInAscendingOrder();
    }

    [Fact]
    public void The_log_ranges_are_those_of_the_rooms_that_log()
    {
        var actual = LogEventIds.Messages(typeof(RealtimeException).Assembly.GetTypes())
            .Select(m => RoomMap.House.RoomOf(m.Method.DeclaringType!)!).Distinct()
            .Select(room => $"| `Carbon.Realtime.{room}` | {LogEventIds.Ranges[room]}–{LogEventIds.Ranges[room] + LogEventRanges.Size - 1} |");
        Compare("Log categories", Rows("Log categories").Select(cells => $"| {string.Join(" | ", cells)} |"), actual);
    }

    /// <summary>Fails with the lines to add and to remove, ready to be copied.</summary>
    private static void Compare(string section, IEnumerable<string> documented, IEnumerable<string> actual, string more = "")
    {
        var there = documented.ToHashSet();
        var real = actual.ToHashSet();
        var missing = real.Except(there).Select(line => line + more).ToList();
        var stale = there.Except(real).ToList();
        if (missing.Count + stale.Count > 0)
        {
            Assert.Fail(
                $"{Path}, \"{section}\", is not what the code does.\n" +
                string.Concat(missing.Select(line => $"Add this row, in order, and say in its other columns what it means:\n{line}\n")) +
                string.Concat(stale.Select(line => $"Remove or mend this row, nothing in the code is like it:\n{line}\n")));
        }
    }

    private static string Kind(Instrument instrument) => instrument switch
    {
        ObservableCounter<long> => "counter",
        ObservableUpDownCounter<long> => "up-down counter",
        Histogram<double> => "histogram",
        ObservableGauge<double> => "gauge",
        _ => instrument.GetType().Name,
    };

    private static string List(IEnumerable<string> attributes) =>
        string.Join(", ", attributes.Distinct().Order(StringComparer.Ordinal).Select(a => $"`{a}`")) is { Length: > 0 } list ? list : "–";

    private static List<List<string>> Rows(string section)
    {
        var lines = File.ReadAllLines(System.IO.Path.Combine(ApprovedText.RepositoryRoot(), Path));
        var rows = lines.SkipWhile(l => l.TrimStart('#', ' ') != section || !l.StartsWith('#')).Skip(1)
            .TakeWhile(l => !l.StartsWith('#'))
            .Where(l => l.StartsWith('|')).Skip(2)
            .Select(l => l.Trim('|').Split(" | ").Select(c => c.Trim()).ToList())
            .ToList();
        rows.Should().NotBeEmpty($"{Path} has a section \"{section}\" with a table");
        return rows;
    }

    [GeneratedRegex("`([a-z][a-z0-9_.]*)`")]
    private static partial Regex Quoted();

    /// <summary>A life in which every instrument measures with every attribute it has, and every activity ends in every way.</summary>
    private static async Task LiveThroughEverything(RecordingMeters meters)
    {
        var tokens = new FakeTokens { Answer = (_, _) => throw new InvalidOperationException() };
        var rest = new FakePostgrest();
        var world = new World(tokens: tokens, meters: meters, name: "document", rest: rest);
        world.Server.RefuseNext(503, null);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Run();
        tokens.Answer = null;
        world.Advance(70);
        world.Socket.Insert(world.Socket.Join(), "salesOrder", """{"id":"so_1","companyId":"co_1","status":"new"}""");
        world.Socket.Insert(world.Socket.Join(), "salesOrder", """{"id":"so_1","companyId":"co_2","status":"new"}""");
        world.AutoJoin = false;
        world.Socket.CloseChannel(world.Socket.Join());
        world.Advance(3);
        world.Socket.RefuseJoin(world.Socket.Join(), "RealtimeRestarting: Realtime is restarting, please standby");
        world.Advance(5);
        world.Socket.Break();
        world.Run();
        await ReadAsync(world, rest);
        rest.Script = (_, _) => FakePostgrest.Error(403, "42501");
        await FluentActions.Awaiting(() => ReadAsync(world, rest)).Should().ThrowAsync<RealtimeException>();
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        LiveWithAStore(meters);
    }

    private static void LiveWithAStore(RecordingMeters meters)
    {
        var world = new StoreWorld(o => o.QueueCapacity = 16, cache: new InMemoryStoreCache(), meters: meters, name: "document").Write("a", "new").Live();
        world.TellUpdate("a", "done");
        world.Quiet();
        world.Write("lost", "new").Reconcile();
        world.World.Advance(10);
        for (var i = 0; i < 300; i++)
        {
            world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record($"many{i}", "new"), 1);
        }

        world.World.Run();
        meters.Now("carbon.realtime.store.staleness"); // a gauge tells nothing of a store that is gone
        world.Rest.Script = (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        world.World.Manager.Dispose();
        world.World.Run();
    }

    private static Task ReadAsync(World world, FakePostgrest rest)
    {
        var reader = new SnapshotReader<string, SalesOrder>(world.Manager.Rest(world.Manager.User), Shop.SalesOrders, "co_1");
        rest.Script ??= (n, _) => FakePostgrest.Answer(200, n == 1 ? """[{"companyId":"co_1","id":"so_1","status":"new"}]""" : "[]");
        return world.Env.RunAsync(world.Env.Environment.Scheduler.Start(() => reader.ScanAsync(false, _ => { }, default)));
    }
}
