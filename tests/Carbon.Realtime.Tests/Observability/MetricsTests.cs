using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Observability;

/// <summary>docs/observability.md, "Metrics", number by number.</summary>
public sealed class MetricsTests : IDisposable
{
    private const string Mine = """{"id":"so_1","companyId":"co_1","status":"new"}""";
    private const string Theirs = """{"id":"so_2","companyId":"co_2","status":"new"}""";

    private readonly RecordingMeters _meters = new();
    private readonly FakeTokens _tokens = new();
    private readonly World _world;

    public MetricsTests() => _world = new World(tokens: _tokens, meters: _meters);

    public void Dispose() => _meters.Dispose();

    [Fact]
    public async Task Open_sockets_are_counted_up_and_down()
    {
        using var seen = Watch();
        _meters.Now("carbon.realtime.connections").Should().BeEmpty();
        _world.Join();
        _meters.Now("carbon.realtime.connections").Should().Equal("1");
        _world.Socket.Break();
        _world.Run();
        _meters.Now("carbon.realtime.connections").Should().BeEmpty();
        _world.Advance(2);
        _meters.Now("carbon.realtime.connections").Should().Equal("1");
        await _world.Env.RunAsync(_world.Manager.DisposeAsync().AsTask());
        _meters.Now("carbon.realtime.connections").Should().BeEmpty();
    }

    [Fact]
    public void Reconnects_are_counted_by_why()
    {
        _world.Server.RefuseNext(503, null);
        using var seen = Watch();
        _world.Advance(2);
        _world.Socket.Break();
        _world.Advance(5);
        _world.Server.RefuseNext(404, null);
        _world.Socket.Break();
        _world.Advance(5);
        _meters.Now("carbon.realtime.reconnects").Should().Equal("connection_lost: 2", "project_not_found: 1", "server_unavailable: 1");
        _world.Log.Lines.Should().Contain(l => l.StartsWith("Information Carbon.Realtime.Connection[1004]") && l.Contains("for ConnectionLost"));
    }

    [Fact]
    public void A_connect_is_counted_and_timed_by_its_end()
    {
        _world.Server.HangNext();
        using var seen = Watch();
        _world.Advance(20);
        _meters.Now("carbon.realtime.connects").Should().Equal("failed server_unreachable: 1", "ok: 1");
        _meters.Recorded("carbon.realtime.connect.duration").Select(Short).Should().Equal("15 error.type=server_unreachable", "0 ");
    }

    [Fact]
    public void A_join_is_timed_until_changes_flow()
    {
        _world.AutoSubscribed = false;
        using var seen = Watch();
        _world.Join();
        _meters.Now("carbon.realtime.channels").Should().Equal("joined: 1");
        _world.Advance(3);
        _meters.Now("carbon.realtime.joins").Should().BeEmpty("the reply alone ends no join");
        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Run();
        _meters.Now("carbon.realtime.joins").Should().Equal("ok: 1");
        _meters.Recorded("carbon.realtime.join.duration").Select(Short).Should().Equal("3 ");
        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Run();
        _meters.Now("carbon.realtime.joins").Should().Equal("ok: 1");
    }

    [Fact]
    public void A_refused_join_counts_by_the_reason_and_one_that_lost_its_socket_as_abandoned()
    {
        _world.AutoJoin = false;
        using var seen = Watch();
        _world.Join();
        _world.Advance(1);
        _world.Socket.RefuseJoin(_world.Socket.Join(), "Unauthorized: You do not have permissions to read from this Channel topic: x");
        _world.Run();
        while (_world.Socket.Frames("phx_join").Count < 2)
        {
            _world.Advance(1);
        }

        _world.Socket.Break();
        _world.Run();
        _meters.Now("carbon.realtime.joins").Should().Equal("abandoned: 1", "failed permission_denied: 1");
        _meters.Recorded("carbon.realtime.join.duration").Select(Short).Should().Equal("1 error.type=permission_denied");
    }

