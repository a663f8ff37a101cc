using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Carbon.Realtime.Convergence;

namespace Carbon.Realtime;

/// <summary>All rows of a store at one moment, with how true they are. Immutable: read it from any thread, keep it as long as you like.</summary>
/// <remarks>Taking one copies nothing; while you keep it, it holds the rows of its moment. The first who looks decides that moment: rows may be newer than the status,
/// by a burst of changes that was about to be told of, and never older.</remarks>
#pragma warning disable CA1710 // What it is called says more than "dictionary": it also tells how true it is.
public sealed class StoreSnapshot<TKey, TRow> : IReadOnlyDictionary<TKey, TRow>
    where TKey : notnull
#pragma warning restore CA1710
{
    private readonly RowImage<TKey, TRow> _rows;

    internal StoreSnapshot(long version, RowImage<TKey, TRow> rows, StoreStatus status)
    {
        Version = version;
        _rows = rows;
        Status = status;
    }

    /// <summary>One more than the snapshot's before; in one store's life they never go back.</summary>
    public long Version { get; }

    /// <summary>How true the rows are.</summary>
    public StoreStatus Status { get; }

    /// <summary>How many rows.</summary>
    public int Count => _rows.Count;

    /// <summary>The rows, in no particular order.</summary>
    public IEnumerable<TRow> Rows
    {
        get
        {
            foreach (var (_, row) in _rows)
            {
                yield return row;
            }
        }
    }

    /// <summary>The keys, in no particular order.</summary>
    public IEnumerable<TKey> Keys
    {
        get
        {
            foreach (var (key, _) in _rows)
            {
                yield return key;
            }
        }
    }

    IEnumerable<TRow> IReadOnlyDictionary<TKey, TRow>.Values => Rows;

    /// <summary>The row of a key.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public TRow this[TKey key] => TryGetValue(key, out var row) ? row : throw new KeyNotFoundException("The store has no row with this key.");

    /// <summary>Whether there is a row with this key.</summary>
    public bool ContainsKey(TKey key) => _rows.TryGet(key, out _);

    /// <summary>The row of a key, in the time of a dictionary's look-up.</summary>
    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TRow value) => _rows.TryGet(key, out value);

    /// <summary>Keys and rows, in no particular order.</summary>
    public IEnumerator<KeyValuePair<TKey, TRow>> GetEnumerator() => _rows.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
