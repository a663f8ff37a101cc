using System.Text;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>What a feed has whatever its types: a life, a status and those who wait for it.</summary>
/// <remarks>Control members are called under the connection's gate, data members on the reader's loop; which is said at each.</remarks>
internal abstract class ChangeFeed : ISubscriptionSink, IStatusOwner
{
    private readonly ChangeFeeds _owner;

    private LiveWaiters? _waiters;
    private readonly JoinOverlap _overlap;
    private Subscription? _subscription;
    private Deadlines.Deadline? _linger;
    private int _interest;
    private bool _isWidening;

    protected ChangeFeed(ChangeFeeds owner, ChannelUser user)
    {
        _owner = owner;
        _overlap = new JoinOverlap(owner.Deadlines, user);
        Status = new StatusSource(owner.Environment, this);
    }

    public StatusSource Status { get; }

    /// <summary>The filter that the server is sent. Under the gate.</summary>
    public abstract RealtimeFilter Sent { get; }

    /// <summary>The table's name, for the log.</summary>
    protected abstract string Table { get; }

    /// <summary>Whether the server said that changes flow, and nothing else since.</summary>
    protected bool IsReady { get; private set; }

    /// <summary>Why nothing more will come; set once.</summary>
    protected bool IsEnded { get; private set; }

    protected Exception? EndedBy { get; private set; }

    protected ChangeFeeds Owner => _owner;

    /// <summary>What the server must change before this table can be streamed; told once a join (docs/protocol.md, "Error shapes").</summary>
    protected RealtimeException? TableFault { get; private set; }

    /// <summary>Somebody wants the feed to run. Under the gate.</summary>
    public IDisposable Use()
    {
        _interest++;
        _linger?.Cancel();
        _linger = null;
        _subscription ??= IsEnded ? null : _owner.Registry.Subscribe(CreateRequest());
        return new Interest(this);
    }

    /// <summary>Starts the feed if nobody has; the task completes when it is live. Under the gate.</summary>
    public Task WhenLiveAsync(CancellationToken cancellationToken)
    {
        if (IsEnded)
        {
            return Task.FromException(EndedBy ?? new ObjectDisposedException(ChangeFeeds.ManagerName));
        }

        var interest = Use();
        var waiting = (_waiters ??= new LiveWaiters(_owner.Gate)).Add(interest, cancellationToken);
        ReleaseIfSettled();
        return waiting;
    }

    /// <summary>Joins again, on the same socket or a new one, in the hope that changes flow then. Under the gate.</summary>
    public void Renew(bool socket)
    {
        if (_subscription is { } subscription)
        {
            _owner.Registry.Renew(subscription, socket);
        }
    }

    /// <summary>Ends the feed for good. Under the gate.</summary>
    /// <param name="error"><see langword="null"/> completes it.</param>
    public void End(Exception? error)
    {
        if (IsEnded)
        {
            return;
        }

        IsEnded = true;
        IsReady = false;
        EndedBy = error;
        _linger?.Cancel();
        _overlap.Stop();
        if (_subscription is { } subscription)
        {
            _owner.Registry.Unsubscribe(subscription);
        }

        Status.End(error as RealtimeException);
        EndObservers(error);
        _waiters?.Release(source => source.TrySetException(error ?? new ObjectDisposedException(ChangeFeeds.ManagerName)));
    }

    void ISubscriptionSink.OnReady(ReadyCause cause)
    {
        if (IsEnded)
        {
            return;
        }

        IsReady = true;
        if (cause == ReadyCause.Joined)
        {
            TableFault = null;
        }

        _overlap.OnReady(isRepeatable: cause != ReadyCause.TokenPushed);
        TellReady(cause);
    }

    void ISubscriptionSink.OnShared()
    {
        IsReady = true;
        _overlap.OnShared();
        StartObservers(GapReason.Rejoined);
    }

    void ISubscriptionSink.OnStatus(RealtimeState state, RealtimeException? error, int attempt, DateTimeOffset? nextRetry)
    {
        if (state != RealtimeState.Live)
        {
            IsReady = false;
            _overlap.OnLost();
        }

        if (state == RealtimeState.Faulted && IsWidening(error))
        {
            (state, error, attempt, nextRetry) = (RealtimeState.Joining, null, 0, null);
        }

        if (state == RealtimeState.Live && TableFault is not null)
        {
            (state, error) = (RealtimeState.Faulted, TableFault);
        }

        SetStatus(state, error, attempt, nextRetry);
    }

    void IStatusOwner.OnStatusObserverThrew(Exception error) => ChangesLog.StatusObserverThrew(_owner.Logger, Table, error);

