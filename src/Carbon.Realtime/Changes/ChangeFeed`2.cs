using System.Text;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>One table's changes for everybody who subscribed alike: decoded once, however many they are.</summary>
internal sealed class ChangeFeed<TKey, TRow> : ChangeFeed
    where TKey : notnull
{
    /// <summary>A burst is published at this size even while more arrives: the last of a long burst must not wait for its end.</summary>
    private const int BurstSize = 256;

    private readonly RealtimeTable<TKey, TRow> _table;
    private readonly FeedKey _key;
    private readonly byte[] _schemaUtf8;
    private readonly byte[] _nameUtf8;
    private readonly ChangeDecoder<TKey, TRow> _decoder;
    private readonly List<TableChange<TKey, TRow>> _burst = [];
    private Observer[] _observers = [];

    public ChangeFeed(ChangeFeeds owner, FeedKey key, RealtimeTable<TKey, TRow> table)
        : base(owner)
    {
        _key = key;
        _table = table;
        _schemaUtf8 = Encoding.UTF8.GetBytes(table.Schema);
        _nameUtf8 = Encoding.UTF8.GetBytes(table.Name);
        _decoder = new ChangeDecoder<TKey, TRow>($"{table.Schema}.{table.Name}", table.Definition, TenantFilter(), table.Filter, owner.Registry.Drops, owner.Logger);
    }

    /// <summary>Adds an observer: its first element is a gap, at once if changes flow already. Under the gate.</summary>
    public IDisposable Subscribe(IObserver<TableChange<TKey, TRow>> target)
    {
        var buffer = CreateBuffer();
        Observer? observer = null;
        var delivery = new ObserverDelivery<TableChange<TKey, TRow>>(
            target, Owner.Environment.Scheduler, buffer, e => ChangesLog.ObserverThrew(Owner.Logger, _table.ToString(), e), _ => Remove(observer!));
        observer = new Observer(delivery.Post, delivery.End);
        Add(observer);
        return delivery;
    }

    /// <summary>Adds a reader that pulls. Under the gate.</summary>
    public PullDelivery<TableChange<TKey, TRow>> Read()
    {
        Observer? observer = null;
        var delivery = new PullDelivery<TableChange<TKey, TRow>>(CreateBuffer(), () => Remove(observer!));
        observer = new Observer(delivery.Post, delivery.End);
        Add(observer);
        return delivery;
    }

    public override bool OnChange(in ChangeFrame change, bool verified)
    {
        if (Volatile.Read(ref _observers).Length == 0)
        {
            return false;
        }

        // The server compares names with LIKE: user_data also brings user1data's changes.
        if (!change.Table.SequenceEqual(_nameUtf8) || !change.Schema.SequenceEqual(_schemaUtf8))
        {
            Owner.Registry.Drops.Count(FrameDropReason.ForeignTable);
            return false;
        }

        if (!change.Errors.IsEmpty && FaultTable.Change(Encoding.UTF8.GetString(change.Errors)).Reaction == Reaction.RetrySlowly)
        {
            TellTableFault(change.Errors);
            return false;
        }

        // Not a delete: it comes without errors whatever the role may read, and with nothing granted.
        if (TableFault is not null && change.Errors.IsEmpty && change.Type != ChangeType.Delete && EndTableFault())
        {
            OnBurstEnd();
            Publish([new Gap<TKey, TRow>(GapReason.Resubscribed)]);
        }

        return _decoder.Decode(change, verified) is { } element && Gather(element);
    }

    public override void OnUnreadable()
    {
        OnBurstEnd();
        Publish([new Gap<TKey, TRow>(GapReason.Undecodable)]);
    }

    public override void OnBurstEnd()
    {
        if (_burst.Count > 0)
        {
            Publish(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_burst));
            _burst.Clear();
        }
    }

    protected override void TellReady(ReadyCause cause)
    {
        OnBurstEnd();
        if (cause != ReadyCause.TokenPushed)
        {
            Publish([new Gap<TKey, TRow>(cause == ReadyCause.Joined ? GapReason.Rejoined : GapReason.Resubscribed)]);
        }

        StartObservers();
    }

    protected override void StartObservers()
    {
        foreach (var observer in _observers)
        {
            observer.Start();
        }
    }

    protected override void EndObservers(Exception? error)
    {
        if (error is not null && _observers.Length > 0)
        {
            ChangesLog.Ended(Owner.Logger, _table.ToString(), error.Message);
        }

        foreach (var observer in _observers)
        {
            // Another tenant is current: not even what waits of the old one's may come any more.
            observer.End(error, discard: error is RealtimeException { Reason: RealtimeErrorReason.TenantChanged });
        }

        _observers = [];
    }

    protected override SubscriptionRequest CreateRequest()
    {
        // The tenant goes first: it is what the database indexes by, and what the server's log should show.
        var filter = TenantFilter().And(_table.Filter);
        var binding = new JoinBinding("*", _table.Schema, _table.Name, filter.IsEmpty ? null : filter.ToString());
        var deletes = _key.Options.KeyOnlyDeletes && !filter.IsEmpty ? new JoinBinding("DELETE", _table.Schema, _table.Name, null) : null;
        return new SubscriptionRequest(this, binding, deletes, _key.Options.Group, _key.User);
    }

    private RealtimeFilter TenantFilter() =>
        _key.Tenant is null ? RealtimeFilter.None : RealtimeFilter.Where(_table.TenantColumn!).Equal(_key.Tenant);

    private DeliveryBuffer<TableChange<TKey, TRow>> CreateBuffer() =>
        new(Owner.QueueCapacity, static () => new Gap<TKey, TRow>(GapReason.Overflow));

    private void Add(Observer observer)
    {
        if (IsEnded)
        {
            observer.End(EndedBy, discard: false);
            return;
        }

        // Listed before its first gap: a change in between is one that the gap covers.
        Volatile.Write(ref _observers, [.. _observers, observer]);
        if (IsReady)
        {
            observer.Start();
        }

        observer.Interest = Use();
    }

    private void Remove(Observer observer)
    {
        lock (Owner.Gate)
        {
            _observers = [.. _observers.Where(o => o != observer)];
            observer.Interest?.Dispose();
        }
    }

    /// <returns>Whether this is the first of its burst.</returns>
    private bool Gather(TableChange<TKey, TRow> element)
    {
        _burst.Add(element);
        if (_burst.Count >= BurstSize)
        {
            OnBurstEnd();
        }

        return _burst.Count == 1;
    }

    private void Publish(ReadOnlySpan<TableChange<TKey, TRow>> elements)
    {
        foreach (var observer in Volatile.Read(ref _observers))
        {
            observer.Post(elements);
        }
    }

    private delegate void PostElements(ReadOnlySpan<TableChange<TKey, TRow>> elements);

    /// <summary>One subscriber. Changes before its first gap are not for it: it has not read anything yet that they could change.</summary>
    private sealed class Observer(PostElements post, Action<Exception?, bool> end)
    {
        private readonly Lock _starting = new();
        private bool _hasStarted;

        public IDisposable? Interest { get; set; }

        /// <summary>Brings the first gap, unless it came already.</summary>
        public void Start()
        {
            lock (_starting)
            {
                if (!_hasStarted)
                {
                    post([new Gap<TKey, TRow>(GapReason.Started)]);
                    _hasStarted = true;
                }
            }
        }

        /// <summary>Brings elements, once started. The lock makes the gap and what follows it one: nothing can fall in between.</summary>
        public void Post(ReadOnlySpan<TableChange<TKey, TRow>> elements)
        {
            lock (_starting)
            {
                if (_hasStarted)
                {
                    post(elements);
                }
            }
        }

        public void End(Exception? error, bool discard) => end(error, discard);
    }
}
