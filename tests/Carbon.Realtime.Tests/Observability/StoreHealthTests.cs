using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Stores;
using Carbon.Realtime.Tests.Support;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Carbon.Realtime.Tests.Observability;

/// <summary>docs/observability.md, "Health", of stores.</summary>
public sealed class StoreHealthTests
{
    private readonly StoreWorld _world = new StoreWorld().Write("a", "new").Write("b", "new");

    [Fact]
    public async Task A_live_store_is_healthy_and_one_that_nobody_uses_is_not_spoken_of()
    {
        (await Check()).Data.Should().Contain("stores", 0);

        _world.Live();

        var result = await Check();
        result.Status.Should().Be(HealthStatus.Healthy);
        result.Data.Should().Contain("stores", 1)
            .And.Contain("store public.salesOrder", "Live; as of 2026-01-01 00:00:00Z; 0 unverified; 2 rows");
    }

    [Fact]
    public async Task A_store_that_is_behind_is_degraded_after_the_grace()
    {
        _world.Live();
        _world.Rest.Script = (_, _) => FakePostgrest.Error(500, "57014");
        _world.TellOk();
        _world.State.Should().Be(StoreState.CatchingUp);

        _world.World.Advance(29);
        (await Check()).Status.Should().Be(HealthStatus.Healthy);
        _world.World.Advance(2);
        var result = await Check();
        result.Status.Should().Be(HealthStatus.Degraded);
        result.Description.Should().Be("Not live: public.salesOrder (CatchingUp, ServerUnavailable); 1 of 1 stores.");

        _world.Rest.Script = null;
        _world.World.Advance(130);
        (await Check()).Status.Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_first_read_that_never_comes_is_degraded_after_the_grace()
    {
        _world.HoldReads().Live();
        _world.World.Advance(31);
        var result = await Check();
        result.Status.Should().Be(HealthStatus.Degraded);
        result.Description.Should().StartWith("Not live: public.salesOrder (Loading");
        result.Data["store public.salesOrder"].Should().BeOfType<string>().Which.Should().Contain("as of never; 0 unverified; 0 rows");
    }

    [Fact]
    public async Task A_store_whose_table_is_not_published_is_degraded_without_a_grace_and_polled()
    {
        _world.World.AutoSubscribed = false;
        _world.Store.Start();
        _world.Settle();
        _world.Socket.System(_world.Join, "postgres_changes", "error", "Unable to subscribe to changes with given parameters. filter: companyId=eq.co_1");
        _world.World.Advance(5);
        _world.Store.Status.Reason.Should().Be(StoreReason.PollingOnly);

        var result = await Check();
        result.Status.Should().Be(HealthStatus.Degraded);
        result.Data["store public.salesOrder"].Should().Be("Degraded, PollingOnly, SubscriptionRefused; as of 2026-01-01 00:00:03Z; 0 unverified; 2 rows");
    }

    [Fact]
    public async Task A_store_that_somebody_must_mend_is_unhealthy_and_nobody_is_named()
    {
        _world.Live();
        _world.Rest.Script = (_, _) => FakePostgrest.Error(403, "42501", "permission denied for co_1");
        _world.TellOk();

        var result = await Check();

        result.Status.Should().Be(HealthStatus.Unhealthy);
        result.Description.Should().Be("Somebody must change something for public.salesOrder (Faulted, Configuration, PermissionDenied); 1 of 1 stores.");
        (result.Description + string.Join(' ', result.Data.Values)).Should().NotContain("co_1");
    }

    [Fact]
    public async Task Stores_of_one_table_are_numbered_and_not_called_by_their_tenants()
    {
        _world.Live();
        using var other = _world.World.Manager.ForTenant("co_2");
        using var use = other.Store(Shop.SalesOrders).Start();
        _world.Settle();

        var data = (await Check()).Data;

        data.Should().Contain("stores", 2).And.ContainKeys("store public.salesOrder", "store public.salesOrder 2");
        string.Join(' ', data.Keys.Concat(data.Values.Select(v => v.ToString()))).Should().NotContain("co_");
    }

    [Fact]
    public async Task A_store_is_not_late_before_the_grace_is_over()
    {
        _world.Live();
        _world.Rest.Script = (_, _) => FakePostgrest.Error(500, "57014");
        _world.TellOk();

        _world.World.Advance(30);
        (await Check()).Status.Should().Be(HealthStatus.Healthy, "not for longer than thirty seconds");
    }

    [Fact]
    public async Task A_store_whose_token_is_refused_is_unhealthy_although_the_connection_stands()
    {
        var tokens = new FakeTokens { Token = Jwt.Create(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)) };
        var world = new StoreWorld(tokens: tokens).Write("a", "new").Live();
        world.Rest.Script = (_, _) => FakePostgrest.Error(401, "PGRST301");
        world.TellOk();
        world.World.Advance(1);
        world.State.Should().Be(StoreState.NeedsAuth);
        world.World.Manager.Status.State.Should().Be(RealtimeState.Live);

        var result = await Check(world);

        result.Status.Should().Be(HealthStatus.Unhealthy);
        result.Description.Should().StartWith("Somebody must change something for public.salesOrder (NeedsAuth, Auth, ");
    }

