using System.Collections.Immutable;
using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Testing;

/// <summary>The rows of a <see cref="FakeLiveStore{TKey, TRow}"/>, and what a call makes of them. Under the store's lock.</summary>
internal sealed class FakeRows<TKey, TRow>(Func<TRow, TKey> keyOf)
    where TKey : notnull
{
    private readonly RowTable<TKey, TRow> _rows = new(null);

    /// <summary>The rows as they are now.</summary>
    public RowImage<TKey, TRow> Publish() => _rows.Publish();

    /// <summary>Adds rows, or puts them in the place of those with their keys.</summary>
    /// <returns>What became of each that is another one now.</returns>
    public ImmutableArray<StoreChange<TKey, TRow>> Set(TRow[] rows)
    {
        var changes = ImmutableArray.CreateBuilder<StoreChange<TKey, TRow>>();
        foreach (var row in rows)
        {
            var key = keyOf(row);
            var slot = _rows.SlotFor(key);
            if (!_rows.TryGetAt(slot, out var before))
            {
                changes.Add(new(StoreChangeKind.Added, key, row, default));
            }
            else if (!EqualityComparer<TRow>.Default.Equals(before, row))
            {
                changes.Add(new(StoreChangeKind.Updated, key, row, before));
            }
            else
            {
                continue;
            }

            _rows.Set(slot, row);
        }

        return changes.DrainToImmutable();
    }

    /// <summary>Removes the rows of these keys, where there are any.</summary>
    /// <returns>Those that there were.</returns>
    public ImmutableArray<StoreChange<TKey, TRow>> Remove(TKey[] keys)
    {
        var changes = ImmutableArray.CreateBuilder<StoreChange<TKey, TRow>>();
        foreach (var key in keys)
        {
            if (_rows.SlotOf(key) is var slot and >= 0 && _rows.TryGetAt(slot, out var before))
            {
                changes.Add(new(StoreChangeKind.Removed, key, default, before));
                _rows.RemoveAt(slot);
            }
        }

        return changes.DrainToImmutable();
    }

    /// <summary>Takes these rows instead of all others.</summary>
    public void Replace(params TRow[] rows)
    {
        _rows.Clear();
        foreach (var row in rows)
        {
            _rows.Set(_rows.SlotFor(keyOf(row)), row);
        }
    }
}
