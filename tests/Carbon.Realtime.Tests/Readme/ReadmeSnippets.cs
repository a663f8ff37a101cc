using System.Text.Json.Serialization;
using Carbon.Realtime.CoreStores;
using Carbon.Realtime.Testing;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Carbon.Realtime.Tests.Readme;

// Every C# block of README.md stands in this file, word for word but for the indentation; ReadmeTests compares them and runs what can run.
public sealed record SalesOrder
{
    [JsonPropertyName("id")] public required string Id { get; set; }
    [JsonPropertyName("companyId")] public required string CompanyId { get; set; }
    [JsonPropertyName("status")] public string? Status { get; set; }
}

[JsonSerializable(typeof(SalesOrder))]
public sealed partial class ShopJson : JsonSerializerContext;

public static class Shop
{
    public static readonly RealtimeTable<string, SalesOrder> SalesOrders = RealtimeTable
        .Define("salesOrder", ShopJson.Default.SalesOrder, "id", order => order.Id)
        .TenantScoped("companyId");
}

public sealed class SessionTokens(Session session) : IAccessTokenProvider
{
    // MustBeFresh: the server refused the last token, or it is about to expire; one from a cache will not do.
    public async ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) =>
        request.MustBeFresh ? await session.RefreshAsync(cancellationToken) : session.AccessToken;
}

/// <summary>The program's own sign-in, which the README names and does not show.</summary>
public sealed class Session
{
    public string? AccessToken { get; private set; } = "first";

    public Task<string?> RefreshAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        AccessToken = "refreshed";
        return Task.FromResult(AccessToken)!;
    }
}

public sealed class OrderBoard(ILiveStore<string, SalesOrder> orders, ICoreStores core) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var snapshot in orders.WatchAsync(stoppingToken))
        {
            Console.WriteLine($"{snapshot.Count} open orders, {core.Customers.Current.Count} customers; orders are {snapshot.Status}");
        }
    }
}

/// <summary>What the program shows and, with a stream, reads by itself.</summary>
public interface IOrderList
{
    Task ReloadAllAsync(CancellationToken cancellationToken);

    Task ReloadAsync(string id, CancellationToken cancellationToken);

    void Put(string id, SalesOrder row);

    void Remove(string id);
}

public static class ReadmeSnippets
{
    public static void Register(IServiceCollection services, IConfiguration configuration)
    {
        services.AddCarbonRealtime(configuration.GetSection("Realtime"))
            .UseAccessToken<SessionTokens>()
            .UseTenant("co_1")
            .AddHealthCheck();
    }

