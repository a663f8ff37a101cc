using System.Buffers;

namespace Carbon.Realtime.Transport;

/// <summary>The one buffer of a connection, in which its messages are assembled, and who may touch it at the moment.</summary>
/// <remarks>
/// It starts small, doubles while a message does not fit, up to the limit. What grew beyond <see cref="RetainedBytes"/> goes back to
/// the pool when the next message begins: an initial presence state or a row of a megabyte is rare, and a doubling copies less than the
/// message itself. Up to that size it is kept, because tables with wide rows keep sending them.
/// <para>
/// The array is given back exactly once, and never while somebody could write to it or read it: during a receive the end of that
/// receive gives it back; while a payload is lent to the reader, its next receive does (or, where none comes, the garbage collector).
/// </para>
/// </remarks>
internal sealed class ReceiveBuffer(int maxMessageBytes, ArrayPool<byte>? pool = null)
{
    public const int InitialBytes = 16 * 1024;
    public const int RetainedBytes = 256 * 1024;

    private readonly ArrayPool<byte> _pool = pool ?? ArrayPool<byte>.Shared;
    private readonly Lock _gate = new();
    private byte[]? _array;
    private byte[]? _spill;
    private int _length;
    private bool _receiving;
    private bool _lent;
    private bool _disposed;

    /// <summary>Whether the message is over the limit: what comes of it is overwritten.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>The message so far.</summary>
    public ReadOnlyMemory<byte> Payload => _array.AsMemory(0, _length);

    /// <summary>Takes the buffer for receiving one message; what was lent before is no longer valid.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            if (_receiving)
            {
                throw new InvalidOperationException("A receive is pending already.");
            }

            _lent = false;
            if (_disposed)
            {
                Release();
                throw new ObjectDisposedException(nameof(IRealtimeSocket));
            }

            _receiving = true;
        }

        // Only the receiver is here now: the flag keeps a dispose away from the array.
        if (_array is { Length: > RetainedBytes })
        {
            Release();
        }

        _array ??= _pool.Rent(Math.Min(InitialBytes, maxMessageBytes));
        _length = 0;
        IsTooLarge = false;
    }

    /// <summary>Where the next bytes go; never empty.</summary>
    public Memory<byte> Room()
    {
        var array = _array!;
        if (IsTooLarge)
        {
            return array;
        }

        if (_length == maxMessageBytes)
        {
            // Exactly full. Whether it is too large depends on one more byte: an empty last fragment may follow.
            return _spill ??= new byte[1];
        }

        if (_length == array.Length)
        {
            var larger = _pool.Rent((int)Math.Min(2L * array.Length, maxMessageBytes));
            array.AsSpan().CopyTo(larger);
            _array = larger;
            _pool.Return(array);
            array = larger;
        }

        return array.AsMemory(_length, Math.Min(array.Length, maxMessageBytes) - _length);
    }

    /// <summary><paramref name="count"/> bytes were written to <see cref="Room"/>.</summary>
    public void Advance(int count)
    {
        if (_length == maxMessageBytes)
        {
            IsTooLarge |= count > 0;
        }
        else
        {
            _length += count;
        }
    }

    /// <summary>The receive is over.</summary>
    /// <param name="lend">Whether the payload now belongs to the reader until the next <see cref="Begin"/>.</param>
    /// <exception cref="ObjectDisposedException">The buffer was disposed meanwhile: nothing can be lent.</exception>
    public void End(bool lend)
    {
        lock (_gate)
        {
            _receiving = false;
            if (_disposed)
            {
                Release();
                ObjectDisposedException.ThrowIf(lend, typeof(IRealtimeSocket));
            }

            _lent = lend;
        }
    }

    /// <summary>Gives the array back as soon as nobody can touch it. Any thread, any number of times.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            if (!_receiving && !_lent)
            {
                Release();
            }
        }
    }

    private void Release()
    {
        if (_array is { } array)
        {
            _array = null;
            _pool.Return(array);
        }
    }
}
