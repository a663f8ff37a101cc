using Carbon.Realtime.Testing;
using Microsoft.AspNetCore.Http.Features;

namespace Carbon.Realtime.Emulator;

/// <summary>
/// Sits between the WebSocket and TCP, where one sees what the WebSocket keeps to itself: that a client pings, how to be silent to the last byte, and text that
/// is no UTF-8.
/// </summary>
internal sealed class WireTap(IHttpUpgradeFeature inner) : IHttpUpgradeFeature
{
    private TappedStream? _stream;

    public bool IsUpgradableRequest => inner.IsUpgradableRequest;

    /// <summary>The emulator's side of the socket. Set before the upgrade.</summary>
    public EmulatorConnection? Connection { get; set; }

    /// <summary>While set, what is sent is gathered, for the next send follows at once; a burst of small frames costs one write.</summary>
    public bool IsGathering
    {
        set => _stream!.IsGathering = value;
    }

    /// <summary>What the client's messages were, before they all became binary.</summary>
    public ClientFrames Frames { get; } = new();

    /// <summary>Taps the request's connection, if it can become a socket.</summary>
    public static void Put(IFeatureCollection features)
    {
        if (features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            features.Set<IHttpUpgradeFeature>(new WireTap(upgrade));
        }
    }

    public async Task<Stream> UpgradeAsync() => _stream = new TappedStream(await inner.UpgradeAsync(), Connection!, Frames);

    private sealed class TappedStream(Stream inner, EmulatorConnection connection, ClientFrames frames) : Stream
    {
        private const int MostGathered = 64 * 1024;
        private readonly MemoryStream _gathered = new();

        public bool IsGathering { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                var count = await inner.ReadAsync(buffer, cancellationToken);
                if (count == 0 || !connection.IsHalfOpen)
                {
                    // Pings are answered below the WebSocket's surface, and count all the same (docs/protocol.md, "Thirty facts", fact 13).
                    connection.ReceivePing();
                    frames.Relabel(buffer.Span[..count]);
                    return count;
                }
            }
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (connection.IsHalfOpen)
            {
                _gathered.SetLength(0);
                return;
            }

            if (IsGathering && _gathered.Length + buffer.Length < MostGathered)
            {
                _gathered.Write(buffer.Span);
                return;
            }

            if (_gathered.Length > 0)
            {
                _gathered.Write(buffer.Span);
                buffer = _gathered.ToArray();
                _gathered.SetLength(0);
            }

            await inner.WriteAsync(buffer, cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => IsGathering ? Task.CompletedTask : inner.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("The WebSocket reads asynchronously.");

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("The WebSocket writes asynchronously.");

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
