using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Filters;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>Turns a change's bytes into a stream element: verdict, key, absent columns, and only then a row. Reader's loop only.</summary>
internal sealed class ChangeDecoder<TKey, TRow>
    where TKey : notnull
{
    private readonly string _table;
    private readonly TableDefinition<TKey, TRow> _definition;
    private readonly RowGuard _tenant;
    private readonly RowGuard _filter;
    private readonly RowGuard _local;
    private readonly RowGuard _oldTenant;
    private readonly RowGuard _oldLocal;
    private readonly RowGuard _deletedRow;
    private readonly bool _keyOnlyDeletes;
    private readonly bool _oldRows;
    private readonly bool _isHeld;
    private readonly RowFidelity _fidelity;
    private readonly ListedColumns _listed = new();
    private readonly ListedColumns _oldListed = new();
    private readonly int[] _keyHints;
    private readonly int[] _oldKeyHints;
    private readonly int[] _columnHints;
    private readonly DropCounter _drops;
    private readonly ILogger _logger;
    private Dictionary<string, long>? _undecodable;
    private bool _toldAbsent;

    /// <param name="table">Its name, for the log.</param>
    /// <param name="definition">The table.</param>
    /// <param name="plan">Whose rows.</param>
    /// <param name="keyOnlyDeletes">Whether deletes that nobody could judge are wanted.</param>
    /// <param name="oldRows">Whether old rows are, where they come.</param>
    /// <param name="isHeld">Whether rows are held beside others that were read: then raw ones, too, must say what a read says.</param>
    /// <param name="drops">Counts what is nobody's business.</param>
    /// <param name="logger">The log.</param>
    public ChangeDecoder(
        string table, TableDefinition<TKey, TRow> definition, FilterPlan plan, bool keyOnlyDeletes, bool oldRows, bool isHeld, DropCounter drops,
        ILogger logger)
    {
        _oldRows = oldRows;
        _isHeld = isHeld;
        _table = table;
        _definition = definition;
        _tenant = RowGuard.Of(plan.Tenant);
        _filter = RowGuard.Of([.. plan.Sent.Conditions.Except(plan.Tenant)]);
        _local = RowGuard.Of(plan.Local);
        _oldTenant = RowGuard.Of(plan.Tenant);
        _oldLocal = RowGuard.Of(plan.Local);
        _deletedRow = RowGuard.Of(plan.All);
        _keyOnlyDeletes = keyOnlyDeletes;
        _fidelity = new RowFidelity(definition.Columns, definition.Key.Columns, isHeld, definition.IsRaw, table, typeof(TRow).Name, logger);
        _keyHints = new int[definition.Key.Columns.Count];
        _oldKeyHints = new int[definition.Key.Columns.Count];
        _columnHints = new int[definition.Columns.Count];
        _drops = drops;
        _logger = logger;
    }

    /// <summary>The element a change stands for; <see langword="null"/> when it is nobody's business.</summary>
    /// <param name="change">Without errors, or with 413.</param>
    /// <param name="verified">Whether the server matched it with the filter.</param>
    public TableChange<TKey, TRow>? Decode(in ChangeFrame change, bool verified)
    {
        try
        {
            return change.Type == ChangeType.Delete ? DecodeDelete(change, verified) : DecodeWrite(change);
        }
#pragma warning disable CA1031 // Row construction is the user's code: whatever it throws costs one row, never the stream.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Undecodable(change, e);
        }
    }

    /// <summary>The keys that a change names, whoever's rows they are: what a store must not go on to show, or has to ask about.</summary>
    /// <param name="change">Any change.</param>
    /// <param name="key">Of the row as it is, or of a deleted one as it was.</param>
    /// <param name="oldKey">Of an updated row as it was, where that is another.</param>
    public bool TryFindKeys(in ChangeFrame change, [MaybeNullWhen(false)] out TKey key, out (bool Exists, TKey? Key) oldKey)
    {
        key = default;
        oldKey = default;
        try
        {
            var isDelete = change.Type == ChangeType.Delete;
            var hasOld = TryFindKey(change.OldRecord, change.OldRecordIndex, _oldKeyHints, out var old) && !_fidelity.IsKeyCut(change.Columns);
            if (isDelete)
            {
                key = hasOld ? _definition.Key.Decode(old) : default;
                return hasOld;
            }

            if (_fidelity.IsKeyCut(change.Columns) || !TryFindKey(change.Record, change.RecordIndex, _keyHints, out var values))
            {
                return false;
            }

            key = _definition.Key.Decode(values)!;
            oldKey = hasOld && !SameKey(values, old) ? (true, _definition.Key.Decode(old)) : default;
            return true;
        }
#pragma warning disable CA1031 // The key's converter is the user's code.
        catch (Exception)
#pragma warning restore CA1031
        {
            key = default;
            return false;
        }
    }

    private TableChange<TKey, TRow>? DecodeWrite(in ChangeFrame change)
    {
        switch (_tenant.Judge(change.Record, change.RecordIndex, change.Columns))
        {
            case FilterVerdict.No:
                return Foreign();
            case FilterVerdict.CannotTell:
                // Whose row it is cannot be seen, so nothing of it may be shown, its key included; that something was lost can be said.
                return new Gap<TKey, TRow>(GapReason.Partial);
        }

        // What only the server can judge, it has judged: the binding that matched carries this filter. The rest is ours alone to judge.
        var local = _local.Judge(change.Record, change.RecordIndex, change.Columns);
        if (local == FilterVerdict.No || _filter.Judge(change.Record, change.RecordIndex, change.Columns) == FilterVerdict.No)
        {
            return _isHeld && local == FilterVerdict.No ? null : Foreign();
        }

        if (_fidelity.IsKeyCut(change.Columns) || !TryFindKey(change.Record, change.RecordIndex, _keyHints, out var values))
        {
            return Keyless(change.Record, change.RecordIndex);
        }

        if (!change.Errors.IsEmpty || local != FilterVerdict.Yes || LacksColumn(change)
            || _fidelity.HasCut(change.Record, change.RecordIndex, change.Columns))
        {
            return new Gap<TKey, TRow>(GapReason.Partial, _definition.Key.Decode(values));
        }

        if (_fidelity.FindRounded(change.Record, change.RecordIndex) is { } rounded)
        {
            TellRounded(rounded);
            return new Gap<TKey, TRow>(GapReason.Undecodable, _definition.Key.Decode(values));
        }

        var row = _definition.DecodeRow(change.Record);
        var key = _definition.KeyOf is { } keyOf ? keyOf(row) : _definition.Key.Decode(values);
        if (change.Type == ChangeType.Insert)
        {
            return new Inserted<TKey, TRow>(key, row, change.CommitTimestamp);
        }

        // A row that another tenant handed over brings its old self along: neither its key nor its columns are ours to show.
        var oldTenant = _oldTenant.Judge(change.OldRecord, change.OldRecordIndex, change.Columns);
        KeyValues oldValues = default;
        var hasMoved = oldTenant != FilterVerdict.No && TryFindKey(change.OldRecord, change.OldRecordIndex, _oldKeyHints, out oldValues) && !SameKey(values, oldValues);
        TRow? oldRow = default;
        var hasOldRow = oldTenant == FilterVerdict.Yes && TryDecodeOld(change, out oldRow);
        return hasMoved || hasOldRow
            ? new Updated<TKey, TRow>(key, row, hasMoved ? _definition.Key.Decode(oldValues) : key, oldRow, hasOldRow, change.CommitTimestamp)
            : new Updated<TKey, TRow>(key, row, change.CommitTimestamp);
    }

    private TableChange<TKey, TRow>? DecodeDelete(in ChangeFrame change, bool verified)
    {
        var verdict = _deletedRow.Judge(change.OldRecord, change.OldRecordIndex, change.Columns);
        var local = _oldLocal.Judge(change.OldRecord, change.OldRecordIndex, change.Columns);

        // The server does not send a delete whose old row lacks a filtered column; of a condition that it was not sent, neither may we.
        if (verdict == FilterVerdict.No || (local != FilterVerdict.Yes && !_keyOnlyDeletes))
        {
            return _isHeld && local == FilterVerdict.No ? null : Foreign();
        }

        if (_fidelity.IsKeyCut(change.Columns) || !TryFindKey(change.OldRecord, change.OldRecordIndex, _oldKeyHints, out var values))
        {
            return Keyless(change.OldRecord, change.OldRecordIndex);
        }

        // What nobody judged may be anybody's: then the key is all there is.
        var isOurs = (verified && local == FilterVerdict.Yes) || verdict == FilterVerdict.Yes;
        // And whose columns nobody but the server can judge stay untold, as those of a written row do.
        TRow? oldRow = default;
        var hasOldRow = isOurs && _oldTenant.Judge(change.OldRecord, change.OldRecordIndex, change.Columns) == FilterVerdict.Yes && TryDecodeOld(change, out oldRow);
        var key = hasOldRow && _definition.KeyOf is { } keyOf ? keyOf(oldRow!) : _definition.Key.Decode(values);
        return new Deleted<TKey, TRow>(key, oldRow, hasOldRow, isOurs, change.CommitTimestamp);
    }

    /// <summary>The old row, where all its columns were sent.</summary>
    private bool TryDecodeOld(in ChangeFrame change, out TRow? row)
    {
        row = default;
        if (!_oldRows)
        {
            return false;
        }

        var isWhole = change.OldRecordIndex.Count > 0
            && FindAbsent(change.OldRecord, change.OldRecordIndex, change.Columns, _oldListed) is null
            && !_fidelity.HasCut(change.OldRecord, change.OldRecordIndex, change.Columns);
        if (!isWhole || !change.Errors.IsEmpty)
        {
            return false;
        }

        if (_fidelity.FindRounded(change.OldRecord, change.OldRecordIndex) is { } rounded)
        {
            TellRounded(rounded);
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

    private bool LacksColumn(in ChangeFrame change)
    {
        if (FindAbsent(change.Record, change.RecordIndex, change.Columns, _listed) is not { } column)
        {
            return false;
        }

        TellAbsent(column);
        return true;
    }

    private void TellAbsent(string column)
    {
        if (!_toldAbsent)
        {
            _toldAbsent = true;
            ChangesLog.ColumnAbsent(_logger, _table, ServerWords.Tell(column, 64), typeof(TRow).Name);
        }
    }

    /// <summary>A record without its key: the table has no such column, or the role may not read it.</summary>
    private Gap<TKey, TRow> Keyless(ReadOnlySpan<byte> record, RecordIndex index)
    {
        for (var i = 0; i < _definition.Key.Columns.Count; i++)
        {
            if (!index.TryFind(record, _definition.Key.ColumnsUtf8[i], out _))
            {
                TellAbsent(_definition.Key.Columns[i]);
            }
        }

        return new Gap<TKey, TRow>(GapReason.Partial);
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

    private static bool SameKey(in KeyValues one, in KeyValues other) =>
        one.First.SequenceEqual(other.First) && one.Second.SequenceEqual(other.Second) && one.Third.SequenceEqual(other.Third);

    /// <summary>The message may quote the row, and the path beyond the column may quote a jsonb's names: neither is logged.</summary>
    private void TellUndecodable(ReadOnlySpan<byte> record, RecordIndex index, Exception e)
    {
        // A null key is told with its column and a path of ours; of raw rows nobody maps one.
        var path = (e as JsonException)?.Path;
        TellUndecodable(_definition.ColumnAt(path) ?? FindUnreadable(record, index), e.GetType().Name);
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

    private void TellRounded(string column) => TellUndecodable("$." + column, nameof(OverflowException));

    /// <summary>Nobody should have been sent it. What a store does not have judged by the server comes by right and is not counted.</summary>
    private TableChange<TKey, TRow>? Foreign()
    {
        _drops.Count(FrameDropReason.ForeignRow);
        ChangesLog.Dropped(_logger, _table, FrameDropReason.ForeignRow);
        return null;
    }

    private Gap<TKey, TRow> Undecodable(in ChangeFrame change, Exception e)
    {
        var isDelete = change.Type == ChangeType.Delete;
        var record = isDelete ? change.OldRecord : change.Record;
        var index = isDelete ? change.OldRecordIndex : change.RecordIndex;
        TellUndecodable(record, index, e);
        try
        {
            return TryFindKey(record, index, isDelete ? _oldKeyHints : _keyHints, out var values)
                ? new Gap<TKey, TRow>(GapReason.Undecodable, _definition.Key.Decode(values))
                : new Gap<TKey, TRow>(GapReason.Undecodable);
        }
#pragma warning disable CA1031 // The key is what cannot be decoded, or the user's converter for it threw.
        catch (Exception)
#pragma warning restore CA1031
        {
            return new Gap<TKey, TRow>(GapReason.Undecodable);
        }
    }
}
