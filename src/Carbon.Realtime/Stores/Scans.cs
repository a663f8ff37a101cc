using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Stores;

/// <summary>Reads everything, one scan at a time, as often as it is worth while. On the actor's thread, but for the reading itself.</summary>
internal sealed class Scans<TKey, TRow>(StoreActor<TKey, TRow> actor, StoreContext<TKey, TRow> context)
    where TKey : notnull
{
    /// <summary>A scan that fails is tried again for so long before anybody is told of more than its error.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private TimeSpan? _failingSince;
    private Deadlines.Deadline? _patience;
    private static readonly TimeSpan SlowRetry = TimeSpan.FromMinutes(5);

    /// <summary>More keys than this are not remembered during a scan, but the scan begun anew when it is over.</summary>
    private const int MostTouched = 65_536;

    /// <summary>After so many that were given up one goes on to its end, whatever epochs come.</summary>
    private const int MostAbandoned = 2;

    private readonly ScanPace _pace = new(context.Environment.Randomizer);
    private readonly Backoff _failures = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2), TimeSpan.Zero, context.Environment.Randomizer);
    private readonly RefusalPace _refusals = new(SlowRetry, context.Environment.Randomizer);
    private readonly Verifications<TKey> _verifications = new();

    /// <summary>One that is idle: a run that was given up may still use its own.</summary>
    private SnapshotReader<TKey, TRow>? _reader;
    private Run? _run;
    private Deadlines.Deadline? _next;
    private TimeSpan _nextAt;
    private ScanCause? _wanted;

    /// <summary>How many scans in a row were given up for the sake of an epoch.</summary>
    private int _abandoned;

    /// <summary>Whether everything was read at least once.</summary>
    public bool WasRead { get; private set; }

    /// <summary>The epoch in which everything was read last.</summary>
    public int VerifiedEpoch { get; private set; } = -1;

    /// <summary>When the last complete scan began.</summary>
    public DateTimeOffset? AsOf { get; set; }

    /// <summary>Why the last scan failed; <see langword="null"/> once one succeeded.</summary>
    public RealtimeException? Error { get; private set; }

    /// <summary>Whether scans have failed for <see cref="Patience"/>, whatever they failed of.</summary>
    public bool IsFailingForLong => _failingSince is { } since && actor.Now - since >= Patience;

    public DateTimeOffset? NextRetry { get; private set; }

    /// <summary>Rows read by the scan that runs, and how many there are.</summary>
    public (long Read, long? Total) Progress => _run is { } run ? (run.Rows, run.Total) : default;

    public bool IsRunning => _run is not null;

    /// <summary>Whether the next scan waits for its time.</summary>
    public bool IsDue => _next is not null;

    /// <summary>A new epoch: what is being read does not tell all of it, and is begun anew.</summary>
    /// <remarks>
    /// Not if epochs come and go faster than everything is read: no scan would ever come to its end. Then the one that runs goes on; what it brings is
    /// newer than what there was, though it verifies nothing.
    /// </remarks>
    public void Restart(ScanCause cause)
    {
        var isHasty = _pace.Count(actor.Now);
        if (!isHasty)
        {
            AbandonForEpoch();
        }

        Request(cause, isHasty);
    }

    /// <summary>The epoch ended, and what is being read tells neither it nor the next one; who asked for it wants it all the same.</summary>
    /// <inheritdoc cref="Restart" path="/remarks"/>
    public void OnEpochEnded()
    {
        if (!_pace.IsHasty(actor.Now) && !_verifications.AnyUnderWay)
        {
            AbandonForEpoch();
        }

        if (_verifications.AnyWaiting)
        {
            Resume(); // what they waited for behind it
        }
    }

    /// <summary>Reads everything as soon as may be; a scan that runs is not enough, for it began before.</summary>
    public void Request(ScanCause cause) => Request(cause, cause == ScanCause.Missed && _pace.Count(actor.Now));

    /// <summary>As <see cref="Request(ScanCause)"/>, but a scan that will begin by itself is soon enough.</summary>
    public void RequestUnlessDue(ScanCause cause)
    {
        if (_next is null)
        {
            Request(cause);
        }
    }

    /// <summary>There is another token: what the last one was refused for says nothing of it. A scan that runs takes it by itself, or is made again.</summary>
    public void OnTokenRenewed()
    {
        if (_run is null)
        {
            Request(ScanCause.Retry);
        }
    }

    /// <summary>What something threw that has no business to throw: the scan may lack what came behind it.</summary>
    public void OnThrown(Exception e)
    {
        if (_run is { } run)
        {
            OnFailed(run, new RealtimeException(RealtimeErrorReason.Unknown, $"Taking rows in ended with {e.GetType().Name}.", isTransient: true, innerException: e));
        }
    }

    /// <summary>The cache was loaded, or given up, or a scan ended: what was asked for meanwhile may begin.</summary>
    public void Resume()
    {
        if (_wanted is { } cause)
        {
            _wanted = null;
            Request(cause, cause is ScanCause.Epoch or ScanCause.Missed && _pace.IsHasty(actor.Now) && !_verifications.AnyWaiting);
        }
    }

    /// <summary>Reads everything and tells when all that was committed before is shown.</summary>
    public void Verify(TaskCompletionSource done)
    {
        _verifications.Add(done);
        Request(ScanCause.Verify);
    }

    /// <summary>As <see cref="Verify"/>, but with the scan that begins by itself.</summary>
    public void AwaitNext(IEnumerable<TaskCompletionSource> waiting)
    {
        foreach (var done in waiting)
        {
            _verifications.Add(done);
        }
    }

    /// <summary>Tells when a key is in doubt no more.</summary>
    public void AwaitSettled(TKey key, TaskCompletionSource done) => _verifications.Add(key, done);

    /// <summary>Keys were given up, and are left to the next scan: who waits for one gets that.</summary>
    public void OnLeft()
    {
        if (_verifications.OnLeft(actor.Rules.Doubts))
        {
            Request(ScanCause.Verify);
        }
    }

    /// <summary>Keys could not be read.</summary>
    public void OnAskingFailed(Exception error) => _verifications.OnAskingFailed(error);

    /// <inheritdoc cref="Verifications{TKey}.Tell"/>
    public void TellVerified() => _verifications.Tell();

    /// <summary>Keys were settled: whoever waited for just these waits no longer.</summary>
    public void OnSettled() => _verifications.OnSettled(actor.Rules.Doubts);

    /// <summary>Events came: too many to remember what each touched?</summary>
    public void OnTouched()
    {
        if (_run is not null && actor.Rules.Touched > MostTouched)
        {
            Abandon(Operation.Abandoned);
            Request(ScanCause.Missed);
        }
    }

    /// <summary>The rows are gone: as if nothing had ever been read.</summary>
    public void Forget()
    {
        WasRead = false;
        VerifiedEpoch = -1;
        AsOf = null;
    }

    public void Stop(Exception reason)
    {
        Abandon(Operation.Abandoned);
        _verifications.OnStopped(reason);
    }

    private void Request(ScanCause cause, bool isHasty)
    {
        if (_run is not null || actor.Keeper.IsLoading)
        {
            _wanted = cause;
        }
        else if (cause != ScanCause.Verify && _refusals.Left(actor.Now) is var left && left > TimeSpan.Zero)
        {
            if (_next is null || _nextAt > actor.Now + left)
            {
                BeginAfter(left, cause);
            }
        }
        else if (!isHasty)
        {
            Begin(cause);
        }
        else if (_next is null)
        {
            // What is due already must not be put off by every further cause: it would never come.
            BeginAfter(_pace.NextWait(), cause);
        }
    }

    private void AbandonForEpoch()
    {
        if (_run is not null && _abandoned < MostAbandoned)
        {
            _abandoned++;
            Abandon(Operation.Abandoned);
        }
    }

    /// <summary>The scan that runs is of no use any more.</summary>
    private void Abandon(string outcome)
    {
        if (_run is { } run)
        {
            _run = null;
            actor.Rules.AbandonScan();
            Measure(run, outcome);
            actor.Keeper.OnChanged(); // which had waited for its end
            run.Cancel();
        }
    }

    private void Measure(Run run, string outcome) => actor.Measured.ScanEnded(TagValue.Of(run.Cause), outcome, actor.Now - run.Started);

    private void BeginAfter(TimeSpan wait, ScanCause cause)
    {
        _next?.Cancel();
        NextRetry = context.Environment.TimeProvider.GetUtcNow() + wait;
        _nextAt = actor.Now + wait;
        _next = actor.Deadlines.Schedule(wait, () =>
        {
            _next = null;
            Begin(cause);
        });
    }

    private void Begin(ScanCause cause)
    {
        _next?.Cancel();
        _next = null;
        NextRetry = null;
        _wanted = null;
        StoresLog.ScanBegun(context.Logger, context.Name, cause);
        actor.Rules.BeginScan();
        _verifications.OnScanBegun();
        var run = _run = new Run(
            cause, actor.Now, context.Environment.TimeProvider.GetUtcNow(), actor.Rules.Moment, actor.Epochs.Current,
            isRepairing: VerifiedEpoch == actor.Epochs.Current && actor.Epochs.IsOpen);
        run.Begin(actor, context, _reader, (reader, token) => ReadAsync(run, reader, token), e => OnEnded(run, e));
        _reader = null;
    }

    /// <summary>Runs beside the actor, and only posts.</summary>
    private async Task ReadAsync(Run run, SnapshotReader<TKey, TRow> reader, CancellationToken cancellationToken)
    {
        var start = run.Start;
        var result = await reader.ScanAsync(
            count: !WasRead,
            page =>
            {
                var (events, read) = (start, page);
                actor.Post(() => OnPage(run, read, events));
                start = actor.Rules.Moment; // the next page is asked for after this
                if (page.RowsSoFar / 2 > context.Options.MaxRows)
                {
                    throw TooManyRows(); // pages without end may come faster than they are taken in, and each waits in the mailbox
                }
            },
            cancellationToken);
        actor.Post(() => OnDone(run, result));
    }

    private void OnPage(Run run, SnapshotPage<TKey, TRow> page, long start)
    {
        if (run != _run)
        {
            return;
        }

        run.Rows = page.RowsSoFar;
        run.Total = page.Total;
        var unreadable = page.Unreadable.Where(static r => r.HasKey).Select(static r => r.Key!);
        actor.Rules.OnPage(page.Rows, unreadable, start, actor.Now, RepairsOf(run));
        if (run.Rows > context.Options.MaxRows)
        {
            OnFailed(run, TooManyRows());
        }
    }

    private RealtimeException TooManyRows() => new(
        RealtimeErrorReason.TableMisconfigured,
        $"{context.Name} has more than {context.Options.MaxRows} rows; filter the table, or raise StoreOptions.MaxRows.",
        isTransient: false);

    private void OnDone(Run run, in ScanResult result)
    {
        if (!TryTakeBack(run))
        {
            return;
        }

        if (!result.ProvesAbsence)
        {
            // What came is shown; but of what did not come nobody can say that it is gone.
            OnFailed(run, new RealtimeException(
                RealtimeErrorReason.TableMisconfigured,
                $"Among the rows of {context.Name} were some without a key or of another tenant, so that the store cannot tell which rows are gone. "
                + "Check the key columns and the tenant column of the table's definition, and that nothing between drops parts of the address.",
                isTransient: false));
            return;
        }

        actor.Rules.EndScan(actor.Now, RepairsOf(run));
        _run = null;
        WasRead = true;
        VerifiedEpoch = run.Epoch;
        AsOf = run.StartedAt;
        Error = null;
        _failingSince = null;
        _patience?.Cancel();
        _failures.Reset();
        _refusals.OnRead();
        _abandoned = 0;
        Measure(run, Operation.Ok);
        StoresLog.Scanned(context.Logger, context.Name, run.Rows, actor.Now - run.Started);
        actor.OnScanned(run.Started, run.Epoch, isRepairing: RepairsOf(run) is not null);
        actor.Asking.LookAtDoubts();
        _verifications.OnScanned(actor.Rules.Doubts);
        Resume();
    }

    /// <summary>Told what a scan puts right, if that had been right by all that is known: not if something was lost meanwhile.</summary>
    private Action<TKey, RepairKind>? RepairsOf(Run run) => run.IsRepairing && run.Epoch == actor.Epochs.Current ? actor.Repairs.OnRepair : null;

    /// <summary>A scan that has ended by itself leaves its reader to the next one. One that was given up may still be using it.</summary>
    /// <returns>Whether the scan was still wanted.</returns>
    private bool TryTakeBack(Run run)
    {
        if (run != _run)
        {
            return false;
        }

        _reader = run.Reader;
        return true;
    }

    private void OnEnded(Run run, RealtimeException error)
    {
        if (TryTakeBack(run))
        {
            OnFailed(run, error);
        }
    }

    private void OnFailed(Run run, RealtimeException error)
    {
        if (run != _run)
        {
            return;
        }

        Abandon(Operation.Failed);
        if (error is { IsTransient: false } && StatusRules.IsAuth(error))
        {
            _refusals.OnRefused(actor.Now);
        }

        if (run.IsOutdated(error))
        {
            // The new token came while this was on its way: whoever waits for rows waits for what that one brings.
            Request(_verifications.AnyWaiting ? ScanCause.Verify : ScanCause.Retry);
            return;
        }

        if (_failingSince is null)
        {
            _failingSince = actor.Now;
            _patience = actor.Deadlines.Schedule(Patience, static () => { }); // so that it is told then
        }

        // What fails again and again is one fault.
        var isNew = Error?.Message != error.Message;
        Error = error;
        if (isNew)
        {
            StoresLog.ScanFailed(context.Logger, context.Name, error.Message);
        }

        // The database's own word only: what a gateway forbids says nothing of the user.
        var isPurged = error.ServerCode == RestFaultTable.NoRight;
        if (isPurged)
        {
            if (isNew)
            {
                StoresLog.Purged(context.Logger, context.Name);
            }

            actor.Purge();
        }

        _verifications.OnScanFailed(error, isPurged);
        BeginAfter(error.IsTransient ? _failures.Next(spreadOut: false) : SlowRetry, ScanCause.Retry);
        if (_verifications.AnyWaiting)
        {
            Begin(ScanCause.Verify); // somebody asked while it was under way: they get their own answer, whatever it is
        }
    }

    /// <summary>One scan.</summary>
    private sealed class Run(ScanCause cause, TimeSpan started, DateTimeOffset startedAt, long start, int epoch, bool isRepairing) : Reading<TKey, TRow>
    {
        public ScanCause Cause => cause;

        public TimeSpan Started => started;

        public DateTimeOffset StartedAt => startedAt;

        /// <summary>Events that were applied before it began.</summary>
        public long Start => start;

        /// <summary>The epoch it began in.</summary>
        public int Epoch => epoch;

        /// <summary>Whether what it changes had been right by all that is known: then the stream lost something.</summary>
        public bool IsRepairing => isRepairing;

        public long Rows { get; set; }

        public long? Total { get; set; }
    }
}
