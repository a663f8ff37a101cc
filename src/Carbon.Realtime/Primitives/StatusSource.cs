namespace Carbon.Realtime.Primitives;

/// <summary>A status and those who follow it. An observer is told the current status at once and every later one, in order.</summary>
internal sealed class StatusSource(RealtimeEnvironment environment) : IObservable<RealtimeStatus>
{
    /// <summary>A follower that does not keep up loses the middle, never the newest: the overflow marker is the status of that moment.</summary>
    private const int Capacity = 256;

    private readonly Lock _gate = new();
    private readonly List<ObserverDelivery<RealtimeStatus>> _observers = [];
    private bool _ended;

    public RealtimeStatus Current { get; private set; } = new(RealtimeState.Idle, environment.TimeProvider.GetUtcNow());

    public int ObserverCount
    {
        get
        {
            lock (_gate)
            {
                return _observers.Count;
            }
        }
    }

    /// <summary>Publishes a status; one equal to the current is not repeated.</summary>
    /// <returns>Whether it was new.</returns>
    public bool Set(RealtimeState state, RealtimeException? error = null, int attempt = 0, DateTimeOffset? nextRetry = null)
    {
        lock (_gate)
        {
            var status = new RealtimeStatus(state, environment.TimeProvider.GetUtcNow(), error, attempt, nextRetry);
            if (_ended || status.SameAs(Current))
            {
                return false;
            }

            Current = status;
            _observers.ForEach(o => o.Post(status));
            return true;
        }
    }

    /// <summary>The last status, then completion.</summary>
    public void End()
    {
        Set(RealtimeState.Closed);
        lock (_gate)
        {
            _ended = true;
            _observers.ForEach(static o => o.End(null));
        }
    }

    public IDisposable Subscribe(IObserver<RealtimeStatus> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var buffer = new DeliveryBuffer<RealtimeStatus>(Capacity, () => Current);
        var delivery = new ObserverDelivery<RealtimeStatus>(observer, environment.Scheduler, buffer, static _ => { }, Remove);
        lock (_gate)
        {
            delivery.Post(Current);
            if (_ended)
            {
                delivery.End(null);
            }
            else
            {
                _observers.Add(delivery);
            }
        }

        return delivery;
    }

    private void Remove(ObserverDelivery<RealtimeStatus> delivery)
    {
        lock (_gate)
        {
            _observers.Remove(delivery);
        }
    }
}
