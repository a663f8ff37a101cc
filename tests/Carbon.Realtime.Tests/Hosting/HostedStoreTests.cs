using Carbon.Realtime.CoreStores;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.CoreStores;
using Carbon.Realtime.Tests.Support;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Carbon.Realtime.Tests.Hosting;

/// <summary>Stores of a container: how they are had, when they start, and how they end.</summary>
public sealed class HostedStoreTests
{
    [Fact]
    public void A_store_is_a_singleton_under_its_managers_key_or_its_own_name()
    {
        var services = Services();
        Add(services, null).AddStore(Shop.SalesOrders).AddStore("released", Shop.SalesOrders.Where("status=eq.released"));
        Add(services, "eu").AddStore(Shop.SalesOrders, new StoreOptions<SalesOrder> { MaxRows = 10 });
        using var provider = services.BuildServiceProvider();

        var plain = provider.GetRequiredService<ILiveStore<string, SalesOrder>>();
        plain.Should().BeSameAs(provider.GetRequiredService<ILiveStore<string, SalesOrder>>());
        plain.Should().BeSameAs(provider.GetRequiredService<IRealtimeChannelManager>().Store(Shop.SalesOrders));
        var stores = new[] { plain, Keyed("released"), Keyed("eu") };
        stores.Should().OnlyHaveUniqueItems().And.OnlyContain(s => s.Table == "public.salesOrder" && s.Status.State == StoreState.Empty);

        ILiveStore<string, SalesOrder> Keyed(string key) => provider.GetRequiredKeyedService<ILiveStore<string, SalesOrder>>(key);
    }

    [Fact]
    public void The_same_store_twice_is_once_and_another_one_of_its_types_needs_a_name()
    {
        var builder = Add(Services(), null).AddStore(Shop.SalesOrders).AddStore(Shop.SalesOrders);

        builder.Services.Count(s => s.ServiceType == typeof(ILiveStore<string, SalesOrder>)).Should().Be(1);
        builder.Services.Count(s => s.ServiceType == typeof(IHostedService)).Should().Be(1);
        builder.Invoking(b => b.AddStore(Shop.SalesOrders, new StoreOptions<SalesOrder> { SignalOnly = true }))
            .Should().Throw<InvalidOperationException>().WithMessage("A store of SalesOrder is registered*AddStore(name, table)*");
        builder.AddStore("mine", Shop.SalesOrders).Invoking(b => b.AddStore("mine", Shop.SalesOrders.Where("status=eq.released")))
            .Should().Throw<InvalidOperationException>().WithMessage("*registered as 'mine'*");
        builder.Invoking(b => b.AddStore(Shop.SalesOrders, new StoreOptions<SalesOrder> { MaxRows = 0 })).Should().Throw<ArgumentException>().WithMessage("*MaxRows*");
        builder.Invoking(b => b.AddStore(" ", Shop.SalesOrders)).Should().Throw<ArgumentException>().WithParameterName("name");
        builder.Invoking(b => b.AddCoreStores((CarbonApp)7)).Should().Throw<ArgumentOutOfRangeException>().WithParameterName("app");
    }

    [Fact]
    public void A_name_is_what_the_store_is_called_unless_it_has_one_or_the_name_is_more_than_a_word()
    {
        var services = Services();
        Add(services, null).AddStore("mine", Shop.SalesOrders.Where("status=eq.a"))
            .AddStore("other", Shop.SalesOrders.Where("status=eq.b"), new StoreOptions<SalesOrder> { Name = "theirs" })
            .AddStore("of co_1: mine", Shop.SalesOrders.Where("status=eq.c"));
        using var provider = services.BuildServiceProvider();
        foreach (var name in (string[])["mine", "other", "of co_1: mine"])
        {
            _ = provider.GetRequiredKeyedService<ILiveStore<string, SalesOrder>>(name).Start();
        }

        ((RealtimeChannelManager)provider.GetRequiredService<IRealtimeChannelManager>()).Stores.Select(static s => s.Table)
            .Should().BeEquivalentTo("public.salesOrder/mine", "public.salesOrder/theirs", "public.salesOrder");
    }

    [Fact]
    public void A_name_that_two_managers_would_share_is_refused_and_one_table_of_two_managers_is_two_stores()
    {
        var services = Services();
        Add(services, null).AddStore(Shop.SalesOrders).AddStore("mine", Shop.SalesOrders);
        var eu = Add(services, "eu").AddStore(Shop.SalesOrders);

        eu.Invoking(b => b.AddStore("mine", Shop.SalesOrders)).Should().Throw<InvalidOperationException>().WithMessage("*registered as 'mine'*");

        using var provider = services.BuildServiceProvider();
        provider.GetRequiredKeyedService<ILiveStore<string, SalesOrder>>("eu").Should().NotBeSameAs(provider.GetRequiredService<ILiveStore<string, SalesOrder>>());
    }

