using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Interleavings;

/// <summary>A client and its server, the emulator, on one clock and one scheduler; what was promised in it is asked for at the end.</summary>
internal sealed class Shop
{
    public const string Table = "order";

    public static readonly RealtimeTable<string, Row> Orders =
        RealtimeTable.Define(Table, RowJson.Default.Row, "id", static r => r.Id).TenantScoped("companyId");

    private readonly List<(string Name, Task Task, Ending[] Allowed)> _tasks = [];
    private readonly List<Action> _ends = [];
    private readonly List<(Action Act, Action Check)> _last = [];
    private string? _user = "ada";
    private string? _fault;

    public Shop()
    {
        Emulator = new RealtimeEmulator(new EmulatorOptions { Environment = Env.Environment });
        Emulator.CreateTable(Table, static t => t
            .Column("id", "text").Column("companyId", "text").Column("owner", "text").Column("name", "text").PrimaryKey("id")
            .RowLevelSecurity(static (claims, row) => claims.Subject is not null && (row.Text("owner") ?? claims.Subject) == claims.Subject));
        Insert("o1");
        Insert("a1", owner: "ada");
        Manager = new RealtimeChannelManager(
            new RealtimeOptions
            {
                Url = Emulator.ProjectUrl,
                ApiKey = Emulator.AnonKey,
                Tenant = "co_1",
                AccessTokenTimeout = TimeSpan.FromMinutes(5), // longer than a program: however fast time goes by beside it, the provider is not too late
            },
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

    public void Insert(string id, string company = "co_1", string? owner = null) => Emulator.Insert(Table, NewRow(id, company, owner));

    public static JsonObject NewRow(string id, string company = "co_1", string? owner = null) =>
        new() { ["id"] = id, ["companyId"] = company, ["owner"] = owner, ["name"] = id };

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

    /// <summary>A task that must end: well, or in one of the ways that are named.</summary>
    public Task MustEnd(string name, Func<Task> start, params Ending[] allowed)
    {
        var task = start();
        _tasks.Add((name, task, allowed));
        return task;
    }

    /// <summary>The run is over: what was awaited without a context is on its way through the thread pool, and a hang is what takes a minute.</summary>
    public static void Await(string name, Task task) => Require(((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromMinutes(1)), $"{name} does not end");

    /// <summary>Done on the scheduler when the task has run to completion: where a user's own code would go on.</summary>
    public Task Then(Task task, Action next) => task.ContinueWith(
        t =>
        {
            t.GetAwaiter().GetResult();
            next();
        },
        CancellationToken.None,
        TaskContinuationOptions.None,
        Env.Scheduler.TaskScheduler);

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

    /// <summary>The store shows what the database has for that user.</summary>
    public void MustEqual(ILiveStore<string, Row> store, string company = "co_1", string user = "ada")
    {
        Require(store.Status.State == StoreState.Live, $"the store is {store.Status.State}");
        MustBeAll("the store", store.Current.Rows, company, user);
    }

    /// <summary>These are the rows that the database has for that user.</summary>
    public void MustBeAll(string who, IEnumerable<Row> rows, string company = "co_1", string user = "ada")
    {
        var truth = Emulator.Rows(Table).Where(r => r.Text("companyId") == company && (r.Text("owner") ?? user) == user).Select(static r => r.Text("id")!).Order(StringComparer.Ordinal);
        var shown = rows.Select(static r => r.Id).Order(StringComparer.Ordinal);
        Require(shown.SequenceEqual(truth), $"{who} has {string.Join(' ', shown)}, and the database {string.Join(' ', truth)}");
    }

    /// <summary>A store whose manager or scope has ended shows nothing, and says so.</summary>
    public static void MustBeClosed(ILiveStore<string, Row> store) =>
        Require(store.Status.State == StoreState.Closed && store.Current.Count == 0, $"a store that has ended is {store.Status} with {store.Current.Count} rows");

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
        foreach (var (name, task, allowed) in _tasks)
        {
            Await(name, task);
            Require(task.IsCompletedSuccessfully || allowed.Contains(EndingOf(task)), $"{name} ended {task.Status} with {task.Exception?.InnerException}");
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

    private static Ending EndingOf(Task task) => task.Exception?.InnerException switch
    {
        null => Ending.Cancelled,
        ObjectDisposedException => Ending.Disposed,
        RealtimeException { Reason: RealtimeErrorReason.TenantChanged } => Ending.TenantChanged,
        _ => Ending.Fault,
    };
}

/// <summary>How a task may end other than well, where that was declared.</summary>
internal enum Ending
{
    Fault,
    Disposed,
    TenantChanged,
    Cancelled,
}

internal sealed class BrokenPromiseException(string message) : Exception(message);
