using System.Diagnostics.CodeAnalysis;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Filters;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>Turns a change's bytes into a stream element: verdict, key, absent columns, and only then a row. Reader's loop only.</summary>
internal sealed class ChangeDecoder<TKey, TRow>
    where TKey : notnull
{
    private readonly string _table;
    private readonly RecordDecoder<TKey, TRow> _records;
    private readonly RowGuard _tenant;
    private readonly RowGuard _filter;
    private readonly RowGuard _local;
    private readonly RowGuard _oldTenant;
    private readonly RowGuard _oldLocal;
    private readonly RowGuard _deletedRow;
    private readonly bool _keyOnlyDeletes;
    private readonly bool _isHeld; // then what is not ours comes by right, and nobody asks for a row as it was
    private readonly DropCounter _drops;
    private readonly ILogger _logger;

    /// <param name="table">Its name, for the log.</param>
    /// <param name="records">Takes its records apart.</param>
    /// <param name="plan">Whose rows.</param>
    /// <param name="keyOnlyDeletes">Whether deletes that nobody could judge are wanted.</param>
    /// <param name="drops">Counts what is nobody's business.</param>
    /// <param name="logger">The log.</param>
    public ChangeDecoder(string table, RecordDecoder<TKey, TRow> records, FilterPlan plan, bool keyOnlyDeletes, DropCounter drops, ILogger logger)
    {
        _table = table;
        _records = records;
        _isHeld = records.IsHeld;
        _tenant = RowGuard.Of(plan.Tenant);
        _filter = RowGuard.Of([.. plan.Sent.Conditions.Except(plan.Tenant)]);
        _local = RowGuard.Of(plan.Local);
        _oldTenant = RowGuard.Of(plan.Tenant);
        _oldLocal = RowGuard.Of(plan.Local);
        _deletedRow = RowGuard.Of(plan.All);
        _keyOnlyDeletes = keyOnlyDeletes;
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
            var hasOld = _records.TryFindOldKey(change, out var old);
            if (change.Type == ChangeType.Delete)
            {
                key = hasOld ? _records.DecodeKey(old) : default;
                return hasOld;
            }

            if (!_records.TryFindKey(change, out var values))
            {
                return false;
            }

            key = _records.DecodeKey(values)!;
            oldKey = hasOld && !SameKey(values, old) ? (true, _records.DecodeKey(old)) : default;
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

        if (!_records.TryFindKey(change, out var values))
        {
            return Keyless(change.Record, change.RecordIndex);
        }

        if (!change.Errors.IsEmpty || local != FilterVerdict.Yes || !_records.IsWhole(change))
        {
            return new Gap<TKey, TRow>(GapReason.Partial, _records.DecodeKey(values));
        }

        if (_records.IsRounded(change.Record, change.RecordIndex))
        {
            return new Gap<TKey, TRow>(GapReason.Undecodable, _records.DecodeKey(values));
        }

        var row = _records.DecodeRow(change.Record);
        var key = _records.KeyOf(row, values);
        if (change.Type == ChangeType.Insert)
        {
            return new Inserted<TKey, TRow>(key, row, change.CommitTimestamp);
        }

        // A row that another tenant handed over brings its old self along: neither its key nor its columns are ours to show.
        var oldTenant = _oldTenant.Judge(change.OldRecord, change.OldRecordIndex, change.Columns);
        KeyValues oldValues = default;
        var hasMoved = oldTenant != FilterVerdict.No && _records.TryFindOldKey(change, out oldValues) && !SameKey(values, oldValues);
        TRow? oldRow = default;
        var hasOldRow = !_isHeld && oldTenant == FilterVerdict.Yes && _records.TryDecodeOld(change, out oldRow);
        return hasMoved || hasOldRow
            ? new Updated<TKey, TRow>(key, row, hasMoved ? _records.DecodeKey(oldValues) : key, oldRow, hasOldRow, change.CommitTimestamp)
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

        if (!_records.TryFindOldKey(change, out var values))
        {
            return Keyless(change.OldRecord, change.OldRecordIndex);
        }

        // What nobody judged may be anybody's: then the key is all there is.
        var isOurs = (verified && local == FilterVerdict.Yes) || verdict == FilterVerdict.Yes;
        // And whose columns nobody but the server can judge stay untold, as those of a written row do.
        TRow? oldRow = default;
        var hasOldRow = !_isHeld && isOurs && _oldTenant.Judge(change.OldRecord, change.OldRecordIndex, change.Columns) == FilterVerdict.Yes
            && _records.TryDecodeOld(change, out oldRow);
        var key = hasOldRow ? _records.KeyOf(oldRow!, values) : _records.DecodeKey(values);
        return new Deleted<TKey, TRow>(key, oldRow, hasOldRow, isOurs, change.CommitTimestamp);
    }

    private static bool SameKey(in KeyValues one, in KeyValues other) =>
        one.First.SequenceEqual(other.First) && one.Second.SequenceEqual(other.Second) && one.Third.SequenceEqual(other.Third);

    /// <summary>Nobody should have been sent it. What a store does not have judged by the server comes by right and is not counted.</summary>
    private TableChange<TKey, TRow>? Foreign()
    {
        _drops.Count(FrameDropReason.ForeignRow);
        ChangesLog.Dropped(_logger, _table, FrameDropReason.ForeignRow);
        return null;
    }

    private Gap<TKey, TRow> Keyless(ReadOnlySpan<byte> record, RecordIndex index)
    {
        _records.TellKeyless(record, index);
        return new Gap<TKey, TRow>(GapReason.Partial);
    }

    private Gap<TKey, TRow> Undecodable(in ChangeFrame change, Exception e)
    {
        var isDelete = change.Type == ChangeType.Delete;
        _records.TellUndecodable(isDelete ? change.OldRecord : change.Record, isDelete ? change.OldRecordIndex : change.RecordIndex, e);
        try
        {
            return (isDelete ? _records.TryFindOldKey(change, out var values) : _records.TryFindKey(change, out values))
                ? new Gap<TKey, TRow>(GapReason.Undecodable, _records.DecodeKey(values))
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
