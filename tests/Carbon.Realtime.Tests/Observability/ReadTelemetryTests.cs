using System.Diagnostics;
using Carbon.Realtime.Tests.Snapshots;

namespace Carbon.Realtime.Tests.Observability;

/// <summary>What reads measure and trace. docs/observability.md, "Metrics" and "Activities".</summary>
public sealed class ReadTelemetryTests : IDisposable
{
    private readonly RecordingMeters _meters = new();

    public void Dispose() => _meters.Dispose();

    [Fact]
    public async Task Requests_reads_and_rows_are_counted_by_their_end()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 2 }, meters: _meters);
        world.AddNumbers(5);
        world.Rest.Script = (n, _) => n == 2 ? FakePostgrest.Error(503, "PGRST001") : null;
        await world.ScanAsync(world.Reader(SnapshotWorld.Numbers));
        await world.ReadAsync(world.Reader(SnapshotWorld.Numbers), 1, 2);
        world.Rest.Script = (_, _) => FakePostgrest.Error(403, "42501");
        await world.FailAsync();
        _meters.Now("carbon.realtime.rest.requests").Should().Equal("failed permission_denied: 1", "failed server_unavailable: 1", "ok: 5");
        _meters.Now("carbon.realtime.rest.reads").Should().Equal("failed permission_denied: 1", "ok: 2");
        _meters.Now("carbon.realtime.rest.rows").Should().Equal("public.number: 7");
    }

    [Fact]
    public async Task A_read_is_timed_with_its_waits_and_a_request_without()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 }, meters: _meters);
        world.AddNumbers(0);
        world.Rest.Script = (n, _) => n > 1 ? null : new HttpResponseMessage { Content = FakePostgrest.Body(new FakePostgrest.StuckStream([])) };
        var before = world.Env.Time.GetUtcNow();
        await world.ScanAsync(world.Reader(SnapshotWorld.Numbers));
        var took = (world.Env.Time.GetUtcNow() - before).TotalSeconds;
        took.Should().BeGreaterThan(30);
        _meters.Recorded("carbon.realtime.rest.request.duration").Select(m => (m.Value, m.Attributes)).Should().Equal(
            (30, "carbon.realtime.manager=default error.type=server_unavailable"), (0, "carbon.realtime.manager=default"));
        _meters.Recorded("carbon.realtime.rest.read.duration").Select(m => (m.Value, m.Attributes)).Should().Equal((took, "carbon.realtime.manager=default"));
    }

    [Fact]
    public async Task What_is_given_up_is_abandoned_and_has_no_duration()
    {
        var world = new SnapshotWorld(meters: _meters);
        using var cancellation = new CancellationTokenSource();
        world.Rest.Script = (_, _) => new HttpResponseMessage { Content = FakePostgrest.Body(new FakePostgrest.StuckStream([])) };
        var scan = world.Env.Environment.Scheduler.Start(() => world.Reader(SnapshotWorld.Numbers).ScanAsync(false, _ => { }, cancellation.Token));
        world.Env.RunUntilIdle();
        cancellation.Cancel();
        await FluentActions.Awaiting(() => world.Env.RunAsync(scan)).Should().ThrowAsync<OperationCanceledException>();
        _meters.Now("carbon.realtime.rest.requests").Should().Equal("abandoned: 1");
        _meters.Now("carbon.realtime.rest.reads").Should().Equal("abandoned: 1");
        _meters.Recorded("carbon.realtime.rest.request.duration").Concat(_meters.Recorded("carbon.realtime.rest.read.duration")).Should().BeEmpty();
    }

    [Fact]
    public async Task A_read_is_one_activity_a_root_beneath_which_its_requests_show()
    {
        const string Name = "reads";
        using var traces = new RecordingTraces(Name);
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 }, name: Name);
        world.AddNumbers(1);
        var during = new List<string?>();
        world.Rest.Script = (_, _) =>
        {
            during.Add(Activity.Current?.OperationName);
            return null;
        };
        using var ambient = new Activity("a page").Start();
        await world.ScanAsync(world.Reader(SnapshotWorld.Numbers));
        await world.ReadAsync(world.Reader(SnapshotWorld.Numbers), 1);
        world.Rest.Script = (_, _) => FakePostgrest.Error(403, "42501", "the server's words");
        await world.FailAsync();
        traces.Of("carbon.realtime.rest.read").Select(a => $"{a.Kind} {string.Join(' ', a.TagObjects.Select(t => $"{t.Key}={t.Value}"))}").Should().Equal(
            "Client carbon.realtime.manager=reads server.address=db.test server.port=443 carbon.realtime.table=public.number carbon.realtime.rest.kind=scan carbon.realtime.outcome=ok",
            "Client carbon.realtime.manager=reads server.address=db.test server.port=443 carbon.realtime.table=public.number carbon.realtime.rest.kind=point carbon.realtime.outcome=ok",
            "Client carbon.realtime.manager=reads server.address=db.test server.port=443 carbon.realtime.table=public.number carbon.realtime.rest.kind=scan carbon.realtime.outcome=failed error.type=permission_denied");
        traces.Of("carbon.realtime.rest.read").Should().OnlyContain(a => a.ParentId == null && a.TraceId != ambient.TraceId);
        during.Should().HaveCount(3).And.OnlyContain(o => o == "carbon.realtime.rest.read");
        Activity.Current.Should().BeSameAs(ambient);
    }
}
