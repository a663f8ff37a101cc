using System.Collections;
using System.Collections.Immutable;

namespace Carbon.Realtime.Stores.Views;

/// <summary>A row in a view.</summary>
/// <param name="key">Its key.</param>
/// <param name="row">The row.</param>
/// <param name="arrival">When its key came into the view: a number that no other key of the view has.</param>
internal sealed class SortedRow<TKey, TRow>(TKey key, TRow row, long arrival)
{
    public TKey Key => key;

    public TRow Row => row;

    public long Arrival => arrival;
}

/// <summary>A view's rows without what the view knows of them.</summary>
internal sealed class SortedRowList<TKey, TRow>(ImmutableList<SortedRow<TKey, TRow>> rows) : IReadOnlyList<TRow>
{
    public int Count => rows.Count;

    public TRow this[int index] => rows[index].Row;

    public IEnumerator<TRow> GetEnumerator()
    {
        foreach (var row in rows)
        {
            yield return row.Row;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
