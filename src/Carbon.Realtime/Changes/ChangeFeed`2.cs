using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>One table's changes for everybody who subscribed alike: decoded once, however many they are.</summary>
internal sealed class ChangeFeed<TKey, TRow> : TableFeed, IDeliveryOwner<TableChange<TKey, TRow>>
    where TKey : notnull
{
    private readonly RealtimeTable<TKey, TRow> _table;
    private readonly FeedTally _tally;
    private List<TableChange<TKey, TRow>>? _burst;
    private ChangeDecoder<TKey, TRow>? _decoder;
    private FeedObserver<TKey, TRow>[] _observers = [];

    public ChangeFeed(ChangeFeeds owner, FeedKey key, RealtimeTable<TKey, TRow> table)
        : base(owner, key, table)
    {
        _table = table;
        _tally = Shared.Tally;
    }

    protected override bool HasObservers => Volatile.Read(ref _observers).Length > 0;

    /// <summary>Adds an observer: its first element is a gap, at once if changes flow already. Under the gate.</summary>
    public IDisposable Subscribe(IObserver<TableChange<TKey, TRow>> target)
    {
        var delivery = new ObserverDelivery<TableChange<TKey, TRow>>(target, Owner.Environment.Scheduler, CreateBuffer(), this);
        Add(new FeedObserver<TKey, TRow>(delivery, _tally));
        return delivery;
    }

    /// <summary>Adds a reader that pulls. Under the gate.</summary>
    public PullDelivery<TableChange<TKey, TRow>> Read()
    {
        var delivery = new PullDelivery<TableChange<TKey, TRow>>(CreateBuffer(), this);
        Add(new FeedObserver<TKey, TRow>(delivery, _tally));
        return delivery;
    }

    public override void OnBurstEnd()
    {
        if (_burst is { Count: > 0 })
        {
            Publish(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_burst));
            _burst.Clear();
        }
    }

    void IDeliveryOwner<TableChange<TKey, TRow>>.OnObserverThrew(Exception error) => ChangesLog.ObserverThrew(Owner.Logger, Table, error);

    void IDeliveryOwner<TableChange<TKey, TRow>>.OnDisposed(IDelivery<TableChange<TKey, TRow>> delivery)
    {
        lock (Owner.Gate)
        {
            // Not there where it subscribed to what had ended.
            if (Array.Find(_observers, o => o.Delivery == delivery) is { } observer)
            {
                _observers = [.. _observers.Where(o => o != observer)];
                observer.Interest?.Dispose();
            }
        }
    }

    TableChange<TKey, TRow> IDeliveryOwner<TableChange<TKey, TRow>>.Overflowed()
    {
        _tally.Told(GapReason.Overflow);
        return new Gap<TKey, TRow>(GapReason.Overflow);
    }

    protected override bool Take(in ChangeFrame change, bool verified) =>
        (Volatile.Read(ref _decoder) ?? CreateDecoder()).Decode(change, verified) is { } element && Gather(element);

    protected override void TellGap(GapReason reason) => Publish([new Gap<TKey, TRow>(reason)]);

    protected override void StartObservers(GapReason? otherwise)
    {
        foreach (var observer in _observers)
        {
            observer.Start(otherwise);
        }
    }

    protected override void EndEach(Exception? error)
    {
        foreach (var observer in _observers)
        {
            // Another tenant is current: not even what waits of the old one's may come any more.
            observer.End(error, discard: error is RealtimeException { Reason: RealtimeErrorReason.TenantChanged });
        }

        _observers = [];
    }

    protected override void OnPlanChanged() => Volatile.Write(ref _decoder, null);

    /// <remarks>Not before there is a change: the memory of a subscription that nothing comes for would double (docs/performance.md, "Idle").</remarks>
    private ChangeDecoder<TKey, TRow> CreateDecoder()
    {
        lock (Owner.Gate)
        {
            var decoder = new ChangeDecoder<TKey, TRow>(
                Table, Shared.RecordsOf(_table.Definition), Plan, Key.Options.KeyOnlyDeletes, Owner.Registry.Drops, Owner.Logger);
            Volatile.Write(ref _decoder, decoder);
            return decoder;
        }
    }

    private DeliveryBuffer<TableChange<TKey, TRow>> CreateBuffer() => new(Owner.QueueCapacity, this)
    {
        Depth = Owner.Registry.Instruments.Queue,
        IsRedundant = static (last, next) => next is Gap<TKey, TRow> { HasKey: false } gap && last is Gap<TKey, TRow> { HasKey: false } waiting && gap.Reason == waiting.Reason,
    };

    private void Add(FeedObserver<TKey, TRow> observer)
    {
        if (IsEnded)
        {
            Owner.EndLater(() => observer.End(EndedBy, discard: false));
            return;
        }

        // Listed before its first gap: a change in between is one that the gap covers.
        Volatile.Write(ref _observers, [.. _observers, observer]);
        if (IsReady)
        {
            observer.Start(otherwise: null);
        }

        observer.Interest = Use();
    }

    /// <returns>Whether this is the first of its burst.</returns>
    private bool Gather(TableChange<TKey, TRow> element)
    {
        _tally.Ready(element.CommittedAt);
        (_burst ??= []).Add(element);
        if (_burst.Count >= BurstSize)
        {
            OnBurstEnd();
        }

        return _burst.Count == 1;
    }

    private void Publish(ReadOnlySpan<TableChange<TKey, TRow>> elements)
    {
        var isTold = false;
        foreach (var observer in Volatile.Read(ref _observers))
        {
            isTold |= observer.Post(elements);
        }

        if (isTold)
        {
            _tally.Told(elements);
        }
    }
}
