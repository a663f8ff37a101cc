using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Carbon.Realtime.Tests.CoreStores;

/// <summary>A host whose stores talk to an emulator with Carbon's tables, of two companies with three rows in each table, on a manual clock.</summary>
internal sealed class ShopHost : IDisposable
{
    public ShopHost(Action<ICarbonRealtimeBuilder> add, IStoreCache? cache = null)
    {
        Emulator = new RealtimeEmulator(new EmulatorOptions { Environment = Env.Environment });
        CarbonShop.CreateTables(Emulator);
        new CarbonShop(Emulator, new SeededRandomizer(1)).Seed(3);
        var token = Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray("co_1", "co_2") });
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton<TimeProvider>(Env.Time).AddSingleton<WorkScheduler>(Env.Scheduler).AddSingleton<IRandomizer>(Env.Randomizer)
            .AddSingleton(Emulator.CreateSocketFactory());
        if (cache is not null)
        {
            builder.Services.AddSingleton(cache);
        }

        add(builder.Services
            .AddCarbonRealtime(o => (o.Url, o.ApiKey) = (Emulator.ProjectUrl, Emulator.AnonKey))
            .UseTenant("co_1")
            .UseAccessToken((_, _, _) => ValueTask.FromResult<string?>(token)));
        builder.Services.AddHttpClient("Carbon.Realtime").ConfigurePrimaryHttpMessageHandler(Emulator.CreateHttpHandler);
        Host = builder.Build();
    }

    public ManualEnvironment Env { get; } = new();

    public RealtimeEmulator Emulator { get; }

    public IHost Host { get; }

    public IRealtimeChannelManager Manager => Get<IRealtimeChannelManager>();

    public TService Get<TService>()
        where TService : notnull => Host.Services.GetRequiredService<TService>();

    /// <summary>Starts the host, which must not need the scheduler, and lets everything settle.</summary>
    public async Task StartAsync(double seconds = 1)
    {
        var starting = Host.StartAsync();
        starting.IsCompleted.Should().BeTrue("a host must not wait for a server");
        await starting;
        Advance(seconds);
    }

    public async Task StopAsync()
    {
        var stopping = Host.StopAsync();
        Env.RunUntilIdle();
        await stopping.WaitAsync(TimeSpan.FromSeconds(30)); // of the test's own patience: no time passes in the host
    }

    public void Advance(double seconds) => Env.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Not the host's own: it waits, and the scheduler that it waits for stands still.</summary>
    public void Dispose()
    {
        Manager.Dispose();
        Env.RunUntilIdle();
        Emulator.Dispose();
    }
}
