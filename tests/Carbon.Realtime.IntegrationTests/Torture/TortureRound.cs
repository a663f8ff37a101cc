using System.Collections.Concurrent;

namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>One round: threads with seeded programs do everything at once that a program can do with a manager; then all must be well, and then the manager is disposed in their midst.</summary>
internal sealed class TortureRound : IDisposable
{
    private const int Programs = 5;
    private const int Writers = 2;

    private readonly CancellationToken _hang;
    private readonly int _seed;
    private readonly ConcurrentQueue<(string Name, Task Task, bool OutlivesThePrograms)> _tasks = new();

    public TortureRound(int seed, Figures figures, CancellationToken hang)
    {
        (_seed, _hang) = (seed, hang);
        World = new TortureWorld(seed, figures);
        Stores =
        [
            World.Manager.Store(TortureWorld.Parts),
            World.Manager.Store(TortureWorld.OpenParts),
            World.Manager.Store(TortureWorld.Parts, new StoreOptions<Part> { SignalOnly = true, Order = TortureWorld.ByStatus }),
            World.Manager.Store(TortureWorld.Bins),
        ];
    }

    public TortureWorld World { get; }

    /// <summary>The signed-in user's stores, which live as long as the round.</summary>
    public IReadOnlyList<ILiveStore<string, Part>> Stores { get; }

    // Queues and no bags: a bag holds what it held for as long as the threads live that used it.
    public ConcurrentQueue<IWitness> Witnesses { get; } = [];

    /// <summary>What anybody may dispose.</summary>
    public ConcurrentQueue<IDisposable> Disposables { get; } = [];

    public ConcurrentQueue<(ITenantScope Scope, bool IsBobs)> Scopes { get; } = [];

    public ConcurrentQueue<BoundList> Lists { get; } = [];

    public UiLoop Ui { get; } = new();

    /// <summary>What each thread does now.</summary>
    public ConcurrentDictionary<string, string> Doing { get; } = [];

    /// <summary>Whether all is being compared, and nobody may change anything.</summary>
    public bool IsMeeting { get; private set; }

    public bool IsEnding { get; private set; }

    public CancellationToken Hang => _hang;

    /// <summary>What must end: with a value, by cancellation, or with one of the errors that are declared.</summary>
    /// <param name="name">What it is called in a failure.</param>
    /// <param name="task">It.</param>
    /// <param name="outlivesThePrograms">Whether only the manager's disposal need end it.</param>
    public void Watch(string name, Task task, bool outlivesThePrograms = false)
    {
        World.Figures.Task();
        _tasks.Enqueue((name, task, outlivesThePrograms));
    }

    public async Task RunAsync()
    {
        foreach (var store in Stores)
        {
            Disposables.Enqueue(store.Start()); // one of many uses: who disposes it ends no other
            Witnesses.Enqueue(Begun(new StoreWitness(World, $"lasting {store.Table}", () => World.Allowed.Now), store.Changes));
        }

        var lasting = Stores.Select(static s => s.Start()).ToList();
        var list = await BindAsync();
        await RunThreadsAsync(acts: 45, writes: 60, end: null);
        IsMeeting = true;
        await MeetAsync(list);
        IsMeeting = false;
        IsEnding = true;
        var closing = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        await RunThreadsAsync(acts: 14, writes: 20, () => closing.TrySetResult(World.Manager.DisposeAsync().AsTask()));
        await EndsAsync("the manager's disposal", await closing.Task);
        lasting.ForEach(static use => use.Dispose());
        await SettleAsync();
        World.Figures.Round();
    }

    public void Dispose()
    {
        Ui.Dispose();
        World.Dispose();
    }

    public static Witness<T> Begun<T>(Witness<T> witness, IObservable<T> source)
    {
        witness.Begin(source);
        return witness;
    }

    private async Task<BoundCollection<Part>> BindAsync()
    {
        BoundList? list = null;
        await EndsAsync("the binding", Ui.InvokeAsync(() => list = new BoundList(this, Stores[0])));
        Lists.Enqueue(list!);
        return list!.Rows;
    }

    /// <summary>Threads of their own, so that whatever blocks blocks no one of the pool's.</summary>
    private async Task RunThreadsAsync(int acts, int writes, Action? end)
    {
        var threads = new List<(string Name, Task Done)>();
        for (var i = 0; i < Programs; i++)
        {
            var program = new TortureProgram(this, new Random(HashCode.Combine(_seed, i, end is null)));
            var isEnder = i == 0;
            threads.Add(Start($"program {i}", () => program.Run(acts, isEnder ? end : null)));
        }

        for (var i = 0; i < Writers; i++)
        {
            var random = new Random(HashCode.Combine(_seed, -1 - i, end is null));
            threads.Add(Start($"writer {i}", () =>
            {
                for (var n = 0; n < writes; n++)
                {
                    World.Write(random);
                    Thread.Yield();
                }
            }));
        }

        foreach (var (name, done) in threads)
        {
            await EndsAsync(name, done);
        }
    }

