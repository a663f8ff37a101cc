using Carbon.Realtime.Tables;

namespace Carbon.Realtime.Snapshots;

/// <summary>A row that the database has and this client cannot show.</summary>
/// <param name="HasKey">Whether <paramref name="Key"/> is known: if not, it may be any row.</param>
/// <param name="Key">Its key.</param>
/// <param name="Problem">Why, without anything of the row.</param>
internal readonly record struct UnreadableRow<TKey>(bool HasKey, TKey? Key, UnreadableReason Problem);

internal enum UnreadableReason
{
    /// <summary>The row type's constructor, setter or converter refused it, or a key column is null.</summary>
    Undecodable,

    /// <summary>A number that a <see cref="decimal"/> would round.</summary>
    Rounded,

    /// <summary>It is longer than <see cref="SnapshotLimits.MaxRowBytes"/>.</summary>
    TooLong,
}

/// <summary>What one answer of the server brought: all of it, or nothing. Its rows are of one instant, those of two pages are not.</summary>
internal sealed class SnapshotPage<TKey, TRow>
{
    private readonly List<KeyValuePair<TKey, TRow>> _rows = [];
    private readonly List<UnreadableRow<TKey>> _unreadable = [];
    private byte[] _last = new byte[64];
    private (int First, int Second, int Third) _lastLengths;

    /// <summary>In the order of the key as the database sorts it, which for text is not this client's.</summary>
    public IReadOnlyList<KeyValuePair<TKey, TRow>> Rows => _rows;

    /// <summary>Rows that are there, but not in <see cref="Rows"/>.</summary>
    public IReadOnlyList<UnreadableRow<TKey>> Unreadable => _unreadable;

    /// <summary>Rows of another tenant than was asked for: dropped, key and all.</summary>
    public int Foreign { get; private set; }

    /// <summary>How many rows match in all; <see langword="null"/> where that was not asked for or not said.</summary>
    public long? Total { get; internal set; }

    /// <summary>Rows that this read brought so far, these included.</summary>
    public long RowsSoFar { get; internal set; }

    /// <summary>Whether each row has a known key and is the tenant's: only then does a row's absence from the answer say anything.</summary>
    public bool ProvesAbsence => Foreign == 0 && _unreadable.TrueForAll(static r => r.HasKey);

    /// <summary>Whether a whole row showed that all columns are there.</summary>
    internal bool AreColumnsChecked { get; set; }

    /// <summary>Rows in the answer, whatever became of them.</summary>
    internal int Answered => _rows.Count + _unreadable.Count + Foreign;

    /// <summary>The last key that could be told, in the server's own JSON; <see langword="null"/> if none could.</summary>
    internal byte[][]? Last => _lastLengths.First == 0 ? null
        : [_last[.._lastLengths.First],
            _last[_lastLengths.First..(_lastLengths.First + _lastLengths.Second)],
            _last[(_lastLengths.First + _lastLengths.Second)..(_lastLengths.First + _lastLengths.Second + _lastLengths.Third)]];

    internal void Add(TKey key, TRow row) => _rows.Add(new(key, row));

    internal void Add(UnreadableRow<TKey> row) => _unreadable.Add(row);

    internal void AddForeign() => Foreign++;

    /// <summary>Every row's, as nobody knows which one is the last: into one buffer, so that it costs a copy.</summary>
    internal void SetLast(in KeyValues key)
    {
        var length = key.First.Length + key.Second.Length + key.Third.Length;
        if (_last.Length < length)
        {
            _last = new byte[length * 2];
        }

        key.First.CopyTo(_last);
        key.Second.CopyTo(_last.AsSpan(key.First.Length));
        key.Third.CopyTo(_last.AsSpan(key.First.Length + key.Second.Length));
        _lastLengths = (key.First.Length, key.Second.Length, key.Third.Length);
    }
}

/// <summary>What asking for keys brought.</summary>
/// <param name="Page">The rows that are there.</param>
/// <param name="Absent">Keys without a row that the user may see: proven, not merely not answered.</param>
/// <param name="Unknown">Keys that nothing can be said of, for a row came whose key could not be told.</param>
internal sealed record PointRead<TKey, TRow>(SnapshotPage<TKey, TRow> Page, IReadOnlyList<TKey> Absent, IReadOnlyList<TKey> Unknown);

/// <summary>What a scan came to.</summary>
/// <param name="Rows">All rows, unreadable ones included.</param>
/// <param name="Pages">Pages with rows.</param>
/// <param name="ProvesAbsence">
/// Whether a row that no page had is not there (or came to be before the place that was reached). Not so where a row's key could not be told,
/// or where rows of another tenant came: what answers for somebody else may have led the scan past rows.
/// </param>
internal readonly record struct ScanResult(long Rows, int Pages, bool ProvesAbsence);
