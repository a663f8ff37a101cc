using System.Buffers;
using System.Text.Json;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime.Snapshots;

/// <summary>Finds the tenant and the key in a row's bytes. They are selected first and the server keeps that order, so that the walk is short.</summary>
internal sealed class RowHead
{
    /// <summary>Whatever the options of a row type may permit: what its decoding would accept must not be missed here.</summary>
    private static readonly JsonReaderOptions AsLenientAsAny =
        new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = int.MaxValue };

    private static readonly SearchValues<byte> EndOfPlainText =
        SearchValues.Create([.. Enumerable.Range(0, ' ').Select(static b => (byte)b), (byte)'"', (byte)'\\']);

    private readonly byte[][] _columns;
    private readonly int _keys;
    private readonly int _tenant;
    private readonly byte[][] _quoted;
    private readonly byte[][] _named;
    private readonly bool _arePlain;

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
        _named = [.. _quoted.Select(static c => (byte[])[.. c, (byte)':'])];
        _arePlain = _columns.All(static c => c.All(static b => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'_' or (byte)'-'));
    }

    /// <summary>Reads the row's beginning; what is not found stays empty.</summary>
    /// <param name="row">The row, or its first bytes.</param>
    /// <param name="isWhole">Whether it is the row.</param>
    /// <param name="tenant">The tenant column's JSON value.</param>
    /// <param name="key">The key columns' JSON values.</param>
    /// <returns>Whether all parts of the key are there and none is null.</returns>
    /// <remarks>
    /// A row that names one of these columns twice has neither key nor tenant: they would be judged by the one, and the row be made of the other.
    /// </remarks>
    public bool TryRead(ReadOnlySpan<byte> row, bool isWhole, out ReadOnlySpan<byte> tenant, out KeyValues key)
    {
        Span<Range> found = stackalloc Range[KeyCodec<int>.MaxColumns + 1];
        found.Fill(0..0);
        var isRepeated = TryReadAtOnce(row, found, out var end) ? isWhole && MayRepeat(row[end..]) && Repeats(row) : ReadByToken(row, isWhole, found);
        if (isRepeated)
        {
            tenant = default;
            key = default;
            return false;
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

    /// <summary>Reads a row that begins with these columns, in any order, as the server writes them: without blanks, texts without escapes or whole numbers.</summary>
    /// <returns>False for any other, of which nothing is known then.</returns>
    /// <remarks>Every row of a table that is read: walking these few tokens costs a twentieth of the whole read.</remarks>
    internal bool TryReadAtOnce(ReadOnlySpan<byte> row, Span<Range> found, out int end)
    {
        end = 1;
        if (!_arePlain || !row.StartsWith("{"u8))
        {
            return false;
        }

        foreach (var _ in _columns)
        {
            var column = ColumnNamedAt(row[end..]);
            if (column < 0 || !found[column].Equals(0..0))
            {
                return false;
            }

            var start = end + _named[column].Length;
            var length = LengthOfPlainValue(row[start..]);
            if (length == 0 || !row[(start + length)..].StartsWith(","u8))
            {
                return false;
            }

            found[column] = start..(start + length);
            end = start + length + 1;
        }

        return true;
    }

    private int ColumnNamedAt(ReadOnlySpan<byte> rest)
    {
        for (var i = 0; i < _named.Length; i++)
        {
            if (rest.StartsWith(_named[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>0 for what is no text without escapes and no whole number, or goes on.</summary>
    private static int LengthOfPlainValue(ReadOnlySpan<byte> rest)
    {
        if (rest.StartsWith("\""u8))
        {
            var end = 1 + rest[1..].IndexOfAny(EndOfPlainText);
            return end > 0 && rest[end] == '"' ? end + 1 : 0;
        }

        var digits = rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return digits > 1 && rest[0] == '0' ? 0 : Math.Max(digits, 0);
    }

    /// <summary>Walks over whatever a row may begin with.</summary>
    /// <returns>Whether a column is named twice.</returns>
    private bool ReadByToken(ReadOnlySpan<byte> row, bool isWhole, Span<Range> found)
    {
        found.Fill(0..0);
        var isRepeated = false;
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

                if (column >= 0)
                {
                    isRepeated |= !found[column].Equals(0..0);
                    found[column] = start..(int)reader.BytesConsumed;
                    missing--;
                }
            }

            return isRepeated | (isWhole && MayRepeat(row[(int)reader.BytesConsumed..]) && Repeats(row));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or a name that is not Unicode: what was found before is as good as it is, and the row's own decoding will say so.
            return isRepeated;
        }
    }

    /// <summary>Whether one of the columns may be named in what follows the place where all were found: a search for bytes instead of a walk.</summary>
    private bool MayRepeat(ReadOnlySpan<byte> rest)
    {
        if (!_arePlain || rest.IndexOf("\\u"u8) >= 0)
        {
            return true; // the name may be written with escapes
        }

        foreach (var name in _quoted)
        {
            if (rest.IndexOf(name) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a column is named twice. What is no JSON even by these lenient rules, nobody makes a row of.</summary>
    private bool Repeats(ReadOnlySpan<byte> row)
    {
        Span<bool> seen = stackalloc bool[KeyCodec<int>.MaxColumns + 1];
        seen.Clear();
        var reader = new Utf8JsonReader(row, AsLenientAsAny);
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (Find(reader) is >= 0 and var column)
                {
                    if (seen[column])
                    {
                        return true;
                    }

                    seen[column] = true;
                }

                reader.Skip();
            }

            return false;
        }
        catch (JsonException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            return true; // a name that is not Unicode, and nobody knows what follows it
        }
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
