using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Stores;

/// <summary>A store's subscribers, each with a queue of its own. Under the store's lock, but for what observers run.</summary>
/// <param name="scheduler">Where they are told.</param>
/// <param name="current">The store's snapshot, for one whose queue overflowed. Any thread.</param>
/// <param name="onThrew">Told that one threw; its subscription is over.</param>
internal sealed class StoreObservers<TKey, TRow>(WorkScheduler scheduler, Func<StoreSnapshot<TKey, TRow>> current, Action<Exception> onThrew)
    where TKey : notnull
{
    /// <summary>Change sets that wait for one observer.</summary>
    private const int QueueCapacity = 256;

    private readonly List<ObserverDelivery<StoreChangeSet<TKey, TRow>>> _observers = [];

    /// <summary>The version of the snapshot that emptied the store last for another user or tenant: what is older is nobody's any more.</summary>
    private long _oldest;

    private bool _isWatched;

    /// <summary>Whether there are any. Any thread.</summary>
    public bool IsWatched => Volatile.Read(ref _isWatched);

    /// <summary>Adds one, and tells it everything.</summary>
    /// <param name="observer">Whom to tell.</param>
    /// <param name="onDisposed">Told once, without the lock.</param>
    public ObserverDelivery<StoreChangeSet<TKey, TRow>> Add(
        IObserver<StoreChangeSet<TKey, TRow>> observer, Action<IDelivery<StoreChangeSet<TKey, TRow>>> onDisposed)
    {
        var inOrder = new InOrder(this, observer, onDisposed);
        var buffer = new DeliveryBuffer<StoreChangeSet<TKey, TRow>>(QueueCapacity, inOrder);
        var delivery = new ObserverDelivery<StoreChangeSet<TKey, TRow>>(inOrder, scheduler, buffer, inOrder);
        delivery.Post(Everything());
        _observers.Add(delivery);
        Volatile.Write(ref _isWatched, true);
        return delivery;
    }

    public void Remove(IDelivery<StoreChangeSet<TKey, TRow>> delivery)
    {
        _observers.RemoveAll(o => o == delivery);
        Volatile.Write(ref _isWatched, _observers.Count > 0);
    }

    public void Post(StoreChangeSet<TKey, TRow> set) => _observers.ForEach(o => o.Post(set));

    /// <summary>Nothing more comes; they hear it behind what waits for them.</summary>
    public void End() => _observers.ForEach(static o => o.End(null));

    /// <summary>What still waits is another user's or tenant's.</summary>
    /// <param name="oldest">The first version that is not.</param>
    public void Forget(long oldest) => Volatile.Write(ref _oldest, oldest);

    private StoreChangeSet<TKey, TRow> Everything() => new(current(), isReset: true, []);

    private void Threw(Exception error) => onThrew(error);

    /// <summary>After an overflow the reset is of its own moment: change sets up to there, which come behind it, are in it already.</summary>
    private sealed class InOrder(
        StoreObservers<TKey, TRow> owner, IObserver<StoreChangeSet<TKey, TRow>> observer, Action<IDelivery<StoreChangeSet<TKey, TRow>>> onDisposed)
        : IObserver<StoreChangeSet<TKey, TRow>>, IDeliveryOwner<StoreChangeSet<TKey, TRow>>
    {
        private long _version = -1;

        public void OnNext(StoreChangeSet<TKey, TRow> value)
        {
            if (value.Snapshot.Version > _version && value.Snapshot.Version >= Volatile.Read(ref owner._oldest))
            {
                _version = value.Snapshot.Version;
                observer.OnNext(value);
            }
        }

        public void OnCompleted() => observer.OnCompleted();

        public void OnError(Exception error) => observer.OnError(error);

        public void OnObserverThrew(Exception error) => owner.Threw(error);

        public StoreChangeSet<TKey, TRow> Overflowed() => owner.Everything();

        public void OnDisposed(IDelivery<StoreChangeSet<TKey, TRow>> delivery) => onDisposed(delivery);
    }
}
