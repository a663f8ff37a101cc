using Carbon.Realtime.Changes;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Stores;

/// <summary>The subscription, and the times in which the server says that changes flow: each begins with a read. On the actor's thread.</summary>
/// <remarks>What the feed tells, under its gate or on the socket's reader, is only posted.</remarks>
internal sealed class Epochs<TKey, TRow>(StoreActor<TKey, TRow> actor, StoreContext<TKey, TRow> context) : IRowSink<TKey, TRow>
    where TKey : notnull
{
    /// <summary>Without an ok for this long at the start, rows are read without it: a cold server takes its time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Without an ok for this long after one, it is more than an interruption.</summary>
    private static readonly TimeSpan OfflineAfter = TimeSpan.FromSeconds(10);

    private IDisposable? _attachment;
    private RowFeed<TKey, TRow>? _feed;
    private TimeSpan _since;

    /// <summary>Changes with every beginning and end of one: what was read in another one is not the whole truth.</summary>
    public int Current { get; private set; }

    /// <summary>Whether the server says that changes flow.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>How long ago the server said so last.</summary>
    public TimeSpan Age => actor.Now - _since;

    /// <summary>Whether there has been none for so long, or an attempt has failed, that it is more than an interruption.</summary>
    public bool IsOffline { get; private set; }

    /// <summary>Whether everything was read since the last one ended.</summary>
    public bool IsPolled { get; private set; }

    /// <summary>Whether events were dropped and nothing was read since.</summary>
    public bool HasOverflowed { get; private set; }

    /// <summary>Why the subscription does not stand.</summary>
    public RealtimeException? Error { get; private set; }

    public DateTimeOffset? NextRetry { get; private set; }

    /// <summary>Subscribes.</summary>
    public void Attach()
    {
        actor.Alarms.Set(Alarm.Poll, Patience, () => OnPatienceEnded(isFirst: true));
        try
        {
            var feed = context.CreateFeed(actor.Identity);
            lock (context.Gate)
            {
                _attachment = feed.Attach(this);
                _feed = feed;
                OnStatus(feed.Status.Current);
            }
        }
        catch (RealtimeException e)
        {
            OnEnded(e);
        }
        catch (ArgumentException e)
        {
            OnEnded(new RealtimeException(RealtimeErrorReason.UnsafeFilter, e.Message, isTransient: false, innerException: e));
        }
        catch (ObjectDisposedException)
        {
            OnEnded(null); // the manager ends, and this store with it
        }
    }

    public void Detach()
    {
        // Its disposal takes the gate by itself.
        _attachment?.Dispose();
        _attachment = null;
        _feed = null;
    }

    /// <summary>Joins the channel again, or opens another socket.</summary>
    public void Renew(bool socket)
    {
        if (_feed is { } feed)
        {
            lock (context.Gate)
            {
                feed.Renew(socket);
            }
        }
    }

    /// <summary>Everything was read.</summary>
    /// <param name="epoch">What <see cref="Current"/> was when that began.</param>
    public void OnScanned(int epoch)
    {
        IsPolled = !IsOpen && epoch == Current;
        HasOverflowed &= epoch != Current;
        if (IsPolled)
        {
            actor.Alarms.Set(Alarm.Poll, actor.Reconcile.Period, () => OnPatienceEnded(isFirst: false));
        }
    }

    /// <summary>Events were dropped.</summary>
    public void OnOverflow()
    {
        HasOverflowed = true;
        actor.Measured.Overflowed();
        StoresLog.Overflowed(context.Logger, context.Name);
        Miss(GapReason.Overflow);
    }

    /// <summary>The subscription goes on, but something was lost: from here on it is complete again.</summary>
    public void Miss(GapReason reason)
    {
        if (!IsOpen)
        {
            return;
        }

        actor.Measured.Epoch(TagValue.Of(reason));
        Current++;
        actor.Repairs.OnEpoch();
        if (reason is GapReason.Partial or GapReason.Undecodable)
        {
            // One row, nobody knows which: the scan that runs is no worse for it, and another one follows.
            actor.Scans.Request(ScanCause.Missed);
        }
        else
        {
            actor.Scans.Restart(ScanCause.Missed);
        }
    }

    void IRowSink<TKey, TRow>.OnEpoch() => actor.Post(Begin);

    void IRowSink<TKey, TRow>.OnEpochEnded() => actor.Post(End);

    void IRowSink<TKey, TRow>.OnMissed(GapReason reason) => actor.Post(() => Miss(reason));

    void IRowSink<TKey, TRow>.OnEvents(ReadOnlySpan<RowEvent<TKey, TRow>> events, long bytes) => actor.Post(events, bytes);

    void IRowSink<TKey, TRow>.OnStatus(RealtimeStatus status) => actor.Post(() => OnStatus(status));

    void IRowSink<TKey, TRow>.OnEnded(Exception? error) => actor.Post(() => OnEnded(error));

    private void Begin()
    {
        if (IsOpen && !context.Policy.RepeatedOkIsEpoch)
        {
            return;
        }

        actor.Measured.Epoch(TagValue.Of(IsOpen ? GapReason.Resubscribed : Current > 0 ? GapReason.Rejoined : GapReason.Started));
        Current++;
        IsOpen = true;
        IsOffline = false;
        IsPolled = false;
        _since = actor.Now;
        actor.Alarms.Clear(Alarm.Poll);
        actor.Repairs.OnEpoch();
        actor.Asking.Resume();
        actor.Reconcile.OnEpoch(actor.Now);
        if (context.Policy.ReadsAwaitOk && (context.Policy.EpochsAreRead || !actor.Scans.WasRead))
        {
            actor.Scans.Restart(ScanCause.Epoch);
        }
    }

    private void End()
    {
        if (!IsOpen)
        {
            return;
        }

        Current++;
        IsOpen = false;
        actor.Repairs.OnEpoch();
        actor.Scans.OnEpochEnded();
        actor.Reconcile.OnEpochEnded();
        actor.Alarms.Clear(Alarm.Reconcile);
        actor.Alarms.Set(Alarm.Poll, OfflineAfter, () => OnPatienceEnded(isFirst: false));
    }

    private void OnPatienceEnded(bool isFirst)
    {
        IsOffline |= !isFirst || Error is not null;
        if (!IsOpen)
        {
            actor.Scans.Request(ScanCause.Poll);
        }
    }

    private void OnStatus(RealtimeStatus status)
    {
        if (!context.Policy.ReadsAwaitOk && status.State == RealtimeState.Joining)
        {
            actor.Scans.Request(ScanCause.Poll);
        }

        Error = status.Error;
        NextRetry = status.NextRetry;
        IsOffline |= !IsOpen && status.State is RealtimeState.Recovering or RealtimeState.Faulted && status.Attempt > 1;
    }

    private void OnEnded(Exception? error)
    {
        Detach();
        End();
        Error = error as RealtimeException;
    }
}
