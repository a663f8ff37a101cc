using System.Collections;

namespace Carbon.Realtime.Stores.Views;

/// <summary>The order of a view: the user's comparison, then the keys, then who came first. It tells any two rows apart, so that each has one place.</summary>
/// <remarks>
/// Keys come before arrival because a list that is made anew, after a reset say, must have equal rows in the same places again. Text is compared
/// by its code units: a culture may call two different keys equal, and costs more.
/// </remarks>
/// <param name="comparison">The user's; <see langword="null"/> for none.</param>
internal sealed class RowOrder<TKey, TRow>(Comparison<TRow>? comparison) : IComparer<SortedRow<TKey, TRow>>
{
    /// <summary><see langword="null"/> where keys have no order.</summary>
    private static readonly IComparer<TKey>? Keys =
        typeof(TKey) == typeof(string) ? (IComparer<TKey>)(object)StringComparer.Ordinal
        : typeof(IStructuralComparable).IsAssignableFrom(typeof(TKey)) ? new Parts()
        : typeof(IComparable<TKey>).IsAssignableFrom(typeof(TKey)) || typeof(IComparable).IsAssignableFrom(typeof(TKey)) ? Comparer<TKey>.Default
        : null;

    public int Compare(SortedRow<TKey, TRow>? x, SortedRow<TKey, TRow>? y)
    {
        if (ReferenceEquals(x, y))
        {
            return 0;
        }

        if (comparison?.Invoke(x!.Row, y!.Row) is { } byRow and not 0)
        {
            return byRow;
        }

        return Keys?.Compare(x!.Key, y!.Key) is { } byKey and not 0 ? byKey : x!.Arrival.CompareTo(y!.Arrival);
    }

    /// <summary>Compares tuples part by part.</summary>
    private sealed class Parts : IComparer<TKey>, IComparer
    {
        public int Compare(TKey? x, TKey? y) => ((IStructuralComparable)x!).CompareTo(y, this);

        int IComparer.Compare(object? x, object? y) => (x, y) switch
        {
            (string a, string b) => string.CompareOrdinal(a, b),
            (IStructuralComparable a, _) => a.CompareTo(y, this),
            (IComparable a, _) => a.CompareTo(y),
            _ => 0,
        };
    }
}
