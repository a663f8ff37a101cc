using System.Text.Json;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>Takes keys and rows out of one table's records and tells the log what is wrong with them, whoever's rows they are. Reader's loop only.</summary>
/// <remarks>
/// One for all streams of a table, however they filter: they meet the same records. What it remembers (where columns stood, which are cut, what was told) would
/// otherwise be brought into the processor's cache for each of a thousand streams anew (docs/performance.md, "What helped, and what did not").
/// </remarks>
internal sealed class RecordDecoder<TKey, TRow>
    where TKey : notnull
{
    private readonly string _table;
    private readonly TableDefinition<TKey, TRow> _definition;
    private readonly RowFidelity _fidelity;
    private readonly ListedColumns _listed = new();
    private readonly ListedColumns _oldListed = new();
    private readonly int[] _keyHints;
    private readonly int[] _oldKeyHints;
    private readonly int[] _columnHints;
    private readonly ILogger _logger;
    private Dictionary<string, long>? _undecodable;
    private HashSet<string>? _absent;

    /// <param name="table">Its name, for the log.</param>
    /// <param name="definition">The table.</param>
    /// <param name="isHeld">Whether rows are held beside others that were read: then raw ones, too, must say what a read says.</param>
    /// <param name="logger">The log.</param>
    public RecordDecoder(string table, TableDefinition<TKey, TRow> definition, bool isHeld, ILogger logger)
    {
        _table = table;
        _definition = definition;
        IsHeld = isHeld;
        _fidelity = new RowFidelity(definition.Columns, definition.Key.Columns, isHeld, definition.IsRaw, table, typeof(TRow).Name, logger);
        _keyHints = new int[definition.Key.Columns.Count];
        _oldKeyHints = new int[definition.Key.Columns.Count];
        _columnHints = new int[definition.Columns.Count];
        _logger = logger;
    }

    /// <summary>Whether rows are held beside others that were read.</summary>
    public bool IsHeld { get; }

    /// <summary>The key of the row as it is. Throws if a part of it is null.</summary>
    /// <returns>Whether it came, and whole.</returns>
    public bool TryFindKey(scoped in ChangeFrame change, out KeyValues values)
    {
        values = default;
        return !_fidelity.IsKeyCut(change.Columns) && TryFindKey(change.Record, change.RecordIndex, _keyHints, out values);
    }

    /// <summary>The key of the row as it was.</summary>
    /// <inheritdoc cref="TryFindKey(in ChangeFrame, out KeyValues)"/>
    public bool TryFindOldKey(scoped in ChangeFrame change, out KeyValues values)
    {
        values = default;
        return !_fidelity.IsKeyCut(change.Columns) && TryFindKey(change.OldRecord, change.OldRecordIndex, _oldKeyHints, out values);
    }

    /// <summary>May throw: a key's converter is the user's code.</summary>
    public TKey DecodeKey(in KeyValues values) => _definition.Key.Decode(values);

    /// <summary>The key as the row says it, or else as the record does. May throw.</summary>
    public TKey KeyOf(TRow row, in KeyValues values) => _definition.KeyOf is { } keyOf ? keyOf(row) : _definition.Key.Decode(values);

    /// <summary>Whether the row as it is came with every column, none of them cut. Says what is missing, once for each column.</summary>
    public bool IsWhole(in ChangeFrame change)
    {
        if (FindAbsent(change.Record, change.RecordIndex, change.Columns, _listed) is { } column)
        {
            TellAbsent(column);
            return false;
        }

        return !_fidelity.HasCut(change.Record, change.RecordIndex, change.Columns);
    }

    /// <summary>Whether a number of the record would be rounded. Says so.</summary>
    public bool IsRounded(ReadOnlySpan<byte> record, RecordIndex index)
    {
        if (_fidelity.FindRounded(record, index) is not { } column)
        {
            return false;
        }

        TellUndecodable("$." + column, nameof(OverflowException));
        return true;
    }

    /// <summary>A whole record's row. May throw whatever the user's code does.</summary>
    public TRow DecodeRow(ReadOnlySpan<byte> record) => _definition.DecodeRow(record);

    /// <summary>The row as it was, where all its columns came and can be read.</summary>
    public bool TryDecodeOld(in ChangeFrame change, out TRow? row)
    {
        row = default;

        // Under the default replica identity it is the key alone: a count tells, where a search would forget where the columns of the row stand.
        var isWhole = change.OldRecordIndex.Count >= Math.Max(1, _columnHints.Length)
            && FindAbsent(change.OldRecord, change.OldRecordIndex, change.Columns, _oldListed) is null
            && !_fidelity.HasCut(change.OldRecord, change.OldRecordIndex, change.Columns);
        if (!isWhole || !change.Errors.IsEmpty || IsRounded(change.OldRecord, change.OldRecordIndex))
        {
            return false;
        }

        try
        {
            row = _definition.DecodeRow(change.OldRecord);
            return true;
        }
#pragma warning disable CA1031 // The user's code again. The old row is an extra: the change itself is known without it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            TellUndecodable(change.OldRecord, change.OldRecordIndex, e);
            return false;
        }
    }

    /// <summary>A record came without its key: the table has no such column, or the role may not read it. Says so, once for each column.</summary>
    public void TellKeyless(ReadOnlySpan<byte> record, RecordIndex index)
    {
        for (var i = 0; i < _definition.Key.Columns.Count; i++)
        {
            if (!index.TryFind(record, _definition.Key.ColumnsUtf8[i], out _))
            {
                TellAbsent(_definition.Key.Columns[i]);
            }
        }
    }

    /// <summary>The message may quote the row, and the path beyond the column may quote a jsonb's names: neither is logged.</summary>
    public void TellUndecodable(ReadOnlySpan<byte> record, RecordIndex index, Exception e)
    {
        // A null key is told with its column and a path of ours; of raw rows nobody maps one.
        var path = (e as JsonException)?.Path;
        TellUndecodable(_definition.ColumnAt(path) ?? FindUnreadable(record, index), e.GetType().Name);
    }

    /// <summary>A column that the row type maps, or for raw rows one that the change lists, and that was not sent.</summary>
    private string? FindAbsent(ReadOnlySpan<byte> record, RecordIndex index, TableColumns columns, ListedColumns listed)
    {
        if (_definition.IsRaw)
        {
            return listed.FindAbsent(record, index, columns);
        }

        for (var i = 0; i < _columnHints.Length; i++)
        {
            if (!index.TryFind(record, _definition.Columns[i].Utf8, ref _columnHints[i], out _))
            {
                return _definition.Columns[i].Name;
            }
        }

        return null;
    }

    private bool TryFindKey(ReadOnlySpan<byte> record, RecordIndex index, int[] hints, out KeyValues values)
    {
        ReadOnlySpan<byte> second = default, third = default;
        var columns = _definition.Key.ColumnsUtf8;
        var found = index.TryFind(record, columns[0], ref hints[0], out var first)
            && (columns.Length < 2 || index.TryFind(record, columns[1], ref hints[1], out second))
            && (columns.Length < 3 || index.TryFind(record, columns[2], ref hints[2], out third));
        values = new KeyValues { First = first, Second = second, Third = third };
        return !values.HasNull ? found : throw new JsonException("A key column is null.", $"$.{_definition.Key.Columns[values.NullAt]}", null, null);
    }

    private void TellAbsent(string column)
    {
        // Of raw rows any name may come.
        if ((_absent ??= []).Count < TableColumns.Most && _absent.Add(column))
        {
            ChangesLog.ColumnAbsent(_logger, _table, ServerWords.Tell(column, 64), typeof(TRow).Name);
        }
    }

    /// <summary>Tells at a column's first row and whenever their number doubles: a column that no row fits must not fill the log as well.</summary>
    private void TellUndecodable(string column, string exception)
    {
        _undecodable ??= [];
        var count = _undecodable[column] = _undecodable.GetValueOrDefault(column) + 1;
        if (System.Numerics.BitOperations.IsPow2(count))
        {
            ChangesLog.Undecodable(_logger, _table, column, typeof(TRow).Name, exception);
        }
    }

    /// <summary>A converter's own exception names no column: it is the first that cannot be read by itself, unless the row's constructor threw.</summary>
    private string FindUnreadable(ReadOnlySpan<byte> record, RecordIndex index)
    {
        foreach (var column in _definition.Columns)
        {
            if (index.TryFind(record, column.Utf8, out var value) && !column.CanRead(value))
            {
                return "$." + column.Name;
            }
        }

        return "?";
    }
}
