using System.Buffers;

namespace Carbon.Realtime.Snapshots;

/// <summary>Takes the rows out of an answer's JSON array one by one as bytes arrive: never the whole body, each byte looked at once.</summary>
/// <remarks>Finds where rows end by brackets and quotes alone; what lies inside is judged by whoever decodes the row.</remarks>
internal sealed class RowBody(Stream body, SnapshotLimits limits) : IDisposable
{
    /// <summary>What is kept of a row that is too long: its key stands first.</summary>
    private const int HeadBytes = 4096;

    private const int FirstBuffer = 32 * 1024;

    /// <summary>So many bytes are looked at one by one before a search is begun.</summary>
    private const int Near = 24;

    private static readonly SearchValues<byte> Structural = SearchValues.Create("\"{}[]"u8);

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private byte[]? _head;
    private Place _place = Place.BeforeArray;
    private int _start;
    private int _scanned;
    private int _end;
    private long _received;
    private int _depth;
    private bool _inString;

    private enum Place
    {
        BeforeArray,
        BeforeFirst,
        BeforeRow,
        InRow,
        AfterRow,
        AfterArray,
    }

    /// <summary>The row, until the next one is asked for; only its first bytes if it is too long.</summary>
    public ReadOnlySpan<byte> Row => _head is { } head ? head : _buffer.AsSpan(_start.._scanned);

    /// <summary>Whether the row is longer than rows may be.</summary>
    public bool IsCut => _head is not null;

    /// <summary>Goes to the next row.</summary>
    /// <returns>False when the array has ended, and with it the body.</returns>
    /// <exception cref="RestFaultException">It is no array of objects, ends too early, or is too long.</exception>
    public async ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        _head = null;
        while (!Scan())
        {
            MakeRoom();
            var read = await body.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                return _place == Place.AfterArray ? false : throw new RestFaultException(RestFaultTable.Truncated);
            }

            _end += read;
            _received += read;
            if (_received > limits.MaxPageBytes)
            {
                throw new RestFaultException(RestFaultTable.PageTooLarge(limits.MaxPageBytes));
            }
        }

        return true;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private bool Scan()
    {
        while (_scanned < _end)
        {
            if (_place == Place.InRow)
            {
                if (ScanRow())
                {
                    _place = Place.AfterRow;
                    CutIfTooLong();
                    return true;
                }

                return false;
            }

            var next = _buffer[_scanned];
            if (next is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            {
                _scanned++;
                continue;
            }

            _place = (_place, next) switch
            {
                (Place.BeforeArray, (byte)'[') => Place.BeforeFirst,
                (Place.BeforeFirst or Place.BeforeRow, (byte)'{') => Place.InRow,
                (Place.AfterRow, (byte)',') => Place.BeforeRow,
                (Place.BeforeFirst or Place.AfterRow, (byte)']') => Place.AfterArray,
                _ => throw new RestFaultException(RestFaultTable.NoArray),
            };
            if (_place == Place.InRow)
            {
                _start = _scanned;
                _depth = 0;
            }
            else
            {
                _scanned++;
            }
        }

        return false;
    }

    /// <summary>Goes on in a row, to its end or to the end of what is there.</summary>
    private bool ScanRow()
    {
        while (_scanned < _end)
        {
            var rest = _buffer.AsSpan(_scanned.._end);
            var found = _inString ? EndOfText(rest) : NextBracket(rest);
            if (found < 0)
            {
                _scanned = _end;
                return false;
            }

            var token = rest[found];
            if (token == '\\')
            {
                // What is escaped comes later: stay on the backslash, so that it is seen together with it.
                if (found + 1 == rest.Length)
                {
                    _scanned += found;
                    return false;
                }

                _scanned += found + 2;
                continue;
            }

            _scanned += found + 1;
            if (token == '"')
            {
                _inString = !_inString;
            }
            else
            {
                _depth += token is (byte)'{' or (byte)'[' ? 1 : -1;
                if (_depth == 0)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The first quote or backslash. Texts are short: a loop over their first bytes costs less than beginning a vectorised search for each.</summary>
    private static int EndOfText(ReadOnlySpan<byte> rest)
    {
        var near = Math.Min(rest.Length, Near);
        for (var i = 0; i < near; i++)
        {
            if (rest[i] is (byte)'"' or (byte)'\\')
            {
                return i;
            }
        }

        var far = rest[near..].IndexOfAny((byte)'"', (byte)'\\');
        return far < 0 ? -1 : near + far;
    }

    /// <summary>The first quote or bracket outside a text, found likewise: a colon or a comma and a blank lie before it.</summary>
    private static int NextBracket(ReadOnlySpan<byte> rest)
    {
        var near = Math.Min(rest.Length, Near);
        for (var i = 0; i < near; i++)
        {
            if (rest[i] is (byte)'"' or (byte)'{' or (byte)'}' or (byte)'[' or (byte)']')
            {
                return i;
            }
        }

        var far = rest[near..].IndexOfAny(Structural);
        return far < 0 ? -1 : near + far;
    }

    private void CutIfTooLong()
    {
        if (_head is null && _scanned - _start > limits.MaxRowBytes)
        {
            _head = _buffer.AsSpan(_start.._scanned)[..Math.Min(HeadBytes, _scanned - _start)].ToArray();
        }
    }

    private void MakeRoom()
    {
        if (_place == Place.InRow)
        {
            CutIfTooLong();
        }

        var kept = _place == Place.InRow && _head is null ? _start : _scanned;
        if (kept > 0)
        {
            _buffer.AsSpan(kept.._end).CopyTo(_buffer);
            _start = Math.Max(0, _start - kept);
            _scanned -= kept;
            _end -= kept;
        }

        if (_end == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(.._end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }
}
