using System.Diagnostics.CodeAnalysis;

namespace Carbon.Realtime.Convergence;

/// <summary>All rows of one moment. Immutable; any thread.</summary>
internal sealed class RowImage<TKey, TRow>(KeyIndex<TKey> index, RowTree<TRow> tree, int count)
    where TKey : notnull
{
    public static RowImage<TKey, TRow> Empty { get; } = new(new KeyIndex<TKey>(null, 0), default, 0);

    public int Count => count;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TRow row)
    {
        // A slot that was given out later has no page here, or no row in it.
        var slot = index.Find(key);
        if (slot >= 0 && tree.Page(slot) is { } page && page.Has(slot))
        {
            row = page.Rows[Slots.At(slot)];
            return true;
        }

        row = default;
        return false;
    }

    public IEnumerable<TKey> Keys
    {
        get
        {
            foreach (var (key, _) in this)
            {
                yield return key;
            }
        }
    }

    public IEnumerator<KeyValuePair<TKey, TRow>> GetEnumerator()
    {
        var left = count;
        for (var first = 0; left > 0; first += Slots.Size)
        {
            if (tree.Page(first) is not { Occupied: not 0 } page)
            {
                continue;
            }

            for (var occupied = page.Occupied; occupied != 0; occupied &= occupied - 1)
            {
                var at = System.Numerics.BitOperations.TrailingZeroCount(occupied);
                yield return new(index[first | at], page.Rows[at]);
                left--;
            }
        }
    }
}
