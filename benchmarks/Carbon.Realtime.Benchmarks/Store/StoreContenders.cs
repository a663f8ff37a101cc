using Carbon.Realtime.Changes;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime.Benchmarks.Store;

/// <summary>Who applies changes.</summary>
internal abstract class StoreContender(string name)
{
    public string Name => name;

    public abstract void Apply(ReadOnlySpan<RowEvent<string, StoreItem>> events);

    /// <summary>What it has of a key, to see that all did the same.</summary>
    public abstract int ChangeOf(string key);
}

/// <summary>The least that holding rows costs: a dictionary that nobody else may read.</summary>
internal sealed class PlainDictionary(StoreItem[] items) : StoreContender("dictionary")
{
    private readonly Dictionary<string, StoreItem> _rows = items.ToDictionary(static i => i.Id);

    public override void Apply(ReadOnlySpan<RowEvent<string, StoreItem>> events)
    {
        foreach (ref readonly var e in events) _rows[e.Key] = e.Row!;
    }

    public override int ChangeOf(string key) => _rows[key].Change;
}

/// <summary>A store's rules and rows in its settled state: verified, no read under way, nobody subscribed. It publishes after every burst, as its actor does, and somebody looks at each publication or nobody does.</summary>
internal sealed class SettledStore : StoreContender, IRowLog<string, StoreItem>
{
    private static readonly RealtimeTable<string, StoreItem> Table = RealtimeTable.Define("item", StoreJson.Default.StoreItem, "id", static i => i.Id);

    private readonly ConvergenceRules<string, StoreItem> _rules;
    private readonly int _burst;
    private readonly bool _isRead;
    private LazyImage<string, StoreItem> _current = LazyImage<string, StoreItem>.Empty;

    public SettledStore(StoreItem[] items, int burst, bool isRead)
        : base(FormattableString.Invariant($"store, {(isRead ? "read after " : "")}bursts of {burst}"))
    {
        _burst = burst;
        _isRead = isRead;
        _rules = new(Table.Definition.Key.Comparer, IsSame, version: null, ConvergencePolicy.Full, this);
        _rules.BeginScan();
        foreach (var page in items.Chunk(1000))
        {
            _rules.OnPage([.. page.Select(static i => KeyValuePair.Create(i.Id, i))], [], _rules.Moment, TimeSpan.Zero, onRepair: null);
        }

        _rules.EndScan(TimeSpan.Zero, onRepair: null);
        Publish();

        static bool IsSame(StoreItem held, StoreItem read) => Table.Definition.Compare(held, read) == RowDifference.None;
    }

    public override void Apply(ReadOnlySpan<RowEvent<string, StoreItem>> events)
    {
        var now = TimeSpan.FromMinutes(1);
        while (!events.IsEmpty)
        {
            var burst = events[..Math.Min(_burst, events.Length)];
            using (_rules.Rows.WriteInPlace())
            {
                foreach (ref readonly var e in burst) _rules.OnEvent(e, now);
            }

            Publish();
            events = events[burst.Length..];
        }
    }

    public override int ChangeOf(string key) => _current.Take().TryGet(key, out var row) ? row.Change : -1;

    void IRowLog<string, StoreItem>.Added(string key, StoreItem row)
    {
    }

    void IRowLog<string, StoreItem>.Updated(string key, StoreItem row, StoreItem before)
    {
    }

    void IRowLog<string, StoreItem>.Removed(string key, StoreItem before)
    {
    }

    private void Publish()
    {
        Volatile.Write(ref _current, _rules.Rows.Lend());
        if (_isRead) _ = _current.Take();
    }
}
