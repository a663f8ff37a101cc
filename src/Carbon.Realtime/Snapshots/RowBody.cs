using System.Buffers;

namespace Carbon.Realtime.Snapshots;

/// <summary>Takes the rows out of an answer's JSON array one by one as bytes arrive: never the whole body, each byte looked at once.</summary>
/// <remarks>Finds where rows end by brackets and quotes alone; what lies inside is judged by whoever decodes the row.</remarks>
internal sealed class RowBody(Stream body, SnapshotLimits limits) : IDisposable
{
    /// <summary>What is kept of a row that is too long: its key stands first.</summary>
    private const int HeadBytes = 4096;

    private const int FirstBuffer = 32 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private byte[]? _head;
    private Place _place = Place.BeforeArray;
    private int _start;
    private int _scanned;
    private int _end;
    private long _received;
    private BracketWalk _walk;

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
    public ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        _head = null;
        return Scan() ? ValueTask.FromResult(true) : ReadOnAsync(cancellationToken);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private async ValueTask<bool> ReadOnAsync(CancellationToken cancellationToken)
    {
        do
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
        while (!Scan());

        return true;
    }

    private bool Scan()
    {
        while (_scanned < _end)
        {
            if (_place == Place.InRow)
            {
                var length = _walk.Find(_buffer.AsSpan(_scanned.._end));
                _scanned = length < 0 ? _end : _scanned + length;
                if (length < 0)
                {
                    return false;
                }

                _place = Place.AfterRow;
                CutIfTooLong();
                return true;
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
            }
            else
            {
                _scanned++;
            }
        }

        return false;
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
