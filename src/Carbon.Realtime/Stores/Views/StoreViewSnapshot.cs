using System.Collections;

namespace Carbon.Realtime;

/// <summary>A view's rows in their order at one moment, with how true they are. Immutable: any thread, for as long as you like.</summary>
/// <remarks>An index costs the logarithm of <see cref="Count"/>; going through all rows costs their number.</remarks>
#pragma warning disable CA1710 // What it is called says more than "list": it also tells how true it is.
public sealed class StoreViewSnapshot<TRow> : IReadOnlyList<TRow>
#pragma warning restore CA1710
{
    private readonly IReadOnlyList<TRow> _rows;

    internal StoreViewSnapshot(long version, IReadOnlyList<TRow> rows, StoreStatus status)
    {
        Version = version;
        _rows = rows;
        Status = status;
    }

    /// <summary>The version of the store's snapshot that it was made of.</summary>
    public long Version { get; }

    /// <summary>How true the rows are.</summary>
    public StoreStatus Status { get; }

    /// <summary>How many rows.</summary>
    public int Count => _rows.Count;

    /// <summary>The row at a place, from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public TRow this[int index] => _rows[index];

    /// <summary>The rows in their order.</summary>
    public IEnumerator<TRow> GetEnumerator() => _rows.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
