using System.Collections.Immutable;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Changes;

/// <summary>A user's handle on several tables' watches, and what holds them.</summary>
internal sealed class Revalidations(ChangeFeeds owner, ImmutableArray<WatchFeed> feeds, RevalidationOptions options) : IRevalidations
{
    private readonly List<Subscriber> _subscribers = [];
    private int _holds;

    private ChangeFeeds Owner => owner;

    private ImmutableArray<WatchFeed> Feeds => feeds;

    private RevalidationOptions Options => options;

    private string[] Tables { get; } = [.. feeds.Select(static f => f.Name)];

    public RealtimeStatus Status => feeds.Select(static f => f.Status.Current).MaxBy(static s => Distance(s.State))!;

    public IDisposable Subscribe(IObserver<Revalidation> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        lock (owner.Gate)
        {
            return new Subscriber(this, observer).Start();
        }
    }

    public IDisposable Hold()
    {
        lock (owner.Gate)
        {
            _holds++;
        }

        return new Held(this);
    }

    private static int Distance(RealtimeState state) => state switch
    {
        RealtimeState.Idle => 0,
        RealtimeState.Live => 1,
        RealtimeState.Joining => 2,
        RealtimeState.Connecting => 3,
        RealtimeState.Recovering => 4,
        RealtimeState.Faulted => 5,
        _ => 6,
    };

    private void Release()
    {
        lock (owner.Gate)
        {
            if (--_holds == 0)
            {
                _subscribers.ForEach(static s => s.Release());
            }
        }
    }

    private sealed class Held(Revalidations revalidations) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                revalidations.Release();
            }
        }
    }

    /// <summary>One subscription, with a debounce of its own: its first signal is when it comes, not when the others did.</summary>
    private sealed class Subscriber : ITableWatcher, IDeliveryOwner<Revalidation>
    {
        private readonly Revalidations _source;
        private readonly Debouncer _debouncer;
        private readonly ObserverDelivery<Revalidation> _delivery;
        private readonly List<IDisposable> _watches = [];
        private bool _hasEnded;

        public Subscriber(Revalidations source, IObserver<Revalidation> observer)
        {
            _source = source;
            var owner = source.Owner;
            _delivery = new ObserverDelivery<Revalidation>(
                observer,
                owner.Environment.Scheduler,
                new DeliveryBuffer<Revalidation>(capacity: 1, this)
                {
                    Merge = static (waiting, next) => waiting.And(next),
                },
                this);
            _debouncer = new Debouncer(owner, source.Options, () => source._holds > 0, signal => _delivery.Post(signal));
        }

        public ObserverDelivery<Revalidation> Start()
        {
            _source._subscribers.Add(this);
            foreach (var feed in _source.Feeds)
            {
                if (!_hasEnded)
                {
                    _watches.Add(feed.Add(this, isToldIfLive: true));
                }
            }

            return _delivery;
        }

        public void Release() => _debouncer.Release();

        public void OnTouched(string table, GapReason? gap) => _debouncer.Touch(table, gap);

        public void OnEnded(Exception? error)
        {
            if (!_hasEnded)
            {
                Leave();
                _delivery.End(error, discard: error is RealtimeException { Reason: RealtimeErrorReason.TenantChanged });
            }
        }

        Revalidation IDeliveryOwner<Revalidation>.Overflowed() => throw new InvalidOperationException("What comes is merged into what waits.");

        void IDeliveryOwner<Revalidation>.OnObserverThrew(Exception error) => ChangesLog.ObserverThrew(_source.Owner.Logger, string.Join(", ", _source.Tables), error);

        void IDeliveryOwner<Revalidation>.OnDisposed(IDelivery<Revalidation> delivery) => Leave();

        private void Leave()
        {
            lock (_source.Owner.Gate)
            {
                _hasEnded = true;
                _debouncer.Stop();
                _watches.ForEach(static w => w.Dispose());
                _watches.Clear();
                _source._subscribers.Remove(this);
            }
        }
    }
}
