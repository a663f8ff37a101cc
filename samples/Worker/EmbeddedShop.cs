using System.Globalization;
using System.Text.Json.Nodes;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>A project of our own: the emulator on a loopback port, with the tables of two companies that never stop working.</summary>
/// <remarks>
/// It lives in memory, and yet the next run finds the same shop, some steps later, as a worker finds a real one: chance has a seed, so that as many steps give the same
/// rows with the same keys, and how many were taken is in a file. Who kills the program loses the number and not the promise: the shop goes
/// back in its story, and the worker recognises the labels it printed.
/// </remarks>
internal sealed class EmbeddedShop : IAccessTokenProvider, IAsyncDisposable
{
    /// <summary>The same address each time, if it can be had: cached rows belong to a project's address.</summary>
    private const int FavouritePort = 43190;

    /// <summary>What the shop does while nobody runs this program.</summary>
    private const int StepsBetweenRuns = 8;

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(0.4);

    private readonly RealtimeEmulator _emulator = new();
    private readonly CarbonShop _shop;
    private readonly string _company;
    private readonly string _stepsFile;
    private readonly CancellationTokenSource _closing = new();
    private RealtimeEmulatorHost _host = null!;
    private Task _running = Task.CompletedTask;
    private int _steps;

    private EmbeddedShop(string company, string folder)
    {
        _company = company;
        _stepsFile = Path.Combine(folder, "shop-steps");
        CarbonShop.CreateTables(_emulator);
        _shop = new CarbonShop(_emulator, new SeededRandomizer(290));
        _shop.Seed();
    }

    public Uri Url => _host.Url;

    public string ApiKey => _emulator.AnonKey;

    public static async Task<EmbeddedShop> StartAsync(string company, string folder, CancellationToken cancellationToken)
    {
        var shop = new EmbeddedShop(company, folder);
        var past = File.Exists(shop._stepsFile) && int.TryParse(await File.ReadAllTextAsync(shop._stepsFile, cancellationToken), out var steps)
            ? steps + StepsBetweenRuns
            : 0;
        while (shop._steps < past)
        {
            shop.Step();
        }

        shop._host = await ListenAsync(shop._emulator, cancellationToken);
        shop._running = shop.RunAsync(shop._closing.Token);
        return shop;
    }

    /// <summary>Signs in as an employee of the company: row level security shows the rows of this company only.</summary>
    public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult<string?>(_emulator.IssueToken(
            "label-worker", expiresIn: TimeSpan.FromDays(1), claims: new JsonObject { ["companies"] = new JsonArray(_company) }));

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _running;
        await _host.DisposeAsync();
        _emulator.Dispose();
        _closing.Dispose();
        Directory.CreateDirectory(Path.GetDirectoryName(_stepsFile)!);
        await File.WriteAllTextAsync(_stepsFile, _steps.ToString(CultureInfo.InvariantCulture));
    }

    private static async Task<RealtimeEmulatorHost> ListenAsync(RealtimeEmulator emulator, CancellationToken cancellationToken)
    {
        try
        {
            return await RealtimeEmulatorHost.StartAsync(emulator, FavouritePort, cancellationToken);
        }
        catch (EmulatorPortInUseException)
        {
            return await RealtimeEmulatorHost.StartAsync(emulator, cancellationToken: cancellationToken);
        }
    }

    private static JsonObject Key(EmulatorRow job) => new() { ["id"] = job.Text("id") };

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        using var beat = new PeriodicTimer(Pace);
        try
        {
            while (await beat.WaitForNextTickAsync(cancellationToken))
            {
                Step();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    /// <summary>Something happens in the shop; and each third time somebody in each company plans or releases a job, for labels are what is to be seen here.</summary>
    private void Step()
    {
        _shop.Step();
        if (++_steps % 3 == 0)
        {
            foreach (var company in CarbonShop.Companies)
            {
                PlanOrRelease(company);
            }
        }
    }

    private void PlanOrRelease(string company)
    {
        var planned = RowsOf("job", company).FirstOrDefault(static job => job.Text("status") == "planned");
        if (planned is not null)
        {
            _emulator.Update("job", Key(planned), """{"status":"released"}""");
            return;
        }

        var items = RowsOf("item", company).ToArray();
        _emulator.Insert("job", new JsonObject
        {
            ["id"] = $"job_{company}_{_steps}",
            ["companyId"] = company,
            ["jobId"] = $"L-{_steps}",
            ["itemId"] = items[_steps % items.Length].Text("id"),
            ["quantity"] = (_steps % 20) + 1,
        });
    }

    private IEnumerable<EmulatorRow> RowsOf(string table, string company) =>
        _emulator.Rows(table).Where(row => row.Text("companyId") == company).OrderBy(static row => row.Text("id"), StringComparer.Ordinal);
}
