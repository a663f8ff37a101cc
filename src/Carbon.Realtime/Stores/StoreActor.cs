using System.Collections.Immutable;
using Carbon.Realtime.Changes;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Stores;

/// <summary>Keeps one identity's rows equal to the database. One logical thread: everything comes through the mailbox.</summary>
/// <remarks>
/// The rules are <see cref="Convergence{TKey, TRow}"/>'s; here is what they need: epochs, reads, time, and somebody to tell. What runs elsewhere (the
/// socket's reader, reads, timers, the cache) only posts.
/// </remarks>
internal sealed class StoreActor<TKey, TRow> : IRowSink<TKey, TRow>, IRowLog<TKey, TRow>
    where TKey : notnull
{
    /// <summary>Without an ok for this long at the start, rows are read without it: a cold server takes its time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Without an ok for this long after one, it is more than an interruption.</summary>
    private static readonly TimeSpan OfflineAfter = TimeSpan.FromSeconds(10);

    /// <summary>A key in doubt for longer than this makes the store say so.</summary>
    private static readonly TimeSpan LongDoubt = TimeSpan.FromSeconds(10);

    private readonly StoreContext<TKey, TRow> _context;
    private readonly Action<StorePublication<TKey, TRow>> _publish;
    private readonly Func<bool> _isWatched;
    private readonly Mailbox<RowEvent<TKey, TRow>> _mailbox;
    private readonly Suspicions<TKey> _suspicions;
    private readonly ImmutableArray<StoreChange<TKey, TRow>>.Builder _changes = ImmutableArray.CreateBuilder<StoreChange<TKey, TRow>>();
    private readonly long _started;
    private readonly Deadlines.Deadline?[] _alarms = new Deadlines.Deadline?[Enum.GetValues<Alarm>().Length];
    private IDisposable? _attachment;
    private bool _isRecording;
    private bool _hasChanged;
    private bool _wasShown;
    private bool _isOffline;
    private bool _isPolled;
    private bool _hasOverflowed;
    private bool _isDoubtful;
    private bool _hasThrown;
    private TimeSpan _asksAt;
    private TimeSpan _epochSince;
    private RealtimeException? _feedError;
    private DateTimeOffset? _feedRetry;
    private DateTimeOffset? _lastEventAt;
    private TimeSpan? _lag;
    private StoreStatus? _status;

    /// <param name="context">What all generations share.</param>
    /// <param name="identity">Whose rows.</param>
    /// <param name="publish">Given what is to be shown, on the scheduler, in order.</param>
    /// <param name="isWatched">Whether anybody wants changes one by one.</param>
    public StoreActor(StoreContext<TKey, TRow> context, StoreIdentity identity, Action<StorePublication<TKey, TRow>> publish, Func<bool> isWatched)
    {
        _context = context;
        Identity = identity;
        _publish = publish;
        _isWatched = isWatched;
        _started = context.Environment.TimeProvider.GetTimestamp();
        var definition = context.Table.Definition;
        var comparer = typeof(TKey).IsValueType && ReferenceEquals(definition.Key.Comparer, EqualityComparer<TKey>.Default) ? null : definition.Key.Comparer;
        Measured = context.Instruments.Store(context.Name);
        Rules = new Convergence<TKey, TRow>(
            comparer, IsSame, context.Options.Version is { } version ? row => VersionOf(version, row) : null, context.Policy, this);
        _suspicions = new Suspicions<TKey>(definition.Key.Comparer);
        Reconcile = new ReconcileSchedule(context.Environment.Randomizer, context.Options.ReconcilePeriod);
        _mailbox = new Mailbox<RowEvent<TKey, TRow>>(context.Environment.Scheduler, context.QueueCapacity)
        {
            OnEvents = Apply,
            OnOverflow = OnOverflow,
            OnDone = Publish,
            OnThrown = OnThrown,
        };
        Deadlines = new Deadlines(context.Environment, () => _mailbox.Post(RunDue));
        Scans = new Scans<TKey, TRow>(this, context);
        Asking = new Asking<TKey, TRow>(this, context);
        Keeper = new CacheKeeper<TKey, TRow>(this, context);
    }

    /// <summary>What happens at a time of its own.</summary>
    internal enum Alarm
    {
        /// <summary>Keys in doubt are due.</summary>
        Ask,

        /// <summary>Everything is to be read again.</summary>
        Reconcile,

        /// <summary>There is no epoch: rows are read without one.</summary>
        Poll,

        /// <summary>A repair is clear.</summary>
        Suspicion,

        /// <summary>Changed rows go into the cache.</summary>
        Save,

        /// <summary>The status says something else although nothing happened.</summary>
        Status,
    }

    public StoreIdentity Identity { get; }

    public StoreInstruments Measured { get; }

    public Convergence<TKey, TRow> Rules { get; }

    public Deadlines Deadlines { get; }

    public ReconcileSchedule Reconcile { get; }

    public Scans<TKey, TRow> Scans { get; }

    public Asking<TKey, TRow> Asking { get; }

    public CacheKeeper<TKey, TRow> Keeper { get; }

    /// <summary>Since the actor's beginning.</summary>
    public TimeSpan Now => _context.Environment.TimeProvider.GetElapsedTime(_started);

    /// <summary>Changes with every beginning and end of one: what was read in another one is not the whole truth.</summary>
    public int Epoch { get; private set; }

    public bool IsEpoch { get; private set; }

    public bool IsStopped { get; private set; }

    /// <summary>Whether rows are shown: all of the cache, or all of the database.</summary>
    public bool IsShown { get; set; }

    /// <summary>Begins: the cache first, for it is near, and the subscription at the same time.</summary>
    public void Start() => _mailbox.Post(() =>
    {
        Keeper.Load();
        SetAlarm(Alarm.Poll, Patience, () => OnPatienceEnded(isFirst: true));
        Attach();
    });

    /// <summary>Completes when nothing more is written into the cache; after <see cref="Stop"/>.</summary>
    public Task Flushed => Keeper.Flushed;

    /// <summary>Ends everything; nothing is published any more.</summary>
    /// <param name="keep">Whether what was not kept yet goes into the cache.</param>
    /// <param name="reason">Told to those who wait.</param>
    public void Stop(bool keep, Exception reason) => _mailbox.Post(() =>
    {
        if (IsStopped)
        {
            return;
        }

        IsStopped = true;
        Detach();
        Scans.Stop(reason);
        Asking.Stop();
        Keeper.Flush(keep);
        Deadlines.Dispose();
        Measured.Dispose();
        _mailbox.Close();
    });

    /// <summary>Reads everything; completes when all that was committed before is shown.</summary>
    public void Verify(TaskCompletionSource done) => _mailbox.Post(() => Scans.Verify(done));

    /// <summary>Runs work on the actor's thread.</summary>
    public void Post(Action work) => _mailbox.Post(() =>
    {
        if (!IsStopped)
        {
            work();
        }
    });

    /// <summary>Schedules what has a time of its own; a second one replaces the first.</summary>
    public void SetAlarm(Alarm alarm, TimeSpan wait, Action action)
    {
        ClearAlarm(alarm);
        _alarms[(int)alarm] = Deadlines.Schedule(wait < TimeSpan.Zero ? TimeSpan.Zero : wait, () =>
        {
            _alarms[(int)alarm] = null;
            action();
        });
    }

    public bool HasAlarm(Alarm alarm) => _alarms[(int)alarm] is not null;

    /// <summary>Asks for no key before a while is over, whatever comes into doubt meanwhile.</summary>
    public void PauseAsking(TimeSpan wait)
    {
        _asksAt = TimeSpan.MinValue;
        SetAlarm(Alarm.Ask, wait, Asking.Begin);
    }

    public void ClearAlarm(Alarm alarm)
    {
        _alarms[(int)alarm]?.Cancel();
        _alarms[(int)alarm] = null;
    }

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

    /// <summary>Everything was read, in the epoch that is now or in none.</summary>
    /// <param name="startedAt">When the scan began.</param>
    /// <param name="isRepairing">Whether it could tell a loss: only then is one that found none a good sign.</param>
    public void OnScanned(TimeSpan startedAt, bool isRepairing)
    {
        var now = Now;
        IsShown = true;
        _isPolled = !IsEpoch;
        _hasOverflowed = false;
        if (isRepairing)
        {
            _suspicions.OnPass();
        }

        Reconcile.OnPass(startedAt, now, Rules.Rows.Count, isPolling: !IsEpoch);
        Reconcile.IsLossy = _suspicions.IsLossy;
        ScheduleReconcile();
        Keeper.OnChanged();
        if (!IsEpoch)
        {
            SetAlarm(Alarm.Poll, Reconcile.Period, () => OnPatienceEnded(isFirst: false));
        }
    }

    public void ScheduleReconcile()
    {
        if (_context.Policy.Reconciles && IsEpoch)
        {
            SetAlarm(Alarm.Reconcile, Reconcile.NextDue - Now, () => Scans.Request(ScanCause.Reconcile));
        }
    }

    /// <summary>Keys came into doubt, or are to be asked for again.</summary>
    public void ScheduleAsking()
    {
        // A key may come that is due before those that are waited for.
        if (!Rules.IsAsking && (!HasAlarm(Alarm.Ask) || Rules.Doubts.Soonest < _asksAt) && Rules.Doubts.NextDue is { } due)
        {
            _asksAt = due;
            SetAlarm(Alarm.Ask, due - Now, Asking.Begin);
        }

        if (!HasAlarm(Alarm.Status) && Rules.Doubts.Count > 0)
        {
            SetAlarm(Alarm.Status, LongDoubt, LookAtDoubts);
        }
    }

    /// <summary>Whether a key has been in doubt for too long: looked at when that may have changed, for it means looking at all of them.</summary>
    public void LookAtDoubts()
    {
        _isDoubtful = Rules.Doubts.Oldest is { } oldest && Now - oldest >= LongDoubt;
        ClearAlarm(Alarm.Status);
        ScheduleAsking();
    }

    /// <summary>A read put a row right that no event had spoken of.</summary>
    public void OnRepair(TKey key, RepairKind kind)
    {
        // A row leaves the filter without an event, and a joined table's column changes without one: no proof of a loss.
        var isProof = kind == RepairKind.Missing || (kind == RepairKind.Stale && _context.Options is { SignalTable: null, Select: null });
        _suspicions.OnRepair(key, kind, isProof, Now);
        if (!HasAlarm(Alarm.Suspicion))
        {
            SetAlarm(Alarm.Suspicion, Suspicions<TKey>.Grace, LookAtSuspicions);
        }
    }

    void IRowSink<TKey, TRow>.OnEpoch() => Post(BeginEpoch);

    void IRowSink<TKey, TRow>.OnEpochEnded() => Post(EndEpoch);

    void IRowSink<TKey, TRow>.OnMissed(GapReason reason) => Post(() => Miss(reason));

    void IRowSink<TKey, TRow>.OnEvents(ReadOnlySpan<RowEvent<TKey, TRow>> events) => _mailbox.Post(events);

    void IRowSink<TKey, TRow>.OnStatus(RealtimeStatus status) => Post(() => OnFeedStatus(status));

    void IRowSink<TKey, TRow>.OnEnded(Exception? error) => Post(() => OnFeedEnded(error));

    void IRowLog<TKey, TRow>.Added(TKey key, TRow row) => Log(new(StoreChangeKind.Added, key, row, default));

    void IRowLog<TKey, TRow>.Updated(TKey key, TRow row, TRow before)
    {
        // What a read has brought before is no change to tell of. Where nobody is told, comparing costs more than all the rest.
        if (!IsRecording || !EqualityComparer<TRow>.Default.Equals(row, before))
        {
            Log(new(StoreChangeKind.Updated, key, row, before));
        }
    }

    void IRowLog<TKey, TRow>.Removed(TKey key, TRow before) => Log(new(StoreChangeKind.Removed, key, default, before));

    /// <summary>Whether this publication's changes are told one by one. A subscriber that comes in the middle gets everything anew.</summary>
    private bool IsRecording => _hasChanged ? _isRecording : _isWatched();

    private void Log(in StoreChange<TKey, TRow> change)
    {
        _isRecording = IsRecording;
        _hasChanged = true;
        if (_isRecording)
        {
            _changes.Add(change);
        }

        Keeper.Note(change.Key);
    }

    private void Apply(ReadOnlySpan<RowEvent<TKey, TRow>> events)
    {
        if (IsStopped)
        {
            return;
        }

        var now = Now;
        var (puts, removes) = (0, 0);
        foreach (ref readonly var e in events)
        {
            _suspicions.OnEvent(e.Key);
            Rules.OnEvent(_context.IsSignalOnly ? e with { Kind = RowEventKind.Ask } : e, now);
            puts += e.Kind == RowEventKind.Put ? 1 : 0;
            removes += e.Kind == RowEventKind.Remove ? 1 : 0;
        }

        Count(puts, removes, events.Length - puts - removes);

        var utc = _context.Environment.TimeProvider.GetUtcNow();
        _lastEventAt = utc;
        if (events[^1].CommittedAt is { } committed)
        {
            _lag = utc > committed ? utc - committed : TimeSpan.Zero;
        }

        ScheduleAsking();
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

    private void Attach()
    {
        try
        {
            var feed = _context.CreateFeed(Identity);
            lock (_context.Gate)
            {
                _attachment = feed.Attach(this);
                Feed = feed;
                OnFeedStatus(feed.Status.Current);
            }
        }
        catch (RealtimeException e)
        {
            OnFeedEnded(e);
        }
        catch (ArgumentException e)
        {
            OnFeedEnded(new RealtimeException(RealtimeErrorReason.UnsafeFilter, e.Message, isTransient: false, innerException: e));
        }
        catch (ObjectDisposedException)
        {
            OnFeedEnded(null); // the manager ends, and this store with it
        }
    }

    private RowFeed<TKey, TRow>? Feed { get; set; }

    private void Detach()
    {
        // Its disposal takes the gate by itself.
        _attachment?.Dispose();
        _attachment = null;
        Feed = null;
    }

    private void BeginEpoch()
    {
        if (IsEpoch && !_context.Policy.RepeatedOkIsEpoch)
        {
            return;
        }

        Measured.Epoch(TagValue.Of(IsEpoch ? GapReason.Resubscribed : Epoch > 0 ? GapReason.Rejoined : GapReason.Started));
        Epoch++;
        IsEpoch = true;
        _isOffline = false;
        _isPolled = false;
        _epochSince = Now;
        ClearAlarm(Alarm.Poll);
        _suspicions.OnEpoch();
        Reconcile.OnEpoch(Now);
        if (_context.Policy.ReadsAwaitOk && (_context.Policy.EpochsAreRead || !Scans.WasRead))
        {
            Scans.Restart(ScanCause.Epoch);
        }
    }

    private void EndEpoch()
    {
        if (!IsEpoch)
        {
            return;
        }

        Epoch++;
        IsEpoch = false;
        Scans.Abandon();
        ClearAlarm(Alarm.Reconcile);
        SetAlarm(Alarm.Poll, OfflineAfter, () => OnPatienceEnded(isFirst: false));
    }

    /// <summary>The subscription goes on, but something was lost: from here on it is complete again.</summary>
    private void Miss(GapReason reason)
    {
        if (!IsEpoch)
        {
            return;
        }

        Measured.Epoch(TagValue.Of(reason));
        Epoch++;
        if (reason is GapReason.Partial or GapReason.Undecodable)
        {
            // One row, nobody knows which: the scan that runs is no worse for it, and another one follows.
            Scans.Request(ScanCause.Missed);
        }
        else
        {
            Scans.Restart(ScanCause.Missed);
        }
    }

    private void OnOverflow()
    {
        _hasOverflowed = true;
        Measured.Overflowed();
        StoresLog.Overflowed(_context.Logger, _context.Name);
        Miss(GapReason.Overflow);
    }

    private void OnPatienceEnded(bool isFirst)
    {
        _isOffline |= !isFirst || _feedError is not null;
        if (!IsEpoch)
        {
            Scans.Request(ScanCause.Poll);
        }
    }

    private void OnFeedStatus(RealtimeStatus status)
    {
        if (!_context.Policy.ReadsAwaitOk && status.State == RealtimeState.Joining)
        {
            Scans.Request(ScanCause.Poll);
        }

        _feedError = status.Error;
        _feedRetry = status.NextRetry;
        _isOffline |= !IsEpoch && status.State is RealtimeState.Recovering or RealtimeState.Faulted && status.Attempt > 1;
    }

    private void OnFeedEnded(Exception? error)
    {
        Detach();
        EndEpoch();
        _feedError = error as RealtimeException;
    }

    private void LookAtSuspicions()
    {
        var cure = _suspicions.Look(Now, Now - _epochSince, kind =>
        {
            StoresLog.Repaired(_context.Logger, _context.Name, kind);
            Measured.Repaired(TagValue.Of(kind));
            Reconcile.OnLoss();
        });
        Reconcile.IsLossy = _suspicions.IsLossy;
        if (_suspicions.NextDue is { } due)
        {
            SetAlarm(Alarm.Suspicion, due - Now, LookAtSuspicions);
        }

        if (cure is StreamCure.Rejoin or StreamCure.Reconnect && Feed is { } feed)
        {
            StoresLog.Renewing(_context.Logger, _context.Name, cure);
            lock (_context.Gate)
            {
                feed.Renew(socket: cure == StreamCure.Reconnect);
            }
        }

        ScheduleReconcile();
    }

    /// <summary>Two rows that cannot be compared are two.</summary>
    private bool IsSame(TRow one, TRow other)
    {
        try
        {
            return _context.Table.Definition.IsSame(one, other);
        }
#pragma warning disable CA1031 // Equality and converters are the user's code: what they throw costs a needless change, never rows.
        catch (Exception e)
#pragma warning restore CA1031
        {
            TellThrown(e);
            return false;
        }
    }

    /// <summary>A row without a version is older than any: its key is read.</summary>
    private long VersionOf(Func<TRow, long> version, TRow row)
    {
        try
        {
            return version(row);
        }
#pragma warning disable CA1031 // The user's code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            TellThrown(e);
            return long.MinValue;
        }
    }

    /// <summary>Something was left undone, nobody knows what: the scan that runs is not complete.</summary>
    private void OnThrown(Exception e)
    {
        TellThrown(e);
        if (!IsStopped)
        {
            Scans.OnThrown(e);
        }
    }

    /// <summary>Once: it may be every row.</summary>
    private void TellThrown(Exception e)
    {
        if (!_hasThrown)
        {
            _hasThrown = true;
            StoresLog.Thrown(_context.Logger, _context.Name, e.GetType().Name);
        }
    }

    private void RunDue()
    {
        if (!IsStopped)
        {
            Deadlines.RunDue();
        }
    }

    /// <summary>Shows what there is now, if it is another thing than before.</summary>
    private void Publish()
    {
        if (IsStopped)
        {
            return;
        }

        Measured.Now(IsShown ? Rules.Rows.Count : 0, Rules.Doubts.Count, Scans.AsOf);
        var status = StatusNow();
        var isReset = IsShown != _wasShown;
        if (!_hasChanged && !isReset && _status?.SaysTheSameAs(status) == true)
        {
            return;
        }

        // Before everything is there, nothing is shown: a half list looks like a whole one.
        var hasChanged = _hasChanged && IsShown;
        var rows = IsShown ? Rules.Rows.Publish() : RowImage<TKey, TRow>.Empty;
        var changes = hasChanged && !isReset && _isRecording ? _changes.DrainToImmutable() : [];
        isReset |= hasChanged && !_isRecording;
        _changes.Clear();
        _hasChanged = false;
        _wasShown = IsShown;
        _status = status;
        _publish(new StorePublication<TKey, TRow>(rows, status, isReset, changes));
        if (hasChanged)
        {
            Keeper.OnChanged();
        }
    }

    private StoreStatus StatusNow()
    {
        var (state, reason) = StatusRules.Of(new StoreFacts
        {
            IsShown = IsShown,
            WasRead = Scans.WasRead,
            IsEpoch = IsEpoch,
            IsVerified = Scans.VerifiedEpoch == Epoch,
            IsDoubtful = _isDoubtful,
            IsLossy = _suspicions.IsLossy,
            HasOverflowed = _hasOverflowed,
            IsOffline = _isOffline,
            IsPolled = _isPolled,
            ReadError = Scans.Error,
            FeedError = _feedError,
        });
        var (read, total) = Scans.Progress;
        return new StoreStatus
        {
            State = state,
            Reason = reason,
            AsOf = Scans.AsOf,
            LastEventAt = _lastEventAt,
            Lag = _lag,
            Unverified = Rules.Doubts.Count,
            RowsRead = read,
            RowsTotal = total,
            Error = Scans.Error ?? _feedError,
            NextRetry = Scans.NextRetry ?? _feedRetry,
        };
    }
}

/// <summary>What an actor shows.</summary>
/// <param name="Rows">All rows.</param>
/// <param name="Status">How true they are.</param>
/// <param name="IsReset">Whether <paramref name="Changes"/> do not lead here.</param>
/// <param name="Changes">How the rows came from the last ones.</param>
internal readonly record struct StorePublication<TKey, TRow>(
    RowImage<TKey, TRow> Rows, StoreStatus Status, bool IsReset, ImmutableArray<StoreChange<TKey, TRow>> Changes)
    where TKey : notnull;
