namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>The bytes of an answer, whole up to a place where they pause, stall or break.</summary>
internal sealed class RestBody(byte[] bytes, EmulatorReadFault fault, EmulatorAgenda agenda) : Stream
{
    private int _position;
    private bool _hasPaused;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_position == fault.AfterBytes && _position < bytes.Length && !_hasPaused)
        {
            if (fault.Kind == RestFaultKind.TruncatedBody)
            {
                throw new HttpIOException(HttpRequestError.ResponseEnded, "The emulated response ended in the middle.");
            }

            _hasPaused = true;
            await PauseAsync(cancellationToken).ConfigureAwait(false);
        }

        var end = _position < fault.AfterBytes ? Math.Min(fault.AfterBytes, bytes.Length) : bytes.Length;
        var count = Math.Min(buffer.Length, end - _position);
        bytes.AsMemory(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("An emulated body that pauses can only be read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>As a <see cref="RestExchange"/>, it goes on in a work item of its own, outside the lock and without a detour.</summary>
    private async Task PauseAsync(CancellationToken cancellationToken)
    {
        var over = new TaskCompletionSource();
        var scheduler = agenda.Environment.Scheduler;
        using (cancellationToken.UnsafeRegister((_, token) => scheduler.Post(() => over.TrySetCanceled(token)), null))
        {
            if (fault.Pause != Timeout.InfiniteTimeSpan)
            {
                lock (agenda.Gate)
                {
                    agenda.After(fault.Pause, () => scheduler.Post(() => over.TrySetResult()));
                }
            }

            await over.Task.ConfigureAwait(false);
        }
    }
}
