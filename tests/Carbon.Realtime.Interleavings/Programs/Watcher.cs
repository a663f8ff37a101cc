namespace Carbon.Realtime.Interleavings;

/// <summary>An observer that holds its source to the contract: one call at a time, nothing after the end, no call that begins after disposal has returned.</summary>
internal sealed class Watcher<T>(Shop shop, string name) : IObserver<T>
{
    private IDisposable? _subscription;
    private bool _isInside;
    private bool _isDisposed;
    private bool _hasLeft;
    private bool _wasCalledLate;

    public List<T> Seen { get; } = [];

    /// <summary>Done in each call, after it was looked at.</summary>
    public Action<T>? OnEach { get; set; }

    /// <summary>Whether the call that is under way while another thread disposes may reach it a moment later, once.</summary>
    public bool MayBeUnderWay { get; set; }

    public int Ends { get; private set; }

    public Exception? Error { get; private set; }

    /// <summary>Why there was nothing to subscribe to. What could be had can be subscribed to: after its end it tells that, and does not throw.</summary>
    public Exception? Refusal { get; private set; }

    public bool IsDisposed => _isDisposed;

    public void Subscribe(Func<IObservable<T>> source)
    {
        IObservable<T> stream;
        try
        {
            stream = source();
        }
        catch (ObjectDisposedException e)
        {
            Refusal = e;
            return;
        }

        _subscription = stream.Subscribe(this);
    }

    public void Dispose()
    {
        _subscription?.Dispose();
        _isDisposed |= _subscription is not null;
    }

    /// <summary>It is about to lose its subscription by itself: it throws.</summary>
    public void Leave() => _hasLeft = true;

    /// <summary>Of whom nobody disposed: told the end, once.</summary>
    public void MustHaveEnded() => Shop.Require(Refusal is not null || _hasLeft || IsDisposed || Ends == 1, $"{name} was told {Ends} ends");

    public void OnNext(T value) => Take(() =>
    {
        Seen.Add(value);
        OnEach?.Invoke(value);
    });

    public void OnCompleted() => Take(() => Ends++);

    public void OnError(Exception error) => Take(() =>
    {
        Ends++;
        Error = error;
    });

    private void Take(Action call)
    {
        Check(!_isInside, "is called while it is being called");
        Check(!_isDisposed || (MayBeUnderWay && !_wasCalledLate), "is called after its disposal");
        _wasCalledLate |= _isDisposed;
        Check(Ends == 0, "is called after its end");
        _isInside = true;
        try
        {
            call();
            Interleaver.Point(); // an observer takes its time
        }
        finally
        {
            _isInside = false;
        }
    }

    private void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            shop.Note($"{name} {otherwise}");
        }
    }
}
