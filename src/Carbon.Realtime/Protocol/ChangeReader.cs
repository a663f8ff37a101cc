using System.Buffers.Text;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Protocol;

/// <summary>Finds the parts of a change: pass one of two. One instance per connection, used by the reader's thread alone.</summary>
/// <remarks>
/// Two passes are needed because the record comes before the ids, the schema and the errors on the wire. <c>columns</c> is about half of
/// a frame and the same from row to row, so it is compared with the table's last one and stepped over; only a difference is parsed.
/// </remarks>
internal sealed class ChangeReader
{
    /// <summary>Tables whose columns are remembered; past this the memory starts over.</summary>
    private const int MaxTables = 1024;

    /// <summary>Longer columns, of some thousand columns, are read anew each time: what is remembered stays bounded.</summary>
    private const int MaxColumnsBytes = 64 * 1024;

    private readonly RecordIndex _record = new();
    private readonly RecordIndex _oldRecord = new();
    private readonly Dictionary<byte[], TableColumns> _columns = new(Utf8Keys.Comparer);
    private long[] _ids = new long[8];

    public bool TryRead(ReadOnlySpan<byte> payload, out ChangeFrame change, out FrameDropReason error)
    {
        change = default;
        var scanner = new JsonScanner(payload);
        var parts = new Parts { Columns = TableColumns.None };
        var idCount = 0;
        _record.Clear();
        _oldRecord.Clear();
        if (scanner.TryTake((byte)'{'))
        {
            do
            {
                if (!scanner.TryReadText(out var key) || !scanner.TryTake((byte)':'))
                {
                    break;
                }

                _ = key switch
                {
                    _ when key.SequenceEqual("data"u8) => ReadData(ref scanner, payload, ref parts),
                    _ when key.SequenceEqual("ids"u8) => ReadIds(ref scanner, out idCount),
                    _ => scanner.TryReadValue(out _),
                };
            }
            while (scanner.MoveNext((byte)'}'));
        }

        if (scanner.Error == FrameDropReason.None
            && (scanner.Peek() != 0 || !scanner.AtEnd || parts.Type is null || parts.Schema.IsEmpty || parts.Table.IsEmpty || idCount == 0))
        {
            scanner.Fail(FrameDropReason.Malformed);
        }

        error = scanner.Error;
        if (error != FrameDropReason.None)
        {
            return false;
        }

        change = new ChangeFrame
        {
            Type = parts.Type!.Value,
            Schema = parts.Schema,
            Table = parts.Table,
            Ids = _ids.AsSpan(0, idCount),
            CommitTimestamp = parts.CommitTimestamp,
            Record = parts.Record,
            RecordIndex = _record,
            OldRecord = parts.OldRecord,
            OldRecordIndex = _oldRecord,
            Columns = parts.Columns,
            Errors = parts.Errors,
        };
        return true;
    }

    private bool ReadData(scoped ref JsonScanner scanner, ReadOnlySpan<byte> payload, ref Parts parts)
    {
        if (!scanner.TryTake((byte)'{') || scanner.Peek() == (byte)'}')
        {
            return scanner.Fail(FrameDropReason.Malformed);
        }

        do
        {
            if (!scanner.TryReadText(out var key) || !scanner.TryTake((byte)':'))
            {
                return false;
            }

            var read = key switch
            {
                _ when key.SequenceEqual("table"u8) => scanner.TryReadText(out parts.Table),
                _ when key.SequenceEqual("schema"u8) => scanner.TryReadText(out parts.Schema),
                _ when key.SequenceEqual("type"u8) => ReadType(ref scanner, ref parts),
                _ when key.SequenceEqual("record"u8) => _record.TryRead(ref scanner, payload, out parts.Record),
                _ when key.SequenceEqual("old_record"u8) => _oldRecord.TryRead(ref scanner, payload, out parts.OldRecord),
                _ when key.SequenceEqual("columns"u8) => ReadColumns(ref scanner, parts.Table, out parts.Columns),
                _ when key.SequenceEqual("commit_timestamp"u8) => ReadTimestamp(ref scanner, ref parts),
                _ when key.SequenceEqual("errors"u8) => ReadErrors(ref scanner, ref parts),
                _ => scanner.TryReadValue(out _),
            };
            if (!read)
            {
                return false;
            }
        }
        while (scanner.MoveNext((byte)'}'));

        return scanner.Error == FrameDropReason.None;
    }

    private static bool ReadType(scoped ref JsonScanner scanner, ref Parts parts)
    {
        if (!scanner.TryReadText(out var type))
        {
            return false;
        }

        parts.Type = type switch
        {
            _ when type.SequenceEqual("INSERT"u8) => ChangeType.Insert,
            _ when type.SequenceEqual("UPDATE"u8) => ChangeType.Update,
            _ when type.SequenceEqual("DELETE"u8) => ChangeType.Delete,
            _ => null,
        };
        return parts.Type is not null || scanner.Fail(FrameDropReason.Malformed);
    }

    private bool ReadColumns(scoped ref JsonScanner scanner, ReadOnlySpan<byte> table, out TableColumns columns)
    {
        columns = TableColumns.None;
        scanner.Peek();
        var tables = _columns.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (tables.TryGetValue(table, out var known) && scanner.TakeIf(known.Json))
        {
            columns = known;
            return true;
        }

        if (!scanner.TryReadValue(out var raw))
        {
            return false;
        }

        if (!TableColumns.TryParse(raw, out columns))
        {
            return scanner.Fail(FrameDropReason.Malformed);
        }

        if (_columns.Count >= MaxTables)
        {
            _columns.Clear();
        }

        if (raw.Length <= MaxColumnsBytes)
        {
            tables[table] = columns;
        }

        return true;
    }

    private static bool ReadTimestamp(scoped ref JsonScanner scanner, ref Parts parts)
    {
        if (!scanner.TryReadValue(out var raw))
        {
            return false;
        }

        // Null in the 400 and 401 shapes; what cannot be read is treated alike, the timestamp is for display and lag only.
        parts.CommitTimestamp = raw.Length > 2 && raw[0] == (byte)'"' && IsoTimestamp.TryParse(raw[1..^1], out var value) ? value : null;
        return true;
    }

    private static bool ReadErrors(scoped ref JsonScanner scanner, ref Parts parts)
    {
        if (!scanner.TryReadValue(out var raw))
        {
            return false;
        }

        parts.Errors = raw.SequenceEqual("null"u8) ? default : raw;
        return true;
    }

    private bool ReadIds(scoped ref JsonScanner scanner, out int count)
    {
        count = 0;
        if (!scanner.TryTake((byte)'['))
        {
            return false;
        }

        if (scanner.TakeIf((byte)']'))
        {
            return true;
        }

        do
        {
            if (!scanner.TryReadValue(out var raw) || !Utf8Parser.TryParse(raw, out long id, out var used) || used != raw.Length)
            {
                return scanner.Fail(FrameDropReason.Malformed);
            }

            if (count == _ids.Length)
            {
                Array.Resize(ref _ids, count * 2);
            }

            _ids[count++] = id;
        }
        while (scanner.MoveNext((byte)']'));

        return scanner.Error == FrameDropReason.None;
    }

    private ref struct Parts
    {
        public ReadOnlySpan<byte> Schema;
        public ReadOnlySpan<byte> Table;
        public ReadOnlySpan<byte> Record;
        public ReadOnlySpan<byte> OldRecord;
        public ReadOnlySpan<byte> Errors;
        public ChangeType? Type;
        public DateTimeOffset? CommitTimestamp;
        public TableColumns Columns;
    }
}
