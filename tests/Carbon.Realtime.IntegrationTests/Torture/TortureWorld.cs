using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>A project in memory, in real time, and one client of it on the real thread pool.</summary>
internal sealed class TortureWorld : IDisposable
{
    public const string Ada = "ada";
    public const string Bob = "bob";

    private readonly ConcurrentQueue<string> _broken = new();
    private int _inserted;

    public TortureWorld(int seed, Figures figures)
    {
        Figures = figures;
        CountsTasks = seed % 2 == 0;
        Scheduler = new CountedScheduler(CountsTasks);
        Time = new CountedTime(Scheduler);
        Emulator = new RealtimeEmulator(new EmulatorOptions
        {
            ReceivedFrameLogLimit = 0,
            Timing = new EmulatorTiming
            {
                PollDelay = EmulatorDelay.Milliseconds(0, 4),
                SubscribeDelay = EmulatorDelay.Milliseconds(0, 2),
                ReadDelay = EmulatorDelay.Milliseconds(0, 2),
                AnswerDelay = EmulatorDelay.Milliseconds(0, 2),
                ResubscribeDelay = EmulatorDelay.Milliseconds(0, 5),
            },
        });
        foreach (var table in Tables)
        {
            Emulator.CreateTable(table, static t => t
                .Column("id", "text").Column("companyId", "text").Column("status", "text").Column("secret", "bool")
                .PrimaryKey("id").ReplicaIdentityFull()
                .RowLevelSecurity(static (claims, row) => row.Text("secret") != "true" || claims.Subject == Ada));
        }

        Users = new Users(Emulator);
        var dependencies = Emulator.CreateDependencies(Users);
        Manager = new RealtimeChannelManager(
            new RealtimeOptions
            {
                Url = Emulator.ProjectUrl,
                ApiKey = Emulator.AnonKey,
                Tenant = Companies[0],
                TenantColumn = "companyId",
                GroupWindow = TimeSpan.FromMilliseconds(seed % 2 * 2),
                Linger = TimeSpan.FromMilliseconds(seed % 3 * 10),
                ReconnectDelayMin = TimeSpan.FromMilliseconds(50),
                ReconnectDelayMax = TimeSpan.FromMilliseconds(50),
                ReturnSpread = TimeSpan.Zero,
                QueueCapacity = seed % 4 == 3 ? 16 : 8192,
            },
            new RealtimeDependencies
            {
                Environment = new RealtimeEnvironment(Time, Scheduler, new SeededRandomizer(seed)),
                SocketFactory = dependencies.SocketFactory,
                HttpMessageHandler = dependencies.HttpMessageHandler,
                AccessTokens = Users,
                LoggerFactory = Log,
                StoreCache = seed % 2 == 0 ? Cache() : null,
            });
    }

    public static IReadOnlyList<string> Companies { get; } = ["co_1", "co_2", "co_3"];

    public static IReadOnlyList<string> Tables { get; } = ["part", "bin"];

    public static RealtimeTable<string, Part> Parts { get; } = RealtimeTable.Define("part", PartJson.Default.Part, "id", static p => p.Id).TenantScoped("companyId");

    public static RealtimeTable<string, Part> Bins { get; } = RealtimeTable.Define("bin", PartJson.Default.Part, "id", static p => p.Id).TenantScoped("companyId");

    public static RealtimeTable<string, Part> OpenParts { get; } = Parts.Where("status=eq.s1");

    public Figures Figures { get; }

    public RealtimeEmulator Emulator { get; }

    public Users Users { get; }

    public RealtimeChannelManager Manager { get; }

    /// <summary>Whether the steps of loops are counted too. Where they are not, they run as in production, and nobody knows when the last one is done.</summary>
    public bool CountsTasks { get; }

    public CountedScheduler Scheduler { get; }

    public CountedTime Time { get; }

    public TortureLog Log { get; } = new();

    public AllowedNow Allowed { get; } = new(Companies[0], Ada);

    /// <summary>What did not hold, of all threads.</summary>
    public IReadOnlyCollection<string> Broken => _broken;

    public static int ByStatus(Part x, Part y) => string.CompareOrdinal(x.Status, y.Status);

    /// <summary>Never throws: who is called back must not be the one that fails.</summary>
    public void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            _broken.Enqueue(otherwise);
        }
    }

    /// <summary>One write of somebody else.</summary>
    public void Write(Random random)
    {
        Figures.Write();
        var table = Tables[random.Next(8) == 0 ? 1 : 0];
        var rows = Emulator.Rows(table);
        var at = rows.Count == 0 ? null : rows[random.Next(rows.Count)].Text("id")!;
        switch (random.Next(rows.Count > 60 ? 11 : 7))
        {
            case 6:
                // A burst: what waits for an observer when its tenant changes.
                Emulator.Transaction(t =>
                {
                    foreach (var row in t.Rows(table).Take(30))
                    {
                        t.Update(table, row.Text("id")!, new JsonObject { ["status"] = $"s{random.Next(4)}" });
                    }
                });
                break;
            case 0 or 1 or 2:
                Emulator.Insert(table, new JsonObject
                {
                    ["id"] = $"{table[0]}{Interlocked.Increment(ref _inserted)}",
                    ["companyId"] = Companies[random.Next(Companies.Count)],
                    ["status"] = $"s{random.Next(4)}",
                    ["secret"] = random.Next(4) == 0,
                });
                break;
            case 3 when at is not null:
                Emulator.Update(table, at, new JsonObject { ["status"] = $"s{random.Next(4)}" });
                break;
            case 4 when at is not null:
                Emulator.Update(table, at, new JsonObject { ["companyId"] = Companies[random.Next(Companies.Count)] });
                break;
            case > 4 when at is not null:
                Emulator.Delete(table, at);
                break;
        }
    }

    /// <summary>What a user may see of a company's rows.</summary>
    public IEnumerable<Part> Truth(string table, string user, string company) =>
        from row in Emulator.Rows(table)
        where row.Text("companyId") == company && (row.Text("secret") != "true" || user == Ada)
        select new Part { Id = row.Text("id")!, CompanyId = company, Status = row.Text("status"), Secret = row.Text("secret") == "true" };

    public void Dispose() => Emulator.Dispose();

    private static InMemoryStoreCache Cache() => new()
    {
        Loading = static async (_, _) => await Task.Yield(),
        Saving = static async (_, _, _) => await Task.Yield(),
    };
}

/// <summary>Who is signed in, and tokens for them.</summary>
internal sealed class Users(RealtimeEmulator emulator) : IAccessTokenProvider
{
    private int _asked;
    private string _current = TortureWorld.Ada;

    public string Current
    {
        get => Volatile.Read(ref _current);
        set => Volatile.Write(ref _current, value);
    }

    public string TokenOf(string user) => emulator.IssueToken(user);

    public async ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken)
    {
        // Now and then at once and now and then later: both are to be survived.
        if (Interlocked.Increment(ref _asked) % 3 != 0)
        {
            await Task.Yield();
        }

        return TokenOf(Current);
    }
}

/// <summary>Keeps what the library says at the levels at which somebody would be woken, and counts what our own observers threw.</summary>
internal sealed class TortureLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _errors = new();
    private int _bites;

    public IReadOnlyCollection<string> Errors => _errors;

    public int Bites => Volatile.Read(ref _bites);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var said = formatter(state, exception);
        if (exception is PlannedBite)
        {
            Interlocked.Increment(ref _bites);
        }
        else if (logLevel >= LogLevel.Error)
        {
            _errors.Enqueue($"{eventId.Id} {said} {exception}");
        }
    }
}
