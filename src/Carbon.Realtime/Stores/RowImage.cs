using System.Diagnostics.CodeAnalysis;

namespace Carbon.Realtime.Stores;

/// <summary>All rows of one moment. Immutable; any thread.</summary>
internal sealed class RowImage<TKey, TRow>(KeyIndex<TKey> index, RowChapter<TRow>?[] chapters, int count)
    where TKey : notnull
{
    public static RowImage<TKey, TRow> Empty { get; } = new(new KeyIndex<TKey>(null, 0), [], 0);

    public int Count => count;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TRow row)
    {
        // A slot that was given out later has no page here, or no row in it.
        var slot = index.Find(key);
        if (slot >= 0 && Page(slot) is { } page && page.Has(slot))
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
        for (var chapter = 0; chapter < chapters.Length; chapter++)
        {
            for (var i = 0; i < Slots.ChapterSize; i++)
            {
                if (chapters[chapter]?.Pages[i] is not { Occupied: not 0 } page)
                {
                    continue;
                }

                var first = ((chapter << Slots.ChapterBits) | i) << Slots.PageBits;
                for (var left = page.Occupied; left != 0; left &= left - 1)
                {
                    var at = System.Numerics.BitOperations.TrailingZeroCount(left);
                    yield return new(index[first | at], page.Rows[at]);
                }
            }
        }
    }

    private RowPage<TRow>? Page(int slot)
    {
        var chapter = Slots.Chapter(slot);
        return chapter < chapters.Length ? chapters[chapter]?.Pages[Slots.Page(slot)] : null;
    }
}
