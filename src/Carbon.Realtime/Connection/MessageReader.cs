using Carbon.Realtime.Protocol;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Connection;

/// <summary>Takes each message of a socket: heartbeat replies to the heartbeat, frames to the handler, and says what could not be read. On the reader's loop.</summary>
internal sealed class MessageReader(Lock gate, Heartbeat heartbeat, IConnectionHandler handler)
{
    /// <summary>A message came.</summary>
    public void OnMessage(in SocketMessage message)
    {
        heartbeat.OnHeard();
        switch (message.Kind)
        {
            case SocketMessageKind.Binary:
                handler.OnUnreadable(FrameDropReason.Binary);
                break;
            case SocketMessageKind.TooLarge:
                handler.OnUnreadable(FrameDropReason.TooLarge);
                break;
            default:
                if (!FrameReader.TryRead(message.Payload.Span, out var frame, out var error))
                {
                    handler.OnUnreadable(error);
                }
                else if (frame.Topic.SequenceEqual("phoenix"u8))
                {
                    OnHeartbeatReply(frame);
                }
                else
                {
                    handler.OnFrame(frame);
                }

                break;
        }
    }

    /// <summary>Nothing more has arrived for now.</summary>
    public void OnBurstEnd() => handler.OnBurstEnd();

    private void OnHeartbeatReply(in Frame frame)
    {
        bool survived;
        lock (gate)
        {
            survived = heartbeat.OnReply(frame.Ref);
        }

        if (survived)
        {
            handler.OnSuspended();
        }
    }
}
