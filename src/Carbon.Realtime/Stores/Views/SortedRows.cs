using System.Collections.Immutable;

namespace Carbon.Realtime.Stores.Views;

/// <summary>The rows of a view, kept in order change by change. One thread at a time; runs the user's predicate and comparison, which may throw.</summary>
/// <remarks>
/// An immutable tree list: a change costs the logarithm of the rows, in comparisons and in nodes, and publishing costs nothing, whatever observers
/// still hold. Beside it a dictionary says what is shown of a key, so that nothing is believed of what a change says of the row before.
/// After an exception the rows may be out of order and are not to be used.
/// </remarks>
/// <param name="predicate">Which rows; <see langword="null"/> for all.</param>
/// <param name="comparison">In which order; <see langword="null"/> for that of the keys.</param>
/// <param name="keys">When two keys are the same; <see langword="null"/> for their own equality.</param>
internal sealed class SortedRows<TKey, TRow>(Func<TRow, bool>? predicate, Comparison<TRow>? comparison, IEqualityComparer<TKey>? keys)
    where TKey : notnull
{
    private readonly RowOrder<TKey, TRow> _order = new(comparison);
    private Dictionary<TKey, SortedRow<TKey, TRow>> _held = new(keys);
    private ImmutableList<SortedRow<TKey, TRow>>.Builder _sorted = ImmutableList.CreateBuilder<SortedRow<TKey, TRow>>();
    private long _arrivals;

    /// <summary>The rows as they are now; nothing is copied.</summary>
    public IReadOnlyList<TRow> Publish() => new SortedRowList<TKey, TRow>(_sorted.ToImmutable());

    /// <summary>Takes other rows instead. Keys that stay keep their arrival.</summary>
    /// <returns>Whether that makes any difference.</returns>
    public bool Reset(IEnumerable<KeyValuePair<TKey, TRow>> rows)
    {
        var held = new Dictionary<TKey, SortedRow<TKey, TRow>>(keys);
        foreach (var (key, row) in rows)
        {
            if (predicate?.Invoke(row) != false)
            {
                held[key] = new(key, row, _held.TryGetValue(key, out var before) ? before.Arrival : ++_arrivals);
            }
        }

        var sorted = new SortedRow<TKey, TRow>[held.Count];
        held.Values.CopyTo(sorted, 0);
        try
        {
            Array.Sort(sorted, _order);
        }
        catch (InvalidOperationException e) when (e.InnerException is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException); // the comparison's own, which the sort wraps
        }

        var differs = !IsShown(sorted);
        _held = held;
        _sorted = ImmutableList.Create(sorted).ToBuilder();
        return differs;
    }

    /// <summary>Takes over what became of one key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="exists">Whether the store has a row with it.</param>
    /// <param name="row">The row.</param>
    /// <param name="changes">Given the steps from the list before to the list now.</param>
    public void Apply(TKey key, bool exists, TRow? row, ImmutableArray<StoreViewChange<TRow>>.Builder changes)
    {
        var isWanted = exists && predicate?.Invoke(row!) != false;
        if (!_held.TryGetValue(key, out var before))
        {
            if (isWanted)
            {
                Insert(new SortedRow<TKey, TRow>(key, row!, ++_arrivals), changes);
            }
        }
        else if (!isWanted)
        {
            var index = IndexOf(before);
            _sorted.RemoveAt(index);
            _held.Remove(key);
            changes.Add(new(StoreViewChangeKind.Removed, index, index, default, before.Row));
        }
        else if (!IsSame(before.Row, row!))
        {
            Replace(before, new SortedRow<TKey, TRow>(key, row!, before.Arrival), changes);
        }
    }

    private static bool IsSame(TRow x, TRow y) => EqualityComparer<TRow>.Default.Equals(x, y);

    private void Insert(SortedRow<TKey, TRow> row, ImmutableArray<StoreViewChange<TRow>>.Builder changes)
    {
        var index = PlaceFor(row);
        _sorted.Insert(index, row);
        _held[row.Key] = row;
        changes.Add(new(StoreViewChangeKind.Inserted, index, index, row.Row, default));
    }

    private void Replace(SortedRow<TKey, TRow> before, SortedRow<TKey, TRow> row, ImmutableArray<StoreViewChange<TRow>>.Builder changes)
    {
        var from = IndexOf(before);
        _held[row.Key] = row;
        changes.Add(new(StoreViewChangeKind.Replaced, from, from, row.Row, before.Row));
        if ((from == 0 || _order.Compare(_sorted[from - 1], row) < 0) && (from == _sorted.Count - 1 || _order.Compare(row, _sorted[from + 1]) < 0))
        {
            _sorted[from] = row;
            return;
        }

        _sorted.RemoveAt(from);
        var to = PlaceFor(row);
        _sorted.Insert(to, row);
        if (to != from)
        {
            changes.Add(new(StoreViewChangeKind.Moved, to, from, row.Row, row.Row));
        }
    }

    private int PlaceFor(SortedRow<TKey, TRow> row)
    {
        var found = _sorted.BinarySearch(row, _order);
        return found < 0 ? ~found : found;
    }

    private int IndexOf(SortedRow<TKey, TRow> row)
    {
        var found = _sorted.BinarySearch(row, _order);
        if (found >= 0 && ReferenceEquals(_sorted[found], row))
        {
            return found;
        }

        // The comparison is no order, or a row was written to: the list may be out of order, but never wrong.
        return _sorted.FindIndex(other => ReferenceEquals(other, row));
    }

    private bool IsShown(SortedRow<TKey, TRow>[] rows)
    {
        if (rows.Length != _sorted.Count)
        {
            return false;
        }

        var index = 0;
        foreach (var shown in _sorted)
        {
            var row = rows[index++];
            if (shown.Arrival != row.Arrival || !IsSame(shown.Row, row.Row))
            {
                return false;
            }
        }

        return true;
    }
}
