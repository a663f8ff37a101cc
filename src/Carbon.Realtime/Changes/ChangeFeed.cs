using System.Collections.Immutable;
using System.Text;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>What a feed has whatever its types: a life, a status and those who wait for it.</summary>
/// <remarks>Control members are called under the connection's gate, data members on the reader's loop; which is said at each.</remarks>
internal abstract class ChangeFeed : ISubscriptionSink
{
    private readonly ChangeFeeds _owner;

    private readonly List<(TaskCompletionSource Source, IDisposable Interest)> _waiters = [];
    private Subscription? _subscription;
    private Deadlines.Deadline? _linger;
    private int _interest;

    protected ChangeFeed(ChangeFeeds owner)
    {
        _owner = owner;
        Status = new StatusSource(
            owner.Environment, e => ChangesLog.StatusObserverThrew(owner.Logger, Table, e), isFollowed => owner.Follow(this, isFollowed));
    }

    public StatusSource Status { get; }

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
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters.Add((source, interest));
        ReleaseIfSettled();
        if (cancellationToken.CanBeCanceled)
        {
            var registration = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    var (feed, source) = ((ChangeFeed, TaskCompletionSource))state!;
                    feed.Cancel(source, token);
                },
                (this, source));
            source.Task.GetAwaiter().UnsafeOnCompleted(registration.Dispose);
        }

        return source.Task;
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
        if (_subscription is { } subscription)
        {
            _owner.Registry.Unsubscribe(subscription);
        }

        Status.End(error as RealtimeException);
        EndObservers(error);
        Release(source => source.TrySetException(error ?? new ObjectDisposedException(ChangeFeeds.ManagerName)));
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

        TellReady(cause);
    }

    void ISubscriptionSink.OnShared()
    {
        IsReady = true;
        StartObservers();
    }

    void ISubscriptionSink.OnStatus(RealtimeState state, RealtimeException? error, int attempt, DateTimeOffset? nextRetry)
    {
        IsReady = state == RealtimeState.Live && IsReady;
        if (state == RealtimeState.Live && TableFault is not null)
        {
            (state, error) = (RealtimeState.Faulted, TableFault);
        }

        Status.Set(state, error, attempt, nextRetry);
        ReleaseIfSettled();
    }

    public abstract bool OnChange(in ChangeFrame change, bool verified);

    public abstract void OnUnreadable();

    public abstract void OnSuspended();

    public abstract void OnBurstEnd();

    /// <summary>Brings the gap that a readiness means to every observer. Under the gate, on the reader's loop.</summary>
    protected abstract void TellReady(ReadyCause cause);

    /// <summary>Brings the first gap to every observer that waits for it. Under the gate.</summary>
    protected abstract void StartObservers();

    protected abstract void EndObservers(Exception? error);

    protected abstract SubscriptionRequest CreateRequest();

    /// <summary>The server said 400 or 401: a configuration fault, shown as a status, once. On the reader's loop.</summary>
    protected void TellTableFault(ReadOnlySpan<byte> errors)
    {
        lock (_owner.Gate)
        {
            if (TableFault is null && !IsEnded)
            {
                TableFault = FaultTable.Change(Encoding.UTF8.GetString(errors)).ToException();
                Status.Set(RealtimeState.Faulted, TableFault);
                ReleaseIfSettled();
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
                Status.Set(RealtimeState.Live);
                ReleaseIfSettled();
            }

            return true;
        }
    }

    private void ReleaseIfSettled()
    {
        var status = Status.Current;
        if (status.State == RealtimeState.Live)
        {
            Release(static source => source.TrySetResult());
        }
        else if (status.State == RealtimeState.Faulted)
        {
            Release(source => source.TrySetException(status.Error!));
        }
    }

    private void Cancel(TaskCompletionSource source, CancellationToken token)
    {
        lock (_owner.Gate)
        {
            var index = _waiters.FindIndex(w => w.Source == source);
            if (index >= 0)
            {
                var (_, interest) = _waiters[index];
                _waiters.RemoveAt(index);
                source.TrySetCanceled(token);
                interest.Dispose();
            }
        }
    }

    private void Release(Action<TaskCompletionSource> complete)
    {
        var released = _waiters.ToImmutableArray();
        _waiters.Clear();
        foreach (var (source, interest) in released)
        {
            complete(source);
            interest.Dispose();
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
