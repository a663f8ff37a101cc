using Carbon.Realtime.Channels;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>A table's changes for one that holds its rows: also those that only say that a row is not ours any more.</summary>
/// <remarks>
/// A stream drops what is not ours; here it removes the row (docs/protocol.md, "Who gets a change"): the server sends an update of a row that
/// has just left the filter to its old viewers too, and nothing at all later. So that such an update comes at all, the filter is not sent unless it is said that
/// no row ever leaves it (<see cref="FilterPlan"/>).
/// </remarks>
internal sealed class RowFeed<TKey, TRow> : TableFeed
    where TKey : notnull
{
    private readonly RealtimeTable<TKey, TRow> _table;
    private readonly FeedTally _tally;
    private readonly List<RowEvent<TKey, TRow>> _burst = [];
    private readonly RecordDecoder<TKey, TRow> _records;
    private ChangeDecoder<TKey, TRow> _decoder;
    private IRowSink<TKey, TRow>? _sink;
    private long _bytes;
    private bool _isEpoch;

    /// <param name="owner">All feeds.</param>
    /// <param name="key">Which rows.</param>
    /// <param name="table">The table.</param>
    /// <param name="sendsFilter">Whether the server judges the table's filter, and says nothing of a row that leaves it.</param>
    public RowFeed(ChangeFeeds owner, FeedKey key, RealtimeTable<TKey, TRow> table, bool sendsFilter)
        : base(owner, key, table, sendsFilter)
    {
        _table = table;
        _tally = Shared.Tally;
        _records = new RecordDecoder<TKey, TRow>(Table, table.Definition, isHeld: true, owner.Logger);
        _decoder = CreateDecoder();
    }

    protected override bool HasObservers => Volatile.Read(ref _sink) is not null;

    /// <summary>Feeds a sink until it disposes the result. One sink in a feed's life. Under the gate.</summary>
    public IDisposable Attach(IRowSink<TKey, TRow> sink)
    {
        if (IsEnded)
        {
            Owner.EndLater(() => sink.OnEnded(EndedBy));
            return System.Reactive.Disposables.Disposable.Empty;
        }

        Volatile.Write(ref _sink, sink);
        return new Attachment(this, Use());
    }

    public override void OnBurstEnd()
    {
        if (_burst.Count > 0)
        {
            Volatile.Read(ref _sink)?.OnEvents(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_burst), _bytes);
            _tally.Told(_burst.Count);
            _burst.Clear();
            _bytes = 0;
        }
    }

    protected override bool Take(in ChangeFrame change, bool verified)
    {
        var before = _burst.Count;
        var decoder = Volatile.Read(ref _decoder);
        switch (decoder.Decode(change, verified))
        {
            case Inserted<TKey, TRow> inserted:
                Add(RowEventKind.Put, inserted.Key, inserted.Row, change);
                break;
            case Updated<TKey, TRow> updated:
                if (!_table.Definition.Key.Comparer.Equals(updated.OldKey, updated.Key))
                {
                    Add(RowEventKind.Remove, updated.OldKey, default, change);
                }

                Add(RowEventKind.Put, updated.Key, updated.Row, change);
                break;
            case Deleted<TKey, TRow> deleted:
                Add(RowEventKind.Remove, deleted.Key, default, change);
                break;
            case var gapOrForeign:
                TakeUndecoded(decoder, change, gapOrForeign as Gap<TKey, TRow>);
                break;
        }

        _bytes = _burst.Count == 0 ? 0 : _bytes + change.Record.Length; // of what is no event nothing is kept
        if (_burst.Count >= BurstSize)
        {
            OnBurstEnd();
        }

        return before == 0 && _burst.Count > 0;
    }

    protected override void TellGap(GapReason reason)
    {
        _tally.Told(reason);
        Volatile.Read(ref _sink)?.OnMissed(reason);
    }

    protected override void TellReady(ReadyCause cause)
    {
        OnBurstEnd();
        StartObservers(otherwise: null);
    }

    /// <remarks>Every ok is an epoch of its own, also one that a token push of ours explains: it costs a read that may be needless.</remarks>
    protected override void StartObservers(GapReason? otherwise)
    {
        _isEpoch = true;
        _sink?.OnEpoch();
    }

    protected override void OnStatusChanged(RealtimeStatus status)
    {
        // A table's fault leaves the subscription as it is; whatever else comes behind it does not.
        var isOnlyTableFault = TableFault is not null && ReferenceEquals(status.Error, TableFault);
        if (_isEpoch && status.State != RealtimeState.Live && !isOnlyTableFault)
        {
            _isEpoch = false;
            _sink?.OnEpochEnded();
        }

        _sink?.OnStatus(status);
    }

    protected override void EndEach(Exception? error)
    {
        _sink?.OnEnded(error);
        Volatile.Write(ref _sink, null);
    }

    protected override void OnPlanChanged() => Volatile.Write(ref _decoder, CreateDecoder());

    private ChangeDecoder<TKey, TRow> CreateDecoder() => new(Table, _records, Plan, keyOnlyDeletes: true, Owner.Registry.Drops, Owner.Logger);

    private void Add(RowEventKind kind, TKey key, TRow? row, in ChangeFrame change)
    {
        _tally.Ready(change.CommitTimestamp);
        _burst.Add(new(kind, key, row, change.CommitTimestamp));
    }

    /// <summary>Not ours (<paramref name="gap"/> is none), or not to be told from the change: then the row has to be read.</summary>
    private void TakeUndecoded(ChangeDecoder<TKey, TRow> decoder, in ChangeFrame change, Gap<TKey, TRow>? gap)
    {
        if (!decoder.TryFindKeys(change, out var key, out var oldKey))
        {
            if (gap is not null)
            {
                OnBurstEnd();
                TellGap(gap.Reason);
            }

            return;
        }

        if (oldKey.Exists)
        {
            Add(RowEventKind.Remove, oldKey.Key!, default, change);
        }

        Add(gap is null ? RowEventKind.Remove : RowEventKind.Ask, key, default, change);
    }

    private sealed class Attachment(RowFeed<TKey, TRow> feed, IDisposable interest) : IDisposable
    {
        public void Dispose()
        {
            Volatile.Write(ref feed._sink, null);
            interest.Dispose();
        }
    }
}
