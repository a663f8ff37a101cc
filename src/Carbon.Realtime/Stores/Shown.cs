using System.Runtime.CompilerServices;

namespace Carbon.Realtime.Stores;

/// <summary>What a store shows now, those who follow it, and those who wait until it is live. Changed under the store's lock.</summary>
internal sealed class Shown<TKey, TRow>(Showing<TKey, TRow> first)
    where TKey : notnull
{
    private readonly List<TaskCompletionSource> _waiters = [];
    private Showing<TKey, TRow> _now = first;
    private TaskCompletionSource _newer = NewSignal();

    /// <summary>How many new tokens there are of which what is shown may not know.</summary>
    private int _unnoted;

    /// <summary>Any thread.</summary>
    public Showing<TKey, TRow> Now => Volatile.Read(ref _now);

    /// <inheritdoc cref="Showing{TKey, TRow}.Snapshot"/>
    public StoreSnapshot<TKey, TRow> Current
    {
        get
        {
            // Between finding what is shown and taking its rows there may be a change of user: then those rows are nobody's any more.
            var now = Now;
            var snapshot = now.Snapshot;
            for (var newer = Now; newer != now; newer = Now)
            {
                now = newer;
                snapshot = now.Snapshot;
            }

            return snapshot;
        }
    }

    /// <summary>A signal whose continuations run elsewhere: it is set under locks.</summary>
    public static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Why waiting for a live store would not help.</summary>
    public static RealtimeException? Hopeless(StoreStatus status) =>
        status is { State: StoreState.Faulted or StoreState.NeedsAuth or StoreState.Degraded, Error: { IsTransient: false } error } ? error : null;

    /// <summary>Shows something else.</summary>
    public void Show(Showing<TKey, TRow> next)
    {
        // In this order: who reads the signal first and what is shown then misses none.
        Volatile.Write(ref _now, next);
        Interlocked.Exchange(ref _newer, NewSignal()).SetResult();
        Answer();
    }

    /// <summary>Told when the store is live, now or later, or that waiting is of no use.</summary>
    public void Await(TaskCompletionSource waiter)
    {
        _waiters.Add(waiter);
        Answer();
    }

    public void Forget(TaskCompletionSource waiter) => _waiters.Remove(waiter);

    /// <summary>There is another token: until that is noted, what is shown of the last one ends nobody's wait.</summary>
    public void Outdate() => _unnoted++;

    /// <summary>What is shown knows of a token that <see cref="Outdate"/> told of.</summary>
    public void Note()
    {
        _unnoted--;
        Answer();
    }

    /// <summary>Nobody is left to take note of anything.</summary>
    public void NoteAll() => _unnoted = 0;

    /// <summary>There is nothing to wait for any more.</summary>
    public void Fail(Exception error)
    {
        _waiters.ForEach(w => w.TrySetException(error));
        _waiters.Clear();
    }

    /// <summary>The snapshot and then the newest one whenever there is a newer, until the store is closed. Any thread.</summary>
    /// <param name="use">Disposed at the end.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<StoreSnapshot<TKey, TRow>> WatchAsync(IDisposable use, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var used = use;
        StoreSnapshot<TKey, TRow>? seen = null;
        while (true)
        {
            var newer = Volatile.Read(ref _newer).Task;
            var snapshot = Current;
            if (snapshot != seen)
            {
                yield return seen = snapshot;
            }
            else if (snapshot.Status.State == StoreState.Closed)
            {
                yield break;
            }
            else
            {
                // The user's loop, not the library's.
                await newer.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private void Answer()
    {
        if (_waiters.Count > 0 && _now.Status.IsLive)
        {
            _waiters.ForEach(static w => w.TrySetResult());
            _waiters.Clear();
        }
        else if (_waiters.Count > 0 && _unnoted == 0 && Hopeless(_now.Status) is { } error)
        {
            Fail(error);
        }
    }
}