    void IStatusOwner.OnStatusFollowed(bool isFollowed) => _owner.Follow(this, isFollowed);

    public abstract bool OnChange(in ChangeFrame change, bool verified);

    public abstract void OnUnreadable();

    public abstract void OnSuspended();

    public abstract void OnBurstEnd();

    /// <summary>Brings the gap that a readiness means to every observer. Under the gate, on the reader's loop.</summary>
    protected abstract void TellReady(ReadyCause cause);

    /// <summary>Brings the first gap to every observer that waits for it. Under the gate, on any thread.</summary>
    /// <param name="otherwise">The gap for an observer that had its first one before.</param>
    protected abstract void StartObservers(GapReason? otherwise);

    protected abstract void EndObservers(Exception? error);

    /// <summary>The status is another one. Under the gate, on any thread.</summary>
    protected virtual void OnStatusChanged(RealtimeStatus status)
    {
    }

    protected abstract SubscriptionRequest CreateRequest();

    /// <summary>The server refused the subscription: asks for more of the table from now on, if the refusal shows that this helps. Under the gate.</summary>
    /// <param name="refusal">The server's words.</param>
    /// <returns>Whether <see cref="CreateRequest"/> gives another binding now.</returns>
    protected abstract bool TryWiden(string refusal);

    /// <summary>Whether the join before brought this change already. On the reader's loop.</summary>
    protected bool IsRepeated(in ChangeFrame change)
    {
        if (!_overlap.IsRepeated(change))
        {
            return false;
        }

        _owner.Registry.Drops.Count(FrameDropReason.Duplicate);
        return true;
    }

    /// <summary>The server said 400 or 401: a configuration fault, shown as a status, once. On the reader's loop.</summary>
    protected void TellTableFault(ReadOnlySpan<byte> errors)
    {
        lock (_owner.Gate)
        {
            if (TableFault is null && !IsEnded)
            {
                TableFault = FaultTable.Change(Encoding.UTF8.GetString(errors)).ToException();
                SetStatus(RealtimeState.Faulted, TableFault);
            }
        }
    }

    /// <summary>A whole change came although the server had said 400 or 401: somebody granted what was missing. On the reader's loop.</summary>
    /// <returns>Whether there was a fault to end: what it hid is a gap.</returns>
    protected bool EndTableFault()
    {
        lock (_owner.Gate)
        {
            if (TableFault is null || IsEnded)
            {
                return false;
            }

            TableFault = null;
            if (IsReady)
            {
                SetStatus(RealtimeState.Live);
            }

            return true;
        }
    }

    /// <summary>Whether a refusal is no fault yet, because another binding is tried.</summary>
    private bool IsWidening(RealtimeException? error)
    {
        if (error is { Reason: RealtimeErrorReason.SubscriptionRefused } && TryWiden(error.Message))
        {
            _isWidening = true;
            _owner.Deadlines.Schedule(TimeSpan.Zero, Widen); // not now: the channel is telling all its subscriptions
        }

        return _isWidening;
    }

    private void Widen()
    {
        _isWidening = false;
        if (_subscription is { } refused && !IsEnded)
        {
            _subscription = _owner.Registry.Subscribe(CreateRequest());
            _owner.Registry.Unsubscribe(refused);
        }
    }

    private void SetStatus(RealtimeState state, RealtimeException? error = null, int attempt = 0, DateTimeOffset? nextRetry = null)
    {
        if (Status.Set(state, error, attempt, nextRetry))
        {
            OnStatusChanged(Status.Current);
        }

        ReleaseIfSettled();
    }

    private void ReleaseIfSettled()
    {
        var status = Status.Current;
        if (status.State == RealtimeState.Live)
        {
            _waiters?.Release(static source => source.TrySetResult());
        }
        else if (status.State == RealtimeState.Faulted)
        {
            _waiters?.Release(source => source.TrySetException(status.Error!));
        }
    }

    private void OnInterestEnded()
    {
        lock (_owner.Gate)
        {
            if (--_interest == 0 && !IsEnded)
            {
                _linger = _owner.Deadlines.Schedule(_owner.Linger, Stop);
            }
        }
    }

    private void Stop()
    {
        _linger = null;
        IsReady = false;
        TableFault = null;
        _overlap.Stop();
        _owner.Registry.Unsubscribe(_subscription!);
        _subscription = null;
        Status.Set(RealtimeState.Idle);
    }

    private sealed class Interest(ChangeFeed feed) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                feed.OnInterestEnded();
            }
        }
    }
}