    [Fact]
    public async Task A_store_whose_stream_loses_changes_is_degraded_at_once_although_every_stream_flows()
    {
        _world.Live();
        for (var i = 0; i < 3; i++)
        {
            _world.World.Advance(100);
            _world.Write($"lost{i}", "new");
            _ = _world.Store.VerifyAsync();
            _world.World.Run();
            _world.World.Advance(8);
            _world.World.Join();
        }

        var result = await Check();

        result.Status.Should().Be(HealthStatus.Degraded);
        result.Description.Should().Be("Not live: public.salesOrder (Degraded, LossyStream); 1 of 1 stores.");
        result.Data.Should().Contain("troubledStreams", "");
    }

    [Fact]
    public async Task Stores_of_one_table_that_have_names_are_told_apart_by_them_in_health_and_log()
    {
        var other = _world.World.Manager.Store(Shop.SalesOrders.Where("status=eq.new"), new StoreOptions<SalesOrder> { Name = "mine" });
        other.Table.Should().Be("public.salesOrder");
        other.Start();
        _world.Live();

        (await Check()).Data.Should().ContainKeys("store public.salesOrder", "store public.salesOrder/mine");
        _world.World.Log.Lines.Should().Contain(static l => l.Contains("The store of public.salesOrder/mine reads everything"))
            .And.Contain(static l => l.Contains("The store of public.salesOrder reads everything"));

        _world.Rest.Script = static (_, request) => request.RequestUri!.Query.Contains("eq.new", StringComparison.Ordinal) ? FakePostgrest.Error(404, "PGRST205") : null;
        _world.TellOk();
        (await Check()).Description.Should().Be(
            "Somebody must change something for public.salesOrder/mine (Faulted, Configuration, TableMisconfigured); 1 of 2 stores.");
    }

    [Fact]
    public void A_name_makes_no_other_store()
    {
        var named = _world.World.Manager.Store(Shop.SalesOrders, new StoreOptions<SalesOrder> { Name = "mine" });
        named.Should().BeSameAs(_world.Store);
        _world.World.Manager.Invoking(static m => m.Store(Shop.SalesOrders, new StoreOptions<SalesOrder> { Name = "to log: co_1" }))
            .Should().Throw<ArgumentException>().WithMessage("Name must be*");
    }

    [Fact]
    public async Task Keys_in_doubt_and_the_time_of_a_loss_are_told()
    {
        _world.Live();
        _world.TellUpdate("a", "old");
        (await Check()).Data["store public.salesOrder"].Should().BeOfType<string>().Which.Should().Contain("; 1 unverified; 2 rows");

        _world.World.Server.HangNext();
        _world.Socket.Break();
        _world.World.Run();
        (await Check()).Data.Should().Contain("notLiveSince", _world.World.Env.Time.GetUtcNow());
    }

    [Fact]
    public async Task Of_many_stores_fifty_are_listed_and_of_many_in_trouble_ten_are_named()
    {
        for (var i = 0; i < 51; i++)
        {
            _world.World.Manager.ForTenant($"co_{i}").Store(Shop.SalesOrders).Start();
        }

        _world.Settle();
        var data = (await Check()).Data;
        data.Should().Contain("stores", 51);
        data.Keys.Count(static k => k.StartsWith("store ", StringComparison.Ordinal)).Should().Be(50);

        for (var i = 0; i < 12; i++)
        {
            _world.World.Manager.Store(RealtimeTable.Define($"none{i:00}", RowsJson.Default.SalesOrder, "id", static (SalesOrder o) => o.Id).AllTenants()).Start();
        }

        _world.Settle();
        var result = await Check();
        result.Status.Should().Be(HealthStatus.Unhealthy);
        result.Description.Should().Contain("public.none09").And.NotContain("public.none10").And.EndWith(" and 2 more; 12 of 63 stores.");
    }

    private Task<HealthCheckResult> Check() => Check(_world);

    private static Task<HealthCheckResult> Check(StoreWorld world)
    {
        var check = new RealtimeHealthCheck(world.World.Manager);
        return check.CheckHealthAsync(
            new HealthCheckContext { Registration = new HealthCheckRegistration("carbon-realtime", check, null, null) }, CancellationToken.None);
    }
}
