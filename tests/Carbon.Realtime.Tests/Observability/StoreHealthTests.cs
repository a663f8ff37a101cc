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

    private Task<HealthCheckResult> Check()
    {
        var check = new RealtimeHealthCheck(_world.World.Manager);
        return check.CheckHealthAsync(
            new HealthCheckContext { Registration = new HealthCheckRegistration("carbon-realtime", check, null, null) }, CancellationToken.None);
    }
}
