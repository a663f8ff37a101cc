using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Carbon.Realtime.Tests.Observability;

/// <summary>docs/observability.md, "Health", state by state.</summary>
public sealed class HealthCheckTests
{
    private readonly World _world = new();

    [Fact]
    public async Task A_manager_that_nobody_uses_and_one_whose_changes_flow_are_healthy()
    {
        (await Check()).Status.Should().Be(HealthStatus.Healthy);
        _world.Server.Dialed.Should().BeEmpty("looking connects nothing");
        using var seen = Watch();
        _world.Join();
        var result = await Check();
        result.Status.Should().Be(HealthStatus.Healthy);
        result.Data.Should().Contain("state", "Live").And.Contain("streams", 1).And.NotContainKey("reason");
    }

    [Fact]
    public async Task A_short_loss_is_healthy_and_a_long_one_degraded_however_many_attempts_it_took()
    {
        using var seen = Watch();
        _world.Join();
        for (var i = 0; i < 60; i++)
        {
            _world.Server.FailNext(new IOException("refused"));
        }

        _world.Socket.Break();
        _world.Advance(29);
        (await Check()).Status.Should().Be(HealthStatus.Healthy);
        _world.Advance(2);
        for (var i = 0; i < 20; i++)
        {
            var result = await Check();
            result.Status.Should().Be(HealthStatus.Degraded, "each attempt is a new status, but nothing has flowed since");
            result.Description.Should().StartWith("Not connected since 2026-01-01 00:00:00Z");
            result.Data.Should().ContainKey("attempt").And.Contain("reason", "ServerUnreachable");
            _world.Advance(7);
        }

        while (_world.Manager.Status.State != RealtimeState.Live)
        {
            _world.Advance(5);
        }

        (await Check()).Status.Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_fault_that_somebody_must_mend_is_unhealthy_at_once_and_stays_so_while_it_is_looked_at_again()
    {
        _world.Server.RefuseNext(401, null);
        using var seen = Watch();
        _world.Run();
        var result = await Check();
        result.Status.Should().Be(HealthStatus.Unhealthy);
        result.Description.Should().Contain("set ApiKey");
        result.Data.Should().Contain("state", "Faulted").And.Contain("reason", "InvalidApiKey").And.ContainKey("nextRetry").And.ContainKey("since");

        _world.Server.HangNext();
        while (_world.Manager.Status.State != RealtimeState.Connecting)
        {
            _world.Advance(1);
        }

        (await Check()).Status.Should().Be(HealthStatus.Unhealthy);
        (await Check(failureStatus: HealthStatus.Degraded)).Status.Should().Be(HealthStatus.Degraded, "the registration says what a failure is");
    }

    [Fact]
    public async Task A_disposed_manager_is_unhealthy()
    {
        await _world.Env.RunAsync(_world.Manager.DisposeAsync().AsTask());
        (await Check()).Status.Should().Be(HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task A_stream_whose_subscription_is_refused_is_degraded_and_named_although_the_connection_lives()
    {
        _world.AutoSubscribed = false;
        using var seen = Watch();
        using var todos = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "other" }));
        _world.Join();
        _world.Socket.Subscribed(_world.Socket.Join(1));
        _world.Socket.System(_world.Socket.Join(0), "postgres_changes", "error", "Unable to subscribe to changes with given parameters. filter: companyId=eq.co_1");
        _world.Run();
        _world.Manager.Status.State.Should().Be(RealtimeState.Live);
        var result = await Check();
        result.Status.Should().Be(HealthStatus.Degraded);
        result.Description.Should().Be("Changes do not flow for public.salesOrder (Faulted, SubscriptionRefused); 1 of 2 streams.");
        result.Data["troubledStreams"].Should().Be("public.salesOrder (Faulted, SubscriptionRefused)");
        seen.Dispose();
        _world.Advance(10);
        (await Check()).Status.Should().Be(HealthStatus.Healthy, "nobody wants the refused stream any more");
    }

    [Fact]
    public async Task A_table_that_the_server_cannot_send_is_degraded_although_its_channel_lives()
    {
        using var seen = Watch();
        _world.Join();
        _world.Socket.Change(_world.Socket.Join(), "salesOrder", "INSERT", "{}", null, [1], """["Error 401: Unauthorized"]""");
        _world.Run();
        (await Check()).Description.Should().Contain("public.salesOrder (Faulted, TableMisconfigured)");
    }

    [Fact]
    public async Task A_stream_that_waits_long_for_the_servers_word_is_degraded()
    {
        _world.AutoSubscribed = false;
        using var seen = Watch();
        _world.Join();
        _world.Advance(20);
        (await Check()).Status.Should().Be(HealthStatus.Healthy);
        _world.Advance(20);
        var result = await Check();
        result.Status.Should().Be(HealthStatus.Degraded);
        result.Description.Should().Contain("public.salesOrder (Joining)");
        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Run();
        (await Check()).Status.Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task The_grace_is_a_parameter()
    {
        using var seen = Watch();
        _world.Server.HangNext();
        _world.Advance(3);
        (await Check(TimeSpan.FromSeconds(2))).Status.Should().Be(HealthStatus.Degraded);
        (await Check(TimeSpan.FromSeconds(4))).Status.Should().Be(HealthStatus.Healthy);
        FluentActions.Invoking(() => new RealtimeHealthCheck(_world.Manager, TimeSpan.FromSeconds(-1))).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public async Task The_builder_adds_a_check_for_its_manager_and_keyed_ones_stand_beside_each_other()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton<IRealtimeSocketFactory>(new FakeRealtimeServer());
        services.AddCarbonRealtime(o => (o.Url, o.ApiKey) = (new Uri("https://a.supabase.co"), "k")).AddHealthCheck();
        services.AddCarbonRealtime("eu", o => (o.Url, o.ApiKey) = (new Uri("https://b.supabase.co"), "k")).AddHealthCheck("ready", "eu");
        services.AddHealthChecks().AddCheck<RealtimeHealthCheck>("by type");
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredKeyedService<IRealtimeChannelManager>("eu").DisposeAsync();
        var report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        report.Entries.Select(e => $"{e.Key} {e.Value.Status} {string.Join(' ', e.Value.Tags)}").Should().BeEquivalentTo(
            "carbon-realtime Healthy ", "carbon-realtime-eu Unhealthy ready eu", "by type Healthy ");
    }

    [Fact]
    public async Task Another_implementation_of_the_interface_is_judged_by_its_status()
    {
        using var seen = Watch();
        _world.Server.RefuseNext(401, null);
        _world.Run();
        var other = new Moq.Mock<IRealtimeChannelManager>();
        other.Setup(m => m.Status).Returns(_world.Manager.Status);
        var registration = new HealthCheckRegistration("x", new RealtimeHealthCheck(other.Object), null, null);
        (await new RealtimeHealthCheck(other.Object).CheckHealthAsync(new HealthCheckContext { Registration = registration }, default))
            .Status.Should().Be(HealthStatus.Unhealthy);
    }

    private Task<HealthCheckResult> Check(TimeSpan? grace = null, HealthStatus? failureStatus = null)
    {
        var check = grace is { } wanted ? new RealtimeHealthCheck(_world.Manager, wanted) : new RealtimeHealthCheck(_world.Manager);
        return check.CheckHealthAsync(
            new HealthCheckContext { Registration = new HealthCheckRegistration("carbon-realtime", check, failureStatus, null) }, CancellationToken.None);
    }

    private StreamRecorder<TableChange<string, SalesOrder>> Watch() => new(_world.Manager.Changes(Shop.SalesOrders));
}
