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
    private readonly FeedTally _tally;
    private readonly List<TableChange<TKey, TRow>> _burst = [];
    private FilterPlan _plan;
    private ChangeDecoder<TKey, TRow> _decoder;
    private TableColumns? _columns;
    private FeedObserver<TKey, TRow>[] _observers = [];

    public ChangeFeed(ChangeFeeds owner, FeedKey key, RealtimeTable<TKey, TRow> table)
        : base(owner, key.User)
    {
        _key = key;
        _table = table;
        _schemaUtf8 = Encoding.UTF8.GetBytes(table.Schema);
        _nameUtf8 = Encoding.UTF8.GetBytes(table.Name);
        _tally = new FeedTally($"{table.Schema}.{table.Name}", owner.Registry.Instruments, owner.Logger);
        _plan = FilterPlan.Create(TenantFilter(), table.Filter, owner.SingleFilterCondition);
        if (WhyNotJudged(_plan) is { } reason)
        {
            throw new ArgumentException(
                $"RealtimeOptions.SingleFilterCondition sends one condition on {table.Schema}.{table.Name} and the client judges the others, but {reason}. "
                + "Filter in your own code.",
                nameof(table));
        }

        _decoder = CreateDecoder();
    }

    protected override string Table => _table.ToString();

    /// <summary>Adds an observer: its first element is a gap, at once if changes flow already. Under the gate.</summary>
    public IDisposable Subscribe(IObserver<TableChange<TKey, TRow>> target)
    {
        var buffer = CreateBuffer();
        FeedObserver<TKey, TRow>? observer = null;
        var delivery = new ObserverDelivery<TableChange<TKey, TRow>>(
            target, Owner.Environment.Scheduler, buffer, e => ChangesLog.ObserverThrew(Owner.Logger, _table.ToString(), e), _ => Remove(observer!));
        observer = new FeedObserver<TKey, TRow>(delivery.Post, delivery.End, _tally);
        Add(observer);
        return delivery;
    }

    /// <summary>Adds a reader that pulls. Under the gate.</summary>
    public PullDelivery<TableChange<TKey, TRow>> Read()
    {
        FeedObserver<TKey, TRow>? observer = null;
        var delivery = new PullDelivery<TableChange<TKey, TRow>>(CreateBuffer(), () => Remove(observer!));
        observer = new FeedObserver<TKey, TRow>(delivery.Post, delivery.End, _tally);
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
            _tally.Dropped(FrameDropReason.ForeignTable);
            return false;
        }

        if (!change.Errors.IsEmpty && FaultTable.Change(Encoding.UTF8.GetString(change.Errors)).Reaction == Reaction.RetrySlowly)
        {
            TellTableFault(change.Errors);
            return false;
        }

        if ((!ReferenceEquals(change.Columns, _columns) && !TryLearn(change.Columns)) || IsRepeated(change))
        {
            return false;
        }

        // Not a delete: it comes without errors whatever the role may read, and with nothing granted.
        if (TableFault is not null && change.Errors.IsEmpty && change.Type != ChangeType.Delete && EndTableFault())
        {
            OnBurstEnd();
            Publish([new Gap<TKey, TRow>(GapReason.Resubscribed)]);
        }

        return Volatile.Read(ref _decoder).Decode(change, verified) is { } element && Gather(element);
    }

    public override void OnUnreadable()
    {
        OnBurstEnd();
        Publish([new Gap<TKey, TRow>(GapReason.Undecodable)]);
    }

    public override void OnSuspended()
    {
        OnBurstEnd();
        Publish([new Gap<TKey, TRow>(GapReason.Suspended)]);
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

        StartObservers(otherwise: null);
    }

    protected override void StartObservers(GapReason? otherwise)
    {
        foreach (var observer in _observers)
        {
            observer.Start(otherwise);
        }
    }

    protected override void EndObservers(Exception? error)
    {
        if (error is not null && _observers.Length > 0)
        {
            if (error is RealtimeException { Reason: RealtimeErrorReason.UnsafeFilter })
            {
                ChangesLog.UnsafeFilter(Owner.Logger, _table.ToString(), error.Message);
            }
            else
            {
                ChangesLog.Ended(Owner.Logger, _table.ToString(), error.Message);
            }
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
        var filter = _plan.Sent;
        var binding = new JoinBinding("*", _table.Schema, _table.Name, filter.IsEmpty ? null : filter.ToString());
        var deletes = _key.Options.KeyOnlyDeletes && !filter.IsEmpty ? new JoinBinding("DELETE", _table.Schema, _table.Name, null) : null;
        return new SubscriptionRequest(this, binding, deletes, _key.Options.Group, _key.User);
    }

    protected override bool TryWiden(string refusal)
    {
        if (_plan.Wider(refusal) is not { } wider || WhyNotJudged(wider) is not null)
        {
            return false;
        }

        _plan = wider;
        _columns = null; // what the client judges now must be of a type that it can judge
        Volatile.Write(ref _decoder, CreateDecoder());
        ChangesLog.Widened(Owner.Logger, _table.ToString());
        return true;
    }

    /// <summary>The change lists other columns than the last one, or the first: are the filter's of a type that can be filtered on?</summary>
    /// <returns>Whether the feed goes on.</returns>
    private bool TryLearn(TableColumns columns)
    {
        OnBurstEnd();
        lock (Owner.Gate)
        {
            _columns = columns;
            Owner.Learn(_table.Schema, _table.Name, columns);
            if (!IsEnded && columns.Count > 0 && _plan.WhyNotJudged(columns) is { } reason)
            {
                Owner.End(key => key == _key, new RealtimeException(
                    RealtimeErrorReason.UnsafeFilter,
                    $"The server is not sent all conditions on {_table.Schema}.{_table.Name}, and {reason}. Filter on another column, or in your own code.",
                    isTransient: false));
            }

            return !IsEnded;
        }
    }

    private string? WhyNotJudged(FilterPlan plan) => plan.Local.Select(_table.Definition.WhyNotJudged).FirstOrDefault(static r => r is not null);

    private ChangeDecoder<TKey, TRow> CreateDecoder() =>
        new($"{_table.Schema}.{_table.Name}", _table.Definition, _plan, _key.Options.KeyOnlyDeletes, Owner.Registry.Drops, Owner.Logger);

    private RealtimeFilter TenantFilter() =>
        _key.Tenant is null ? RealtimeFilter.None : RealtimeFilter.Where(_table.TenantColumn!).Equal(_key.Tenant);

    private DeliveryBuffer<TableChange<TKey, TRow>> CreateBuffer() => new(Owner.QueueCapacity, Overflowed)
    {
        Depth = Owner.Registry.Instruments.Queue,
        IsRedundant = static (last, next) => next is Gap<TKey, TRow> { HasKey: false } gap && last is Gap<TKey, TRow> { HasKey: false } waiting && gap.Reason == waiting.Reason,
    };

    private Gap<TKey, TRow> Overflowed()
    {
        _tally.Told(GapReason.Overflow);
        return new Gap<TKey, TRow>(GapReason.Overflow);
    }

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

    private void Remove(FeedObserver<TKey, TRow> observer)
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
        _tally.Ready(element.CommittedAt);
        _burst.Add(element);
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
