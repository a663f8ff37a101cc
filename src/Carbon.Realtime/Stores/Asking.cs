using Carbon.Realtime.Primitives;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Stores;

/// <summary>Reads the keys that are in doubt, by their keys. On the actor's thread, but for the reading itself.</summary>
internal sealed class Asking<TKey, TRow>(StoreActor<TKey, TRow> actor, StoreContext<TKey, TRow> context)
    where TKey : notnull
{
    /// <summary>So many keys are asked for in one go, in several requests.</summary>
    private const int MostKeys = 1000;

    /// <summary>When so many keys are in doubt, reading everything is cheaper than reading each.</summary>
    private const int FewKeys = 2000;

    private static readonly TimeSpan PauseAfterScan = TimeSpan.FromSeconds(5);

    /// <summary>A key in doubt for longer than this makes the store say so.</summary>
    private static readonly TimeSpan LongDoubt = TimeSpan.FromSeconds(10);

    private readonly Backoff _failures = new(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), TimeSpan.Zero, context.Environment.Randomizer);

    /// <summary>One that is idle: a run that was given up may still use its own.</summary>
    private SnapshotReader<TKey, TRow>? _reader;
    private Reading<TKey, TRow>? _run;
    private TimeSpan _at;
    private bool _isPaused;

    public bool IsRunning => _run is not null;

    /// <summary>Whether a key has been in doubt for too long.</summary>
    public bool IsLate { get; private set; }

    /// <summary>Keys came into doubt, or are to be asked for again.</summary>
    public void Schedule()
    {
        var doubts = actor.Rules.Doubts;

        // A key may come that is due before those that are waited for.
        if (!IsRunning && (!actor.Alarms.IsSet(Alarm.Ask) || (!_isPaused && doubts.Soonest < _at)) && doubts.NextDue is { } due)
        {
            _at = due;
            actor.Alarms.Set(Alarm.Ask, due - actor.Now, Begin);
        }

        if (!actor.Alarms.IsSet(Alarm.Status) && doubts.Count > 0)
        {
            actor.Alarms.Set(Alarm.Status, LongDoubt, LookAtDoubts);
        }
    }

    /// <summary>Looks for keys that have been in doubt for too long: when that may have changed, for it means looking at all of them.</summary>
    public void LookAtDoubts()
    {
        IsLate = actor.Rules.Doubts.Oldest is { } oldest && actor.Now - oldest >= LongDoubt;
        actor.Alarms.Clear(Alarm.Status);
        Schedule();
    }

    /// <summary>Asks for the keys that are due.</summary>
    private void Begin()
    {
        _isPaused = false;
        if (IsRunning)
        {
            return;
        }

        if (actor.Rules.Doubts.Count > Math.Max(FewKeys, actor.Rules.Rows.Count / 4) && !actor.Scans.IsRunning)
        {
            actor.Scans.RequestUnlessDue(ScanCause.Missed); // it settles all of them
            Pause(PauseAfterScan);
            return;
        }

        var keys = actor.Rules.Doubts.Due(actor.Now, MostKeys);
        if (keys.Count == 0)
        {
            Schedule();
            return;
        }

        actor.Measured.Asked(keys.Count);
        actor.Rules.BeginAsking(keys);
        var run = _run = new Reading<TKey, TRow>();
        run.Begin(
            actor, context, _reader,
            async (reader, token) =>
            {
                await reader.ReadAsync(keys, read => actor.Post(() => OnAnswer(run, read)), token);
                actor.Post(() => OnDone(run));
            },
            e => OnFailed(run, e));
        _reader = null;
    }

    /// <summary>Reads succeed, or are worth a try: keys need not wait for the end of a pause that others' failures made.</summary>
    public void Resume()
    {
        _failures.Reset();
        if (_isPaused)
        {
            _isPaused = false;
            actor.Alarms.Clear(Alarm.Ask);
            Schedule();
        }
    }

    /// <summary>What is being asked says nothing any more.</summary>
    public void Stop()
    {
        if (_run is { } run)
        {
            _run = null;
            run.Cancel();
            actor.Rules.EndAsking(actor.Now);
        }
    }

    /// <summary>Asks for no key before a while is over, whatever comes into doubt meanwhile.</summary>
    private void Pause(TimeSpan wait)
    {
        _isPaused = true;
        actor.Alarms.Set(Alarm.Ask, wait, Begin);
    }

    private void OnAnswer(Reading<TKey, TRow> run, PointRead<TKey, TRow> read)
    {
        if (run != _run)
        {
            return;
        }

        var absent = read.Absent.Concat(read.Page.Unreadable.Where(static r => r.HasKey).Select(static r => r.Key!));
        var left = actor.Rules.OnAnswer(read.Page.Rows, absent, read.Unknown, actor.Now);
        if (left > 0)
        {
            StoresLog.LeftToReconcile(context.Logger, context.Name, left);
            actor.Scans.OnLeft();
        }
    }

    private void OnDone(Reading<TKey, TRow> run)
    {
        if (run == _run)
        {
            End(run);
            _failures.Reset();
            actor.Keeper.OnChanged();
            actor.Scans.OnSettled();
            LookAtDoubts();
        }
    }

    private void OnFailed(Reading<TKey, TRow> run, RealtimeException error)
    {
        if (run != _run)
        {
            return;
        }

        End(run);
        if (run.IsOutdated(error))
        {
            Pause(_failures.Next(spreadOut: false));
            return;
        }

        actor.Scans.OnAskingFailed(error);
        StoresLog.AskingFailed(context.Logger, context.Name, error.Message);
        if (!error.IsTransient)
        {
            // What a single key may not be read for, everything may not: let the scan say so.
            actor.Scans.RequestUnlessDue(ScanCause.Missed);
        }

        Pause(error.IsTransient ? _failures.Next(spreadOut: false) : TimeSpan.FromMinutes(1));
    }

    private void End(Reading<TKey, TRow> run)
    {
        _run = null;
        _reader = run.Reader;
        actor.Rules.EndAsking(actor.Now);
    }
}
