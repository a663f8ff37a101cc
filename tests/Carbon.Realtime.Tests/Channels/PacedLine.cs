using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>A line to a server that takes its time for each join and reads nothing of that socket meanwhile (docs/protocol.md, "Joins block the socket").</summary>
/// <param name="inner">Opens the server's sockets.</param>
/// <param name="time">The clock.</param>
/// <param name="joinTime">What a join takes.</param>
/// <param name="roundTrip">How long a frame and its answer are under way; all of it is spent on the frame's way.</param>
internal sealed class PacedLine(IRealtimeSocketFactory inner, ManualTimeProvider time, TimeSpan joinTime, TimeSpan roundTrip) : IRealtimeSocketFactory
{
    /// <summary>Joins that were sent on the socket that was opened last.</summary>
    public int Joins { get; private set; }

    /// <summary>When it was opened.</summary>
    public long OpenedAt { get; private set; }

    public async ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken)
    {
        var socket = await inner.ConnectAsync(address, cancellationToken);
        (Joins, OpenedAt) = (0, time.GetTimestamp());
        return new Socket(this, socket);
    }

    private sealed class Socket(PacedLine line, IRealtimeSocket inner) : IRealtimeSocket
    {
        private TimeSpan _freeAt;
        private bool _isOver;

        public ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken) => inner.ReceiveAsync(cancellationToken);

        public ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken)
        {
            var frame = utf8Text.ToArray();
            var isJoin = frame.AsSpan().IndexOf("phx_join"u8) >= 0;
            line.Joins += isJoin ? 1 : 0;
            var now = line.Now;
            var arrives = now + line.RoundTrip;
            _freeAt = (arrives > _freeAt ? arrives : _freeAt) + (isJoin ? line.JoinTime : TimeSpan.Zero);
            ITimer? timer = null;
            timer = line.Time.CreateTimer(_ => Arrive(), null, _freeAt - now, Timeout.InfiniteTimeSpan);
            return ValueTask.CompletedTask;

            void Arrive()
            {
                timer?.Dispose();
                if (!_isOver)
                {
                    _ = inner.SendAsync(frame, CancellationToken.None).AsTask();
                }
            }
        }

        public ValueTask CloseAsync(CancellationToken cancellationToken) => inner.CloseAsync(cancellationToken);

        public void Abort()
        {
            _isOver = true;
            inner.Abort();
        }

        public ValueTask DisposeAsync()
        {
            _isOver = true;
            return inner.DisposeAsync();
        }
    }

    private ManualTimeProvider Time => time;

    private TimeSpan Now => time.GetElapsedTime(0, time.GetTimestamp());

    private TimeSpan JoinTime => joinTime;

    private TimeSpan RoundTrip => roundTrip;
}
