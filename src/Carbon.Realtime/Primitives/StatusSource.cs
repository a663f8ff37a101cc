namespace Carbon.Realtime.Primitives;

/// <summary>A status and those who follow it. An observer is told the current status at once and every later one, in order.</summary>
/// <param name="environment">Clock and scheduler.</param>
/// <param name="owner">Whose status it is.</param>
internal sealed class StatusSource(RealtimeEnvironment environment, IStatusOwner owner) : IObservable<RealtimeStatus>, IDeliveryOwner<RealtimeStatus>
{
    /// <summary>A follower that does not keep up loses the middle, never the newest: the overflow marker is the status of that moment.</summary>
    private const int Capacity = 256;

    private readonly Lock _gate = new();
    private List<ObserverDelivery<RealtimeStatus>>? _observers;
    private bool _ended;

    public RealtimeStatus Current { get; private set; } = new(RealtimeState.Idle, environment.TimeProvider.GetUtcNow());

    /// <summary>Publishes a status; one equal to the current is not repeated.</summary>
    /// <returns>Whether it was new.</returns>
    public bool Set(RealtimeState state, RealtimeException? error = null, int attempt = 0, DateTimeOffset? nextRetry = null)
    {
        lock (_gate)
        {
            var now = environment.TimeProvider.GetUtcNow();
            var notLiveSince = state is RealtimeState.Live or RealtimeState.Idle ? (DateTimeOffset?)null : Current.NotLiveSince ?? now;
            var status = new RealtimeStatus(state, now, error, attempt, nextRetry, notLiveSince);
            if (_ended || status.SameAs(Current))
            {
                return false;
            }

            Current = status;
            _observers?.ForEach(o => o.Post(status));
            return true;
        }
    }

    /// <summary>The last status, then completion.</summary>
    /// <param name="error">Why, where it was not asked for.</param>
    public void End(RealtimeException? error)
    {
        Set(RealtimeState.Closed, error);
        lock (_gate)
        {
            _ended = true;
            _observers?.ForEach(static o => o.End(null));
        }
    }

    public IDisposable Subscribe(IObserver<RealtimeStatus> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var buffer = new DeliveryBuffer<RealtimeStatus>(Capacity, this);
        var delivery = new ObserverDelivery<RealtimeStatus>(observer, environment.Scheduler, buffer, this);
        lock (_gate)
        {
            delivery.Post(Current);
            if (_ended)
            {
                delivery.End(null);
            }
            else
            {
                (_observers ??= []).Add(delivery);
                owner.OnStatusFollowed(true);
            }
        }

        return delivery;
    }

    RealtimeStatus IDeliveryOwner<RealtimeStatus>.Overflowed() => Current;

    void IDeliveryOwner<RealtimeStatus>.OnObserverThrew(Exception error) => owner.OnStatusObserverThrew(error);

    void IDeliveryOwner<RealtimeStatus>.OnDisposed(IDelivery<RealtimeStatus> delivery)
    {
        lock (_gate)
        {
            if (_observers?.RemoveAll(o => o == delivery) > 0 && _observers.Count == 0)
            {
                owner.OnStatusFollowed(false);
            }
        }
    }
}