    private static (string Name, Task Done) Start(string name, Action run)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                run();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true, Name = name }.Start();
        return (name, done.Task);
    }

    /// <summary>Nobody does anything any more: what was awaited has come, who has left hears nothing, and every store has what the database has.</summary>
    private async Task MeetAsync(BoundCollection<Part> list)
    {
        foreach (var (name, task, outlives) in _tasks)
        {
            if (!outlives)
            {
                await EndsAsync(name, task);
            }
        }

        await EndsAsync("posted work", World.Scheduler.WhenIdleAsync());
        foreach (var witness in Witnesses)
        {
            witness.OnBarrier();
        }

        var now = World.Allowed.Now;
        World.Require(now is { Companies.Count: 1, Users.Count: 1 }, $"{now}: somebody still changes it");
        var (company, user) = (now.Companies.Single(), now.Users.Single());
        World.Write(new Random(_seed)); // for those behind the barrier
        foreach (var store in Stores)
        {
            await EndsAsync($"verification of {store.Table}", store.VerifyAsync());
            var truth = World.Truth(store == Stores[3] ? "bin" : "part", user, company).Where(p => store != Stores[1] || p.Status == "s1");
            World.Require(store.Current.Rows.ToHashSet().SetEquals(truth), $"{store.Table} is not what the database has for {now}: {store.Status}");
        }

        await EndsAsync("the list", ShowsAsync(list, Stores[0].Current));
    }

    /// <summary>Completes when the list shows the rows.</summary>
    private async Task ShowsAsync(BoundCollection<Part> list, StoreSnapshot<string, Part> rows)
    {
        var shows = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look()
        {
            World.Require(Ui.IsCurrent, "the list changes on another thread than the interface's");
            if (list.ToHashSet().SetEquals(rows.Rows) && list.Count == rows.Count)
            {
                shows.TrySetResult();
            }
        }

        await Ui.InvokeAsync(() =>
        {
            list.Updated += (_, _) => Look();
            Look();
        });
        await shows.Task;
    }

    /// <summary>The manager is gone: every stream has ended, every task too, and nothing of it is left.</summary>
    private async Task SettleAsync()
    {
        foreach (var (name, task, _) in _tasks)
        {
            await EndsAsync(name, task);
        }

        foreach (var witness in Witnesses)
        {
            await EndsAsync($"the end of {witness.Name}", witness.Ended);
        }

        foreach (var list in Lists)
        {
            await EndsAsync("the end of a list", list.Ended);
        }

        await EndsAsync("posted work", World.Scheduler.WhenIdleAsync());
        // In this order: what was posted may have armed one, and one that was armed may have fired since.
        World.Require(!World.CountsTasks || World.Time.Armed.Count == 0, $"timers are left: {string.Join("; ", World.Time.Armed)}");
        await EndsAsync("posted work", World.Scheduler.WhenIdleAsync());
        World.Require(World.Emulator.Connections.Count == 0, $"{World.Emulator.Connections.Count} sockets are open");
        World.Require(World.Emulator.LastFault is null, $"the emulator: {World.Emulator.LastFault}");
        World.Require(World.Manager.Status.State == RealtimeState.Closed, $"the manager's status is {World.Manager.Status}");
        foreach (var store in Stores)
        {
            World.Require(store.Status.State == StoreState.Closed && store.Current.Count == 0, $"{store.Table} is {store.Status} with {store.Current.Count} rows");
        }

        foreach (var error in World.Log.Errors)
        {
            World.Require(false, $"the log: {error}");
        }
    }

    private async Task EndsAsync(string name, Task task)
    {
        try
        {
            await task.WaitAsync(_hang);
        }
        catch (OperationCanceledException) when (!task.IsCompleted)
        {
            throw new TimeoutException($"Seed {_seed}: {name} does not end. The threads: {string.Join(", ", Doing.Select(static d => $"{d.Key} {d.Value}"))}. What else was found: {string.Join("; ", World.Broken.Concat(World.Log.Errors))}");
        }
        catch (Exception e) when (e is RealtimeException { Reason: RealtimeErrorReason.TenantChanged } or ObjectDisposedException || (e is OperationCanceledException && task.IsCanceled))
        {
            World.Require(IsEnding || e is not ObjectDisposedException || name.StartsWith("scope", StringComparison.Ordinal), $"{name}: {e}");
        }
    }
}