    public static async Task RunAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddCarbonRealtime(builder.Configuration.GetSection("Realtime"))
            .UseTenant("co_1")
            .AddCoreStores() // items, customers, suppliers, people
            .AddStore(Shop.SalesOrders.Where("status=neq.closed"))
            .AddHealthCheck();
        builder.Services.AddHostedService<OrderBoard>();
        await builder.Build().RunAsync();
    }

    public static async Task UseAStoreAsync(ILiveStore<string, SalesOrder> orders, CancellationToken cancellationToken)
    {
        using var following = orders.Changes.Subscribe(set =>
        {
            if (set.IsReset)
            {
                Console.WriteLine($"{set.Snapshot.Count} orders, {set.Status}"); // first, after another tenant or user, and for who fell behind
            }

            foreach (var change in set.Changes)
            {
                Console.WriteLine($"{change.Kind} {change.Key}: {change.Previous?.Status} -> {change.Current?.Status}");
            }
        });
        await orders.VerifyRowAsync("so_1", cancellationToken); // what was committed of it before is shown: your own write, say
        Console.WriteLine(orders.TryGet("so_1", out var order) ? order.Status : "there is no so_1");
    }

    public static IDisposable Subscribe(IRealtimeChannelManager realtime)
    {
        var released = realtime.Changes(Shop.SalesOrders.Where("status=eq.released"));
        var subscription = released.Subscribe(change => Console.WriteLine(change switch
        {
            Inserted<string, SalesOrder> inserted => $"new: {inserted.Row}",
            Updated<string, SalesOrder> updated => $"changed: {updated.Row}",
            Deleted<string, SalesOrder> deleted => $"gone: {deleted.Key}",
            Gap<string, SalesOrder> gap => $"re-read {(gap.HasKey ? gap.Key : "everything")}: {gap.Reason}",
            _ => throw new NotSupportedException(),
        }), error => Console.WriteLine($"ended: {error.Message}")); // the tenant changed: take a new stream
        return subscription;
    }

    public static void ActForAnother(IRealtimeChannelManager realtime, IAccessTokenProvider tokensOfAnotherUser)
    {
        using var other = realtime.ForTenant("co_2", tokensOfAnotherUser);
        using var theirs = other.Changes(Shop.SalesOrders).Subscribe(change => Console.WriteLine(change));
    }

    public static async Task KeepCurrentAsync(IChangeStream<string, SalesOrder> released, IOrderList list, CancellationToken cancellationToken)
    {
        await foreach (var change in released.ReadAllAsync(cancellationToken))
        {
            switch (change)
            {
                case Gap<string, SalesOrder> { HasKey: true } gap:
                    await list.ReloadAsync(gap.Key!, cancellationToken); // this row only; it may be gone
                    break;
                case Gap<string, SalesOrder>:
                    await list.ReloadAllAsync(cancellationToken); // the first element, and after every possible loss
                    break;
                case Inserted<string, SalesOrder> inserted:
                    list.Put(inserted.Key, inserted.Row);
                    break;
                case Updated<string, SalesOrder> updated:
                    list.Remove(updated.OldKey); // differs from Key only when the primary key itself changed
                    list.Put(updated.Key, updated.Row);
                    break;
                case Deleted<string, SalesOrder> deleted:
                    list.Remove(deleted.Key);
                    break;
            }
        }
    }

    public static async Task WatchStatusAsync(IChangeStream<string, SalesOrder> released, CancellationToken cancellationToken)
    {
        using var following = released.StatusChanges.Subscribe(status => Console.WriteLine(status));
        try
        {
            await released.WhenLiveAsync(cancellationToken);
        }
        catch (RealtimeException e) when (!e.IsTransient)
        {
            Console.WriteLine($"{e.Reason}: {e.Message}"); // somebody has to change something: a key, a filter, the publication
        }
    }

    public static async Task ReloadAsync(
        IRealtimeChannelManager realtime, IMemoryCache cache, Func<CancellationToken, Task> saveAsync, Func<CancellationToken, Task<int>> countAsync,
        CancellationToken cancellationToken)
    {
        var lines = RealtimeTable.Untyped("salesOrderLine").TenantScoped("companyId");
        var stale = realtime.Revalidations(Shop.SalesOrders, lines);
        using var reloading = stale.Subscribe(signal => Console.WriteLine($"reload the page: {signal}"));
        using (stale.Hold())
        {
            await saveAsync(cancellationToken); // however many rows it writes, they are one reload, when it is done
        }

        var token = realtime.ChangeToken(Shop.SalesOrders, lines); // before reading, so that no change falls between the two
        cache.Set("open orders", await countAsync(cancellationToken), token);
    }

    public static void TestOnAnEmulator()
    {
        var world = new ManualEnvironment();
        using var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = world.Environment });
        emulator.CreateTable("salesOrder", table => table
            .Column("id", "text").Column("companyId", "text").Column("status", "text").PrimaryKey("id").ReplicaIdentityFull());

        using var realtime = new RealtimeChannelManager(
            new RealtimeOptions { Url = emulator.ProjectUrl, ApiKey = emulator.AnonKey, Tenant = "co_1" },
            emulator.CreateDependencies());
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(realtime.Changes(Shop.SalesOrders));
        world.Advance(TimeSpan.FromMilliseconds(50)); // the window in which subscriptions gather on one channel

        emulator.Insert("salesOrder", """{"id":"so_1","companyId":"co_1","status":"draft"}""");
        emulator.Insert("salesOrder", """{"id":"so_2","companyId":"co_2","status":"draft"}""");
        world.RunUntilIdle();
        emulator.BreakConnections();
        world.Advance(TimeSpan.FromSeconds(30)); // the wait before a reconnect is drawn by lot, from 0.5 s to 1 s at first

        seen.Items.Select(change => change.ToString()).Should().Equal("gap (Started)", "inserted so_1", "gap (Rejoined)");
        seen.AssertContract(); // calls never overlapped, and nothing came after an end
    }

    public static void TestOnAFakeSocket()
    {
        var world = new ManualEnvironment();
        var server = new FakeRealtimeServer();
        using var realtime = new RealtimeChannelManager(
            new RealtimeOptions { Url = new Uri("http://127.0.0.1:54321"), ApiKey = "key", Tenant = "co_1" },
            new RealtimeDependencies { Environment = world.Environment, SocketFactory = server });

        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(realtime.Changes(Shop.SalesOrders));
        world.Advance(TimeSpan.FromMilliseconds(50));

        server.Socket.Sent[0].Should().Contain("companyId=eq.co_1");
        server.Socket.CloseFromServer(1012);
        world.Advance(TimeSpan.FromSeconds(10)); // clients that a restart sends away come back spread out
        server.Sockets.Should().HaveCount(2);
    }
}
