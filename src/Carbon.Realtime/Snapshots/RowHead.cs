using System.Text.Json;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime.Snapshots;

/// <summary>Finds the tenant and the key in a row's bytes. They are selected first and the server keeps that order, so that the walk is short.</summary>
internal sealed class RowHead
{
    private readonly byte[][] _columns;
    private readonly byte[][] _quoted;
    private readonly bool _mayHide;
    private readonly int _keys;
    private readonly int _tenant;

    /// <param name="keyColumns">One to three.</param>
    /// <param name="tenantColumn">May be one of them; <see langword="null"/> where tenants do not matter.</param>
    public RowHead(byte[][] keyColumns, byte[]? tenantColumn)
    {
        _keys = keyColumns.Length;
        _tenant = tenantColumn is null ? -1 : Array.FindIndex(keyColumns, k => k.AsSpan().SequenceEqual(tenantColumn));
        _columns = keyColumns;
        if (tenantColumn is not null && _tenant < 0)
        {
            _tenant = _keys;
            _columns = [.. keyColumns, tenantColumn];
        }

        _quoted = [.. _columns.Select(static c => (byte[])[(byte)'"', .. c, (byte)'"'])];
        _mayHide = _columns.Any(static c => c.AsSpan().ContainsAny("\"\\/"u8) || c.AsSpan().ContainsAnyInRange((byte)0, (byte)0x1F));
    }

    /// <summary>Reads the row's beginning; what is not found stays empty.</summary>
    /// <param name="row">The row, or its first bytes.</param>
    /// <param name="isWhole">Whether it is the row.</param>
    /// <param name="tenant">The tenant column's JSON value.</param>
    /// <param name="key">The key columns' JSON values.</param>
    /// <returns>Whether all parts of the key are there and none is null. Not where one of the columns stands twice: the row would be made of the other one.</returns>
    public bool TryRead(ReadOnlySpan<byte> row, bool isWhole, out ReadOnlySpan<byte> tenant, out KeyValues key)
    {
        Span<Range> found = stackalloc Range[KeyCodec<int>.MaxColumns + 1];
        found.Fill(0..0);
        var reader = new Utf8JsonReader(row, isWhole, default);
        try
        {
            var missing = _columns.Length;
            reader.Read();
            while (missing > 0 && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var column = Find(reader);
                if (!reader.Read())
                {
                    break;
                }

                var start = (int)reader.TokenStartIndex;
                if (!reader.TrySkip())
                {
                    break;
                }

                if (column >= 0 && found[column].End.Value > 0)
                {
                    return Ambiguous(out tenant, out key);
                }

                if (column >= 0)
                {
                    found[column] = start..(int)reader.BytesConsumed;
                    missing--;
                }
            }

            if (isWhole && missing == 0 && MayRepeat(row[(int)reader.BytesConsumed..]) && IsRepeated(ref reader))
            {
                return Ambiguous(out tenant, out key);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or a name that is not Unicode: what was found before is as good as it is, and the row's own decoding will say so.
        }

        tenant = _tenant < 0 ? default : row[found[_tenant]];
        key = new KeyValues { First = row[found[0]], Second = row[found[1]], Third = row[found[2]] };
        if (_keys < 3)
        {
            // The place behind the key's may be the tenant's.
            key = new KeyValues { First = key.First, Second = _keys < 2 ? default : key.Second };
        }

        return !key.HasNull && !key.First.IsEmpty && (_keys < 2 || !key.Second.IsEmpty) && (_keys < 3 || !key.Third.IsEmpty);
    }

    private static bool Ambiguous(out ReadOnlySpan<byte> tenant, out KeyValues key)
    {
        tenant = default;
        key = default;
        return false;
    }

    /// <summary>Whether one of the columns may stand once more in what is left of the row: a few searches instead of a walk, for nearly every row.</summary>
    private bool MayRepeat(ReadOnlySpan<byte> rest)
    {
        foreach (var name in _quoted)
        {
            if (rest.IndexOf(name) >= 0)
            {
                return true;
            }
        }

        return rest.IndexOf(_mayHide ? "\\"u8 : "\\u"u8) >= 0;
    }

    private bool IsRepeated(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Find(reader) >= 0)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private int Find(in Utf8JsonReader name)
    {
        for (var i = 0; i < _columns.Length; i++)
        {
            if (name.ValueTextEquals(_columns[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
