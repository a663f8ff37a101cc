using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Interleavings;

/// <summary>A client and its server, the emulator, on one clock and one scheduler; what was promised in it is asked for at the end.</summary>
internal sealed class Shop
{
    public const string Table = "order";

    public static readonly RealtimeTable<string, Row> Orders =
        RealtimeTable.Define(Table, RowJson.Default.Row, "id", static r => r.Id).TenantScoped("companyId");

    private readonly List<(string Name, Task Task)> _tasks = [];
    private readonly List<Action> _ends = [];
    private readonly List<(Action Act, Action Check)> _last = [];
    private string? _user = "ada";
    private string? _fault;

    public Shop()
    {
        Emulator = new RealtimeEmulator(new EmulatorOptions { Environment = Env.Environment });
        Emulator.CreateTable(Table, static t => t.Column("id", "text").Column("companyId", "text").Column("name", "text").PrimaryKey("id").RowLevelSecurity(static (claims, _) => claims.Subject is not null));
        Insert("o1");
        Manager = new RealtimeChannelManager(
            new RealtimeOptions { Url = Emulator.ProjectUrl, ApiKey = Emulator.AnonKey, Tenant = "co_1" },
            new RealtimeDependencies
            {
                Environment = Env.Environment,
                SocketFactory = Emulator.CreateSocketFactory(),
                HttpMessageHandler = Emulator.CreateHttpHandler,
                AccessTokens = AccessTokenProvider.Of((_, _) => ValueTask.FromResult(_user is null ? null : Emulator.IssueToken(_user))),
                StoreCache = Cache,
            });
    }

    public ManualEnvironment Env { get; } = new();

    public RealtimeEmulator Emulator { get; }

    public InMemoryStoreCache Cache { get; } = new();

    public RealtimeChannelManager Manager { get; }

    /// <summary>Whose tokens the provider gives.</summary>
    public string? User
    {
        set => _user = value;
    }

    /// <summary>Time goes by, and all that is due is done, one thing after the other.</summary>
    public void Advance(double seconds) => Env.Advance(TimeSpan.FromSeconds(seconds));

    public void Insert(string id, string company = "co_1") => Emulator.Insert(Table, NewRow(id, company));

    public static JsonObject NewRow(string id, string company = "co_1") => new() { ["id"] = id, ["companyId"] = company, ["name"] = id };

    /// <summary>An observer that follows the table's changes; what it is promised is asked for when all is over.</summary>
    public Watcher<TableChange<string, Row>> Watch(string name) => Watch(name, () => Manager.Changes(Orders));

    public Watcher<T> Watch<T>(string name, IObservable<T> source) => Watch(name, () => source);

    private Watcher<T> Watch<T>(string name, Func<IObservable<T>> source)
    {
        // Between a store's last look at the disposal and the observer there is one at whose rows it brings.
        var watcher = new Watcher<T>(this, name) { MayBeUnderWay = typeof(T) == typeof(StoreChangeSet<string, Row>) };
        watcher.Subscribe(source);
        AtEnd(watcher.MustHaveEnded);
        return watcher;
    }

    /// <summary>What an observer found wrong: it may not throw through the library.</summary>
    public void Note(string fault) => Note(fault, isFault: true);

    public void Note(string fault, bool isFault) => _fault ??= isFault ? $"{fault} ({Interleaver.Me})" : null;

    /// <summary>A task that must end, in whatever declared way.</summary>
    public void MustEnd(string name, Func<Task> start)
    {
        var task = start();
        _tasks.Add((name, task));
    }

    /// <summary>Asked when all is over, the manager's end included.</summary>
    public void AtEnd(Action check) => _ends.Add(check);

    /// <summary>What is done when the program is over and some time has passed, and what must be true some time later.</summary>
    public void AtLast(Action act, Action check) => _last.Add((act, check));

    public static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(otherwise);
        }
    }

    /// <summary>The store shows what the database has.</summary>
    public void MustEqual(ILiveStore<string, Row> store, string company = "co_1")
    {
        var truth = Emulator.Rows(Table).Where(r => r.Text("companyId") == company).Select(static r => r.Text("id")!).Order(StringComparer.Ordinal);
        var shown = store.Current.Rows.Select(static r => r.Id).Order(StringComparer.Ordinal);
        Require(store.Status.State == StoreState.Live, $"the store is {store.Status.State}");
        Require(shown.SequenceEqual(truth), $"the store shows {string.Join(' ', shown)}, and the database has {string.Join(' ', truth)}");
    }

    /// <summary>The program is over: everything ends, every task too, and nothing is left.</summary>
    public void End()
    {
        Advance(20);
        foreach (var (act, check) in _last)
        {
            act();
            Advance(20);
            check();
        }

        var ending = Manager.DisposeAsync().AsTask();
        Advance(10);
        Require(_fault is null, _fault!);
        Require(ending.IsCompletedSuccessfully, $"the manager's end is {ending.Status}");
        foreach (var (name, task) in _tasks)
        {
            // What was awaited without a context is on its way through the thread pool: a hang is what takes a minute.
            Require(((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromMinutes(1)), $"{name} does not end");
            Require(
                !task.IsFaulted || task.Exception!.InnerException is RealtimeException or ObjectDisposedException or OperationCanceledException, $"{name} ended with {task.Exception}");
        }

        Advance(10);
        foreach (var check in _ends)
        {
            check();
        }

        Require(Emulator.Connections.Count == 0, "a connection is left");
        Require(Env.Scheduler.Pending == 0, "work is left");
        Emulator.Dispose();
        Require(Env.Time.NextDue() is null, "a timer is left");
    }
}

internal sealed class BrokenPromiseException(string message) : Exception(message);
