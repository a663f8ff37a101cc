namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>One who was called back, as the round sees it.</summary>
internal interface IWitness
{
    string Name { get; }

    /// <summary>Completes with the one terminal call, or when none is owed any more: the subscription was disposed, or lost by throwing.</summary>
    Task Ended { get; }

    /// <summary>Disposes the subscription, from whatever thread.</summary>
    void Leave();

    /// <summary>A barrier was passed: if the subscription was disposed before it, no call may begin any more.</summary>
    void OnBarrier();
}

/// <summary>What an observer throws where the round has planned it.</summary>
internal sealed class PlannedBite() : InvalidOperationException("An observer bites, as planned.");

/// <summary>
/// An observer that trusts nobody: calls must not overlap, one terminal call comes and nothing behind it, at most the call that was under way begins after the
/// disposal has returned, and none behind a barrier.
/// </summary>
internal class Witness<T>(TortureWorld world, string name) : IObserver<T>, IWitness
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IDisposable? _subscription;
    private int _inside;
    private int _seen;
    private int _late;
    private bool _hasLeft;
    private bool _hasThrown;
    private bool _hasEnded;
    private bool _isBarred;

    public string Name => name;

    public Task Ended => _ended.Task;

    /// <summary>Throws in this call, counted from 1.</summary>
    public int BitesAt { get; init; }

    /// <summary>Disposes itself in this call, from within.</summary>
    public int LeavesAt { get; init; }

    /// <summary>Calls back into the library in each call; the n-th call's number is given.</summary>
    public Action<int>? Within { get; init; }

    protected TortureWorld World => world;

    public void Begin(IObservable<T> source) => Volatile.Write(ref _subscription, source.Subscribe(this));

    public void Leave()
    {
        Volatile.Read(ref _subscription)!.Dispose();
        Volatile.Write(ref _hasLeft, true);
        _ended.TrySetResult();
    }

    public void OnBarrier()
    {
        if (Volatile.Read(ref _hasLeft))
        {
            Volatile.Write(ref _isBarred, true);
        }
    }

    public void OnNext(T value) => Call("OnNext", () =>
    {
        world.Figures.Element();
        var number = ++_seen;
        Look(value, number);
        Within?.Invoke(number);
        if (number == LeavesAt && Volatile.Read(ref _subscription) is { } subscription)
        {
            Volatile.Write(ref _hasLeft, true);
            _late = 1; // this very call goes on, and it is the one that may
            subscription.Dispose();
            _ended.TrySetResult();
        }

        if (number == BitesAt)
        {
            Volatile.Write(ref _hasThrown, true);
            _ended.TrySetResult();
            world.Figures.Bite();
            throw new PlannedBite();
        }
    });

    public void OnError(Exception error)
    {
        Call("OnError", () => End(error));
        _ended.TrySetResult();
    }

    public void OnCompleted()
    {
        Call("OnCompleted", () => End(null));
        _ended.TrySetResult();
    }

    /// <summary>What else must hold of an element.</summary>
    protected virtual void Look(T value, int number)
    {
    }

    /// <summary>Whether the stream may end so before the manager does.</summary>
    protected virtual bool MayFailWith(Exception error) => error is RealtimeException { Reason: RealtimeErrorReason.TenantChanged };

    private void End(Exception? error)
    {
        _hasEnded = true;
        world.Require(error is null || MayFailWith(error), $"{name}: ended with {error}");
    }

    private void Call(string call, Action action)
    {
        var (left, barred) = (Volatile.Read(ref _hasLeft), Volatile.Read(ref _isBarred));
        world.Require(Interlocked.Increment(ref _inside) == 1, $"{name}: {call} overlaps another call");
        world.Require(!_hasEnded, $"{name}: {call} after the end");
        world.Require(!Volatile.Read(ref _hasThrown), $"{name}: {call} after it has thrown");
        world.Require(!left || ++_late <= 1, $"{name}: {call} is the second that begins after the disposal");
        world.Require(!barred, $"{name}: {call} begins long after the disposal");
        try
        {
            action();
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }
}
