using System.Text;
using System.Threading.Channels;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.PostgresTests;

/// <summary>A client without any logic: what the server sends waits in a queue, and its arrival is the signal.</summary>
internal sealed class QueuePeer(CancellationToken hang) : IEmulatorPeer
{
    private readonly Channel<string> _frames = Channel.CreateUnbounded<string>();

    public void OnMessage(SocketMessage message)
    {
        if (message.Kind == SocketMessageKind.Closed)
        {
            _frames.Writer.TryComplete();
        }
        else
        {
            _frames.Writer.TryWrite(Encoding.UTF8.GetString(message.Payload.Span));
        }
    }

    public void OnBroken() => _frames.Writer.TryComplete();

    public ValueTask<string> NextAsync() => _frames.Reader.ReadAsync(hang);
}
