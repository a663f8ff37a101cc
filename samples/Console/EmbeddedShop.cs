using System.Text.Json.Nodes;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>A project of our own: the emulator on a loopback port, with the tables of two companies that never stop working.</summary>
internal sealed class EmbeddedShop : IAccessTokenProvider, IAsyncDisposable
{
    /// <summary>For who keeps a cache: cached rows belong to a project's address.</summary>
    private const int FavouritePort = 43191;

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(0.35);

    private readonly RealtimeEmulator _emulator;
    private readonly RealtimeEmulatorHost _host;
    private readonly string _tenant;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _running;

    private EmbeddedShop(RealtimeEmulator emulator, RealtimeEmulatorHost host, CarbonShop shop, string tenant)
    {
        _emulator = emulator;
        _host = host;
        _tenant = tenant;
        _running = shop.RunAsync(Pace, _closing.Token);
    }

    /// <summary>How to reach it.</summary>
    public RealtimeOptions Options => new() { Url = _host.Url, ApiKey = _emulator.AnonKey, Tenant = _tenant };

    /// <param name="tenant">Whose employee signs in; <see langword="null"/> for one of the first company.</param>
    /// <param name="isSameAddress">Whether to listen where it listened before, if that can be had.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    public static async Task<EmbeddedShop> StartAsync(string? tenant, bool isSameAddress, CancellationToken cancellationToken)
    {
        var emulator = new RealtimeEmulator();
        CarbonShop.CreateTables(emulator);

        // Chance with a seed: every run tells the same story. In this one all tables have their say soon, and both companies often.
        var shop = new CarbonShop(emulator, new SeededRandomizer(290));
        shop.Seed();
        var host = await ListenAsync(emulator, isSameAddress ? FavouritePort : 0, cancellationToken);
        return new EmbeddedShop(emulator, host, shop, tenant ?? CarbonShop.Companies[0]);
    }

    /// <summary>Signs in as an employee of the tenant: row level security shows the rows of this company only.</summary>
    public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult<string?>(_emulator.IssueToken(
            "employee-1", expiresIn: TimeSpan.FromDays(1), claims: new JsonObject { ["companies"] = new JsonArray(_tenant) }));

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _running;
        await _host.DisposeAsync();
        _emulator.Dispose();
        _closing.Dispose();
    }

    private static async Task<RealtimeEmulatorHost> ListenAsync(RealtimeEmulator emulator, int port, CancellationToken cancellationToken)
    {
        try
        {
            return await RealtimeEmulatorHost.StartAsync(emulator, port, cancellationToken);
        }
        catch (EmulatorPortInUseException)
        {
            return await RealtimeEmulatorHost.StartAsync(emulator, cancellationToken: cancellationToken);
        }
    }
}
