namespace Carbon.Realtime.Testing;

/// <summary>An observer that keeps what it is told and checks the contract of observables while it is told.</summary>
/// <remarks>
/// Notes when calls overlap, when anything follows a terminal call, and when anything starts after the subscription was disposed;
/// <see cref="AssertContract"/> and <see cref="Dispose"/> then throw, so that a test with <c>using</c> cannot overlook it.
/// </remarks>
/// <typeparam name="T">The elements.</typeparam>
public sealed class StreamRecorder<T> : IObserver<T>, IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<T> _items = [];
    private readonly List<string> _violations = [];
    private readonly IDisposable _subscription;
    private int _calls;
    private bool _disposed;

    /// <summary>Subscribes to <paramref name="source"/>.</summary>
    public StreamRecorder(IObservable<T> source)
        : this(source, null)
    {
    }

    /// <summary>Subscribes to <paramref name="source"/>; <paramref name="onNext"/> runs inside each <c>OnNext</c> and may do what users do there.</summary>
    public StreamRecorder(IObservable<T> source, Action<StreamRecorder<T>, T>? onNext)
    {
        ArgumentNullException.ThrowIfNull(source);
        OnElement = onNext;
        _subscription = source.Subscribe(this);
    }

    /// <summary>Runs inside each <c>OnNext</c>.</summary>
    public Action<StreamRecorder<T>, T>? OnElement { get; set; }

    /// <summary>What came, in order.</summary>
    public IReadOnlyList<T> Items
    {
        get
        {
            lock (_gate)
            {
                return [.. _items];
            }
        }
    }

    /// <summary>How many came.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _items.Count;
            }
        }
    }

    /// <summary>The error that ended the stream.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Whether the stream completed.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>Forgets what came so far.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _items.Clear();
        }
    }

    /// <summary>Fails if the contract was broken at any time.</summary>
    /// <exception cref="InvalidOperationException">It was; the message lists how.</exception>
    public void AssertContract()
    {
        lock (_gate)
        {
            if (_violations.Count > 0)
            {
                throw new InvalidOperationException(string.Join(" ", _violations));
            }
        }
    }

    /// <inheritdoc/>
    public void OnNext(T value) => Call("OnNext", () =>
    {
        lock (_gate)
        {
            _items.Add(value);
        }

        OnElement?.Invoke(this, value);
    });

    /// <inheritdoc/>
    public void OnError(Exception error) => Call("OnError", () => Error = error);

    /// <inheritdoc/>
    public void OnCompleted() => Call("OnCompleted", () => IsCompleted = true);

    /// <summary>Ends the subscription.</summary>
    /// <exception cref="InvalidOperationException">The contract was broken; the message lists how.</exception>
    public void Dispose()
    {
        Volatile.Write(ref _disposed, true);
        _subscription.Dispose();
        AssertContract();
    }

    private void Call(string name, Action action)
    {
        var overlapping = Interlocked.Increment(ref _calls) != 1;
        try
        {
            Check(overlapping, $"{name} overlaps another call.");
            Check(Volatile.Read(ref _disposed), $"{name} came after the subscription was disposed.");
            Check(Error is not null || IsCompleted, $"{name} came after the end.");
            action();
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }
    }

    private void Check(bool violated, string message)
    {
        if (violated)
        {
            lock (_gate)
            {
                _violations.Add(message);
            }

            throw new InvalidOperationException(message);
        }
    }
}