    [Fact]
    public void Core_stores_of_a_keyed_manager_stand_under_its_key()
    {
        var services = Services();
        Add(services, "eu").AddCoreStores().AddCoreStores(CarbonApp.Mes);
        using var provider = services.BuildServiceProvider();

        var core = provider.GetRequiredKeyedService<ICoreStores>("eu");
        core.Items.Should().BeSameAs(provider.GetRequiredKeyedService<ILiveStore<string, Item>>("eu"));
        provider.GetRequiredKeyedService<IMesStores>("eu").People.Should().BeSameAs(core.People);
        provider.GetService<ICoreStores>().Should().BeNull();
    }

    [Fact]
    public async Task A_host_starts_although_the_server_is_away_and_its_stores_are_live_when_it_is_back()
    {
        using var shop = new ShopHost(b => b.AddCoreStores());
        shop.Emulator.RefuseConnects(503, "");
        shop.Emulator.Faults.FailReads(int.MaxValue, EmulatorReadFault.Unreachable);

        await shop.StartAsync(60);

        var core = shop.Get<ICoreStores>();
        core.All.Should().OnlyContain(s => s.Status.State == StoreState.Loading && s.Status.Reason == StoreReason.Offline);
        shop.Emulator.AcceptConnects();
        shop.Emulator.Faults.HealReads();
        shop.Advance(200);
        core.All.Should().OnlyContain(s => s.Status.IsLive);
    }

    [Fact]
    public async Task Stores_end_after_the_hosts_services_and_what_they_hold_is_in_the_cache_by_then()
    {
        var cache = new InMemoryStoreCache();
        var seen = new List<string>();
        using var shop = new ShopHost(
            b => b.AddCoreStores().Services.AddHostedService(p => new Worker(p.GetRequiredService<ICoreStores>(), seen)), cache);
        await shop.StartAsync();
        shop.Emulator.Insert("item", """{"id":"i","companyId":"co_1","readableId":"A","name":"Arm"}""");
        shop.Env.RunUntilIdle();
        cache.Saves.Should().Be(0, "changes gather for a while");

        await shop.StopAsync();

        seen.Should().Equal("starting: public.item Empty", "stopping: 4 items, Live");
        shop.Get<ICoreStores>().All.Should().OnlyContain(s => s.Status.State == StoreState.Closed);
        cache.Images.Select(i => $"{i.Key.Table} {i.Value.Rows.Count}").Should().BeEquivalentTo(
            "public.item 4", "public.customer 3", "public.supplier 3", "public.employees 3");
    }

    [Fact]
    public async Task A_cache_that_does_not_answer_keeps_no_host_from_stopping()
    {
        var cache = new InMemoryStoreCache { Saving = (_, _, _) => new ValueTask(new TaskCompletionSource().Task) };
        using var shop = new ShopHost(b => b.AddCoreStores(), cache);
        await shop.StartAsync();

        var stopping = shop.Host.StopAsync();
        shop.Env.RunUntilIdle();
        stopping.IsCompleted.Should().BeFalse("it is given a chance");
        shop.Advance(2);
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_host_that_is_in_a_hurry_waits_for_no_cache_and_is_told_of_no_error()
    {
        var cache = new InMemoryStoreCache { Saving = (_, _, _) => new ValueTask(new TaskCompletionSource().Task) };
        using var shop = new ShopHost(b => b.AddCoreStores(), cache);
        await shop.StartAsync();
        var stores = shop.Host.Services.GetServices<IHostedService>().OfType<IHostedLifecycleService>().Single(s => s is Carbon.Realtime.Hosting.HostedStores);

        var stopped = stores.StoppedAsync(new CancellationToken(canceled: true));

        stopped.IsCompletedSuccessfully.Should().BeTrue();
        shop.Get<ICoreStores>().All.Should().OnlyContain(s => s.Status.State == StoreState.Closed);
    }

    [Fact]
    public async Task A_store_that_the_program_put_in_the_place_of_ours_is_started_and_not_touched_otherwise()
    {
        var mine = new Moq.Mock<ILiveStore<string, Item>>();
        using var shop = new ShopHost(b => b.AddCoreStores().Services.AddSingleton(mine.Object));

        await shop.StartAsync();
        await shop.StopAsync();

        shop.Get<ICoreStores>().Items.Should().BeSameAs(mine.Object);
        mine.Verify(s => s.Start(), Moq.Times.Once);
    }

    private static IServiceCollection Services() => new ServiceCollection().AddSingleton<IRealtimeSocketFactory>(new FakeRealtimeServer());

    private static ICarbonRealtimeBuilder Add(IServiceCollection services, string? name)
    {
        Action<RealtimeOptions> configure = o => (o.Url, o.ApiKey, o.Tenant) = (new Uri("https://abc.supabase.co"), "key", "co_1");
        return name is null ? services.AddCarbonRealtime(configure) : services.AddCarbonRealtime(name, configure);
    }

    /// <summary>Any service of the program.</summary>
    private sealed class Worker(ICoreStores core, List<string> seen) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            seen.Add($"starting: {core.Items.Table} {core.Items.Status.State}");
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            seen.Add($"stopping: {core.Items.Current.Count} items, {core.Items.Status.State}");
            return Task.CompletedTask;
        }
    }
}