    [Fact]
    public void A_channel_that_is_parted_had_a_failed_join()
    {
        _world.AutoSubscribed = false;
        using var one = Watch();
        using var other = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos));
        _world.Join();
        _world.Socket.System(_world.Socket.Join(), "postgres_changes", "error", "Unable to subscribe to changes with given parameters.");
        _world.Run();
        _meters.Now("carbon.realtime.joins").Should().Equal("failed subscription_refused: 1");
        _meters.Now("carbon.realtime.channels").Should().Equal("joined: 2");
    }

    [Fact]
    public async Task Channels_are_counted_by_where_they_stand_and_leave_nothing_behind()
    {
        _world.AutoJoin = false;
        var seen = Watch();
        _world.Join();
        _meters.Now("carbon.realtime.channels").Should().Equal("joining: 1");
        _world.Socket.AcceptJoin(_world.Socket.Join());
        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Run();
        _meters.Now("carbon.realtime.channels").Should().Equal("live: 1");
        _world.Socket.Break();
        _world.Run();
        _meters.Now("carbon.realtime.channels").Should().Equal("waiting: 1");
        seen.Dispose();
        _world.Advance(6);
        _meters.Now("carbon.realtime.channels").Should().BeEmpty();

        using var again = Watch();
        _world.Join();
        await _world.Env.RunAsync(_world.Manager.DisposeAsync().AsTask());
        _meters.Now("carbon.realtime.channels").Should().BeEmpty();
    }

    [Fact]
    public void A_change_is_counted_once_however_many_are_subscribed_and_not_at_all_before_the_first_gap()
    {
        _world.AutoSubscribed = false;
        using var one = Watch();
        using var two = Watch();
        _world.Join();
        Insert(Mine);
        _meters.Now("carbon.realtime.changes").Should().BeEmpty();
        _world.Socket.Subscribed(_world.Socket.Join());
        Insert(Mine);
        Insert(Mine);
        _meters.Now("carbon.realtime.changes").Should().Equal("public.salesOrder: 2");
        _meters.Now("carbon.realtime.gaps").Should().Equal("public.salesOrder started: 2");
    }

    [Fact]
    public void Gaps_are_counted_and_logged_by_table_and_reason()
    {
        using var one = Watch();
        using var two = Watch();
        _world.Join();
        Insert("""{"id":"a","companyId":"co_1"}""");
        Insert("""{"id":"b","companyId":"co_1","status":7}""");
        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Socket.Break();
        _world.Advance(2);
        _meters.Now("carbon.realtime.gaps").Should().Equal(
            "public.salesOrder partial: 1", "public.salesOrder rejoined: 1", "public.salesOrder resubscribed: 1",
            "public.salesOrder started: 2", "public.salesOrder undecodable: 1");
        _meters.Now("carbon.realtime.changes").Should().BeEmpty("a gap is no change");
        _world.Log.Lines.Should().ContainSingle(l => l.StartsWith("Debug Carbon.Realtime.Changes[3010]") && l.Contains("Gap in public.salesOrder: Rejoined"));
    }

    [Fact]
    public async Task What_waits_for_a_subscriber_counts_until_it_is_handled_dropped_or_not_wanted_any_more()
    {
        var world = new World(o => o.QueueCapacity = 16, meters: _meters);
        var reading = world.Manager.Changes(Shop.Todos).ReadAllAsync().GetAsyncEnumerator();
        var first = reading.MoveNextAsync().AsTask();
        world.Join();
        (await first).Should().BeTrue();
        _meters.Now("carbon.realtime.queue.elements").Should().Equal(["1"], "who reads has not come back from the first gap");
        for (var i = 0; i < 20; i++)
        {
            world.Socket.Insert(world.Socket.Join(), "todos", $$"""{"id":{{i}},"title":"t","done":true}""");
        }

        world.Run();
        _meters.Now("carbon.realtime.queue.elements").Should().Equal("17");
        for (var i = 0; i < 16; i++)
        {
            (await reading.MoveNextAsync()).Should().BeTrue();
        }

        _meters.Now("carbon.realtime.queue.elements").Should().Equal("16");
        _meters.Now("carbon.realtime.gaps").Should().Equal("public.todos started: 1");
        (await reading.MoveNextAsync()).Should().BeTrue();
        reading.Current.Should().BeOfType<Gap<long, Todo>>().Which.Reason.Should().Be(GapReason.Overflow);
        _meters.Now("carbon.realtime.gaps").Should().Equal("public.todos overflow: 1", "public.todos started: 1");
        _meters.Now("carbon.realtime.changes").Should().Equal("public.todos: 20");

        world.Socket.Insert(world.Socket.Join(), "todos", """{"id":1,"title":"t","done":true}""");
        world.Run();
        _meters.Now("carbon.realtime.queue.elements").Should().Equal("2");
        await reading.DisposeAsync();
        _meters.Now("carbon.realtime.queue.elements").Should().BeEmpty();
    }

    [Fact]
    public void A_subscriber_that_is_done_leaves_no_depth_behind()
    {
        IDisposable? subscription = null;
        var depth = new List<string>();
        subscription = _world.Manager.Changes(Shop.SalesOrders).Subscribe(change =>
        {
            depth.AddRange(_meters.Now("carbon.realtime.queue.elements"));
            if (change is Inserted<string, SalesOrder>)
            {
                subscription!.Dispose();
            }
        });
        _world.Join();
        _world.Socket.Insert(_world.Socket.Join(), "salesOrder", Mine);
        _world.Socket.Insert(_world.Socket.Join(), "salesOrder", Mine);
        _world.Run();
        depth.Should().Equal("1", "2");
        _meters.Now("carbon.realtime.queue.elements").Should().BeEmpty();
    }

    [Fact]
    public void Drops_are_counted_by_reason_and_what_is_no_drop_is_not()
    {
        using var seen = Watch();
        _world.Join();
        Insert(Theirs);
        _world.Socket.Insert(_world.Socket.Join(), "salesOrdex", Mine);
        _world.Socket.Deliver("{");
        _world.Socket.DeliverBinary(new byte[] { 1 });
        _world.Run();
        _world.Manager.Drops.Count(FrameDropReason.None);
        _meters.Now("carbon.realtime.drops").Should().Equal("binary: 1", "foreign_row: 1", "foreign_table: 1", "truncated: 1");
        _world.Manager.Drops[FrameDropReason.None].Should().Be(0);
        _world.Log.Lines.Where(l => l.StartsWith("Trace Carbon.Realtime.Changes[3011]")).Should().HaveCount(2);
    }

    [Fact]
    public void Lag_is_from_the_commit_until_the_change_is_ready_and_never_below_zero()
    {
        using var seen = Watch();
        _world.Join();
        Deliver(_world.Env.Time.GetUtcNow() - TimeSpan.FromSeconds(2.5));
        Deliver(_world.Env.Time.GetUtcNow() + TimeSpan.FromSeconds(9));
        _meters.Recorded("carbon.realtime.change.lag").Select(Short).Should().Equal(
            "2.5 carbon.realtime.table=public.salesOrder", "0 carbon.realtime.table=public.salesOrder");

        void Deliver(DateTimeOffset committed)
        {
            _world.Socket.Deliver($$"""
                [null,null,"{{_world.Socket.Join().Topic}}","postgres_changes",{"ids":[1],"data":{"schema":"public","table":"salesOrder","type":"INSERT",
                 "commit_timestamp":"{{committed.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)}}","errors":null,
                 "columns":[{"name":"id","type":"text"},{"name":"companyId","type":"text"},{"name":"status","type":"text"}],"record":{{Mine}} } }]
                """);
            _world.Run();
        }
    }

    [Fact]
    public async Task Questions_to_the_token_provider_are_counted_by_their_answer()
    {
        _tokens.Token = "a";
        using var seen = Watch();
        _world.Join();
        _tokens.Token = null;
        await _world.Env.RunAsync(_world.Manager.RefreshAccessTokenAsync());
        _tokens.Answer = (_, _) => throw new InvalidOperationException();
        await FluentActions.Awaiting(() => _world.Env.RunAsync(_world.Manager.RefreshAccessTokenAsync())).Should().ThrowAsync<RealtimeException>();
        _meters.Now("carbon.realtime.token.requests").Should().Equal("failed token_provider_failed: 1", "none: 1", "ok: 1");
        _meters.Recorded("carbon.realtime.token.request.duration").Select(Short).Should().Equal("0 ", "0 ", "0 error.type=token_provider_failed");
    }

    [Fact]
    public void A_heartbeats_time_is_that_until_its_reply()
    {
        _world.AutoHeartbeat = false;
        using var seen = Watch();
        _world.Join();
        _world.Advance(25);
        _world.Advance(1.5);
        _world.Socket.Reply(_world.Socket.Frames("heartbeat").Should().ContainSingle().Subject, "ok", "{}");
        _world.Run();
        _meters.Recorded("carbon.realtime.heartbeat.duration").Select(m => m.Value).Should().ContainSingle().Which.Should().BeInRange(1.4, 1.6);
    }

    [Fact]
    public void Who_begins_to_listen_late_sees_the_whole_count()
    {
        using var late = new RecordingMeters(listen: false);
        var world = new World(meters: late);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "salesOrder", Mine);
        world.Run();
        late.Listen();
        late.Now("carbon.realtime.connections").Should().Equal("1");
        late.Now("carbon.realtime.channels").Should().Equal("live: 1");
        late.Now("carbon.realtime.changes").Should().Equal("public.salesOrder: 1");
        late.Recorded("carbon.realtime.connect.duration").Should().BeEmpty("a duration that nobody listened to is not kept");
    }

    [Fact]
    public void Managers_are_told_apart_by_name_and_those_of_one_name_are_one_number()
    {
        List<World> worlds = [new(meters: _meters, name: "eu"), new(meters: _meters, name: "us"), new(meters: _meters, name: "us"), new(meters: _meters, name: " ")];
        using var subscriptions = new System.Reactive.Disposables.CompositeDisposable(worlds.ConvertAll(w => w.Manager.Changes(Shop.SalesOrders).Subscribe(_ => { })));
        worlds.ForEach(w => w.Join());
        _meters.Everything().Where(m => m.Instrument == "carbon.realtime.connections").Select(m => $"{m.Attributes} {m.Value}").Should().BeEquivalentTo(
            "carbon.realtime.manager=default 1", "carbon.realtime.manager=eu 1", "carbon.realtime.manager=us 2");
        _meters.Instruments.GroupBy(i => i.Name).Should().OnlyContain(g => g.Count() == 1, "managers on one meter share its instruments");
    }

    [Fact]
    public void Without_a_factory_there_is_one_meter_for_the_process()
    {
        const string Name = "the-shared-one";
        var connections = 0L;
        var meters = new HashSet<Meter>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter is { Name: "Carbon.Realtime", Scope: null } && instrument.Name == "carbon.realtime.connections")
                {
                    meters.Add(instrument.Meter);
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => connections += tags[0].Value as string == Name ? value : 0);
        listener.Start();
        var worlds = new[] { new World(name: Name), new World(name: Name) };
        foreach (var world in worlds)
        {
            _ = world.Manager.Changes(Shop.SalesOrders).Subscribe(_ => { });
            world.Join();
        }

        listener.RecordObservableInstruments();
        connections.Should().Be(2);
        meters.Should().ContainSingle().Which.Version.Should().NotBeNullOrEmpty();
    }

    [Fact]
    public void A_listener_that_throws_costs_its_measurements_and_nothing_else()
    {
        const string Name = "throwing-listeners";
        var world = new World(tokens: _tokens, meters: _meters, name: Name);
        using var traces = new RecordingTraces(Name, hook: _ => throw new InvalidOperationException("no exporter"));
        _meters.Hook = () => throw new InvalidOperationException("no exporter");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Advance(30);
        world.Socket.Insert(world.Socket.Join(), "salesOrder", Mine);
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted so_1");
        world.Server.Sockets.Should().HaveCount(1);
        traces.Stopped.Should().HaveCountGreaterThanOrEqualTo(3, "or nothing was tried");
        _meters.Recorded("carbon.realtime.change.lag").Should().HaveCount(1);
        Activity.Current.Should().BeNull();
    }

    [Fact]
    public void No_listener_runs_under_the_gate()
    {
        const string Name = "gate";
        var world = new World(tokens: _tokens, meters: _meters, name: Name);
        var told = 0;
        var blocked = 0;

        // Another thread gets through the gate while the listener runs; were it held here, it would not within any time.
        void Look()
        {
            told++;
            var passing = Task.Run(() => world.Manager.Changes(Shop.Employees).Status);
            blocked += passing.Wait(TimeSpan.FromSeconds(10)) ? 0 : 1;
        }

        using var traces = new RecordingTraces(Name, hook: _ => Look());
        _meters.Hook = Look;
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "salesOrder", Mine);
        world.Advance(30);
        world.Socket.RefuseJoin(world.Socket.Join(), "x");
        world.Socket.CloseChannel(world.Socket.Join());
        world.Advance(30);
        _meters.Recorded("carbon.realtime.heartbeat.duration").Should().NotBeEmpty();
        told.Should().BeGreaterThan(8);
        blocked.Should().Be(0);
    }

    private StreamRecorder<TableChange<string, SalesOrder>> Watch() => new(_world.Manager.Changes(Shop.SalesOrders));

    private void Insert(string record)
    {
        _world.Socket.Insert(_world.Socket.Join(), "salesOrder", record);
        _world.Run();
    }

    private static string Short(Measured measured) => string.Create(
        CultureInfo.InvariantCulture, $"{Math.Round(measured.Value, 3)} {string.Join(' ', measured.Attributes.Split(' ').Skip(1))}");
}
