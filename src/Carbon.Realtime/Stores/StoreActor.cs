using Carbon.Realtime.Changes;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Stores;

/// <summary>Keeps one identity's rows equal to the database. One logical thread: everything comes through the mailbox.</summary>
/// <remarks>
/// The rules are <see cref="ConvergenceRules{TKey, TRow}"/>'s; here is what they need: epochs, reads, time, and somebody to tell, each in a part of its own
/// that runs on this thread. What runs elsewhere (the socket's reader, reads, timers, the cache) only posts.
/// </remarks>
internal sealed class StoreActor<TKey, TRow>
    where TKey : notnull
{
    private readonly StoreContext<TKey, TRow> _context;
    private readonly Mailbox<RowEvent<TKey, TRow>> _mailbox;
    private readonly RowJudge<TRow> _judge;
    private readonly Publisher<TKey, TRow> _publisher;
    private readonly long _started;
    private RealtimeException? _excused;

    /// <param name="context">What all generations share.</param>
    /// <param name="identity">Whose rows.</param>
    /// <param name="publish">Given what is to be shown, on the scheduler, in order.</param>
    /// <param name="isWatched">Whether anybody wants changes one by one.</param>
    public StoreActor(StoreContext<TKey, TRow> context, StoreIdentity identity, Action<StorePublication<TKey, TRow>> publish, Func<bool> isWatched)
    {
        _context = context;
        Identity = identity;
        _started = context.Environment.TimeProvider.GetTimestamp();
        var definition = context.Table.Definition;
        var comparer = typeof(TKey).IsValueType && ReferenceEquals(definition.Key.Comparer, EqualityComparer<TKey>.Default) ? null : definition.Key.Comparer;
        Measured = context.Instruments.Store(context.Name);
        _judge = new RowJudge<TRow>(definition.Compare, context.Options.Version, context.Logger, context.Name);
        _publisher = new Publisher<TKey, TRow>(this, _judge, publish, isWatched);
        Rules = new ConvergenceRules<TKey, TRow>(comparer, _judge.IsSame, _judge.Version, context.Policy, _publisher) { IsRespelled = _judge.IsRespelled };
        Reconcile = new ReconcileSchedule(context.Environment.Randomizer, context.Options.ReconcilePeriod);
        _mailbox = new Mailbox<RowEvent<TKey, TRow>>(context.Environment.Scheduler, context.QueueCapacity)
        {
            OnEvents = Apply,
            OnOverflow = () => Epochs!.OnOverflow(),
            OnDone = Publish,
            OnThrown = OnThrown,
        };
        Deadlines = new Deadlines(context.Environment, () => Post(Deadlines!.RunDue));
        Alarms = new Alarms(Deadlines);
        Epochs = new Epochs<TKey, TRow>(this, context);
        Repairs = new Repairs<TKey, TRow>(this, context);
        Scans = new Scans<TKey, TRow>(this, context);
        Asking = new Asking<TKey, TRow>(this, context);
        Keeper = new CacheKeeper<TKey, TRow>(this, context);
    }

    public StoreIdentity Identity { get; }

    public StoreInstruments Measured { get; }

    public ConvergenceRules<TKey, TRow> Rules { get; }

    public Deadlines Deadlines { get; }

    public Alarms Alarms { get; }

    public ReconcileSchedule Reconcile { get; }

    public Epochs<TKey, TRow> Epochs { get; }

    public Repairs<TKey, TRow> Repairs { get; }

    public Scans<TKey, TRow> Scans { get; }

    public Asking<TKey, TRow> Asking { get; }

    public CacheKeeper<TKey, TRow> Keeper { get; }

    /// <summary>Since the actor's beginning.</summary>
    public TimeSpan Now => _context.Environment.TimeProvider.GetElapsedTime(_started);

    public bool IsStopped { get; private set; }

    /// <summary>Why the last scan failed, unless that was for a token that was replaced since.</summary>
    public RealtimeException? ReadError => ReferenceEquals(Scans.Error, _excused) ? null : Scans.Error;

    /// <inheritdoc cref="Publisher{TKey, TRow}.IsShown"/>
    public bool IsShown
    {
        get => _publisher.IsShown;
        set => _publisher.IsShown = value;
    }

    /// <summary>What it still writes into the cache after <see cref="Stop"/>.</summary>
    public StoreFlush Flush => new(Keeper.Flushed, Keeper.Ended);

    /// <summary>Begins: the cache first, for it is near, and the subscription at the same time.</summary>
    /// <param name="cacheReady">Completes when nobody writes into the cache any more who did before.</param>
    /// <param name="verifying">Those who want everything read: the first scan is theirs.</param>
    public void Start(Task cacheReady, IEnumerable<TaskCompletionSource> verifying) => Post(() =>
    {
        Scans.AwaitNext(verifying);
        Keeper.Load(cacheReady);
        Epochs.Attach();
    });

    /// <summary>Ends everything; nothing is published any more.</summary>
    /// <param name="keep">Whether what was not kept yet goes into the cache.</param>
    /// <param name="reason">Told to those who wait.</param>
    public void Stop(bool keep, Exception reason) => Post(() =>
    {
        IsStopped = true;
        Epochs.Detach();
        Scans.Stop(reason);
        Asking.Stop();
        Keeper.Flush(keep);
        Deadlines.Dispose();
        Measured.Dispose();
        _mailbox.Close();
    });

    /// <summary>Reads everything; completes when all that was committed before is shown.</summary>
    public void Verify(TaskCompletionSource done) => Post(() => Scans.Verify(done));

    /// <summary>Reads one row; completes when what was committed of it before is shown.</summary>
    public void Verify(TKey key, TaskCompletionSource done) => Post(() =>
    {
        if (Scans.WasRead)
        {
            // As if the stream had said that it changed: no read that is under way answers for it.
            Rules.OnEvent(new RowEvent<TKey, TRow>(RowEventKind.Ask, key, default, null), Now);
            Scans.AwaitSettled(key, done);
            Asking.Resume();
            Asking.Schedule();
        }
        else if (Scans.IsRunning || Scans.IsDue)
        {
            Scans.Verify(done);
        }
        else
        {
            Scans.AwaitNext([done]);
        }
    });

    /// <summary>The user's token is another one: a scan that failed for want of one is tried as soon as <see cref="RefusalPace"/> lets it, and not told of any more.</summary>
    /// <param name="noted">Told when what is shown says nothing of the last token.</param>
    public void OnTokenRenewed(Action noted) => Post(() =>
    {
        if (ReadError is { } error && StatusRules.IsAuth(error))
        {
            _excused = error;
            Scans.OnTokenRenewed();
        }

        try
        {
            Publish();
        }
        finally
        {
            noted(); // or nothing that is shown from now on would end anybody's wait
        }
    });

    /// <summary>Runs work on the actor's thread, unless it has stopped by then. Any thread, with any lock held.</summary>
    public void Post(Action work) => _mailbox.Post(() =>
    {
        if (!IsStopped)
        {
            work();
        }
    });

    /// <inheritdoc cref="Post(Action)"/>
    /// <param name="events">Applied in their order. Copied.</param>
    /// <param name="bytes">How large they came.</param>
    public void Post(ReadOnlySpan<RowEvent<TKey, TRow>> events, long bytes) => _mailbox.Post(events, bytes);

    /// <summary>Nobody may see the rows any more, or nobody can say that they may: all go, from the cache too.</summary>
    public void Purge()
    {
        Measured.Purged();
        Asking.Stop();
        Rules.Purge();
        Scans.Forget();
        IsShown = false;
        Keeper.Remove();
    }

    /// <summary>Everything was read.</summary>
    /// <param name="startedAt">When the scan began.</param>
    /// <param name="epoch">In which epoch, or which pause between two.</param>
    /// <param name="isRepairing">Whether it could tell a loss: only then is one that found none a good sign.</param>
    public void OnScanned(TimeSpan startedAt, int epoch, bool isRepairing)
    {
        IsShown = true;
        if (isRepairing)
        {
            Repairs.OnScanned();
        }

        Reconcile.OnPass(startedAt, Now, Rules.Rows.Count, isPolling: !Epochs.IsOpen);
        ScheduleReconcile();
        Keeper.OnChanged();
        Epochs.OnScanned(epoch);
        Asking.Resume();
    }

    /// <summary>The time of the next pass may be another one.</summary>
    public void ScheduleReconcile()
    {
        if (_context.Policy.Reconciles && Epochs.IsOpen)
        {
            Alarms.Set(Alarm.Reconcile, Reconcile.NextDue - Now, () => Scans.Request(ScanCause.Reconcile));
        }
    }

    private void Apply(ReadOnlySpan<RowEvent<TKey, TRow>> events)
    {
        if (IsStopped)
        {
            return;
        }

        var now = Now;
        var (puts, removes) = (0, 0);

        // Not where the user's code runs: readers would wait for it. Where changes are told, rows are compared, and are taken with each publication anyway.
        using (_publisher.IsRecording || _judge.Version is not null ? default : Rules.Rows.WriteInPlace())
        {
            foreach (ref readonly var e in events)
            {
                Repairs.OnEvent(e.Key);
                Rules.OnEvent(_context.IsSignalOnly ? e with { Kind = RowEventKind.Ask } : e, now);
                puts += e.Kind == RowEventKind.Put ? 1 : 0;
                removes += e.Kind == RowEventKind.Remove ? 1 : 0;
            }
        }

        Count(puts, removes, events.Length - puts - removes);
        _publisher.OnEvents(_context.Environment.TimeProvider.GetUtcNow(), events[^1].CommittedAt);
        Asking.Schedule();
        Scans.OnTouched();
    }

    private void Count(int puts, int removes, int asks)
    {
        if (_context.IsSignalOnly)
        {
            (puts, removes, asks) = (0, 0, puts + removes + asks);
        }

        Measured.Events(TagValue.Of(RowEventKind.Put), puts);
        Measured.Events(TagValue.Of(RowEventKind.Remove), removes);
        Measured.Events(TagValue.Of(RowEventKind.Ask), asks);
    }

    /// <summary>Something was left undone, nobody knows what: the scan that runs is not complete, and what was noted of changes neither.</summary>
    private void OnThrown(Exception e)
    {
        _judge.Tell(e);
        if (!IsStopped)
        {
            _publisher.Reset();
            Scans.OnThrown(e);
            Epochs.Miss(GapReason.Undecodable);
        }
    }

    private void Publish()
    {
        if (!IsStopped)
        {
            _publisher.Publish();
            Scans.TellVerified();
        }
    }
}
