namespace Carbon.Realtime.Protocol;

/// <summary>Finds the parts of a server frame. Pure; never throws; the payload is found, not parsed.</summary>
/// <remarks>
/// Tells the two protocol versions apart by their first byte: 2.0.0 sends arrays, 1.0.0 objects. In 1.0.0 the payload may stand before the
/// topic, so it is skipped first and read later; in 2.0.0 it is last and what is left after the event is the payload.
/// </remarks>
internal static class FrameReader
{
    public static bool TryRead(ReadOnlySpan<byte> message, out Frame frame, out FrameDropReason error)
    {
        var scanner = new JsonScanner(message);
        var read = scanner.Peek() switch
        {
            (byte)'[' => TryReadArray(message, ref scanner, out frame),
            (byte)'{' => TryReadObject(ref scanner, out frame),
            _ => None(ref scanner, out frame),
        };
        error = scanner.Error;
        return read;
    }

    private static bool None(scoped ref JsonScanner scanner, out Frame frame)
    {
        frame = default;
        return scanner.Fail(scanner.AtEnd ? FrameDropReason.Truncated : FrameDropReason.Malformed);
    }

    private static bool TryReadArray(ReadOnlySpan<byte> message, scoped ref JsonScanner scanner, out Frame frame)
    {
        frame = default;
        if (!scanner.TryTake((byte)'[')
            || !TryReadReference(ref scanner, out var joinRef) || !scanner.TryTake((byte)',')
            || !TryReadReference(ref scanner, out var reference) || !scanner.TryTake((byte)',')
            || !scanner.TryReadText(out var topic) || !scanner.TryTake((byte)',')
            || !scanner.TryReadText(out var name) || !scanner.TryTake((byte)','))
        {
            return false;
        }

        var payload = message[scanner.Position..].Trim(" \n\r\t"u8);
        if (payload.IsEmpty || payload[^1] != (byte)']')
        {
            return scanner.Fail(FrameDropReason.Truncated);
        }

        frame = new Frame
        {
            JoinRef = joinRef,
            Ref = reference,
            Topic = topic,
            Event = Classify(name),
            Payload = payload[..^1].TrimEnd(" \n\r\t"u8),
        };
        return true;
    }

    private static bool TryReadObject(scoped ref JsonScanner scanner, out Frame frame)
    {
        frame = default;
        ReadOnlySpan<byte> joinRef = default, reference = default, topic = default, name = default, payload = default;
        bool hasTopic = false, hasName = false;
        scanner.TryTake((byte)'{');
        if (scanner.TakeIf((byte)'}'))
        {
            return scanner.Fail(FrameDropReason.Malformed);
        }

        do
        {
            if (!scanner.TryReadText(out var key) || !scanner.TryTake((byte)':'))
            {
                return false;
            }

            var read = key switch
            {
                _ when key.SequenceEqual("topic"u8) => hasTopic = scanner.TryReadText(out topic),
                _ when key.SequenceEqual("event"u8) => hasName = scanner.TryReadText(out name),
                _ when key.SequenceEqual("ref"u8) => TryReadReference(ref scanner, out reference),
                _ when key.SequenceEqual("join_ref"u8) => TryReadReference(ref scanner, out joinRef),
                _ when key.SequenceEqual("payload"u8) => scanner.TryReadValue(out payload),
                _ => scanner.TryReadValue(out _),
            };
            if (!read)
            {
                return false;
            }
        }
        while (scanner.MoveNext((byte)'}'));

        if (scanner.Error != FrameDropReason.None || !hasTopic || !hasName || payload.IsEmpty || (scanner.Peek(), scanner.AtEnd) is not (_, true))
        {
            return scanner.Fail(FrameDropReason.Malformed);
        }

        var kind = Classify(name);
        frame = new Frame
        {
            // 1.0.0 has no join_ref, but phx_close and phx_error put the join's reference into ref (docs/protocol.md, "Frames").
            JoinRef = joinRef.IsEmpty && kind is FrameEvent.Close or FrameEvent.Error ? reference : joinRef,
            Ref = reference,
            Topic = topic,
            Event = kind,
            Payload = payload,
        };
        return true;
    }

    /// <summary>A reference is a string, a number (echoed as the client sent it) or null.</summary>
    private static bool TryReadReference(scoped ref JsonScanner scanner, out ReadOnlySpan<byte> reference)
    {
        if (scanner.Peek() == (byte)'"')
        {
            return scanner.TryReadString(out reference);
        }

        if (scanner.Peek() is (byte)'{' or (byte)'[' || !scanner.TryReadValue(out reference))
        {
            reference = default;
            return scanner.Fail(FrameDropReason.Malformed);
        }

        if (reference.SequenceEqual("null"u8))
        {
            reference = default;
        }

        return true;
    }

    private static FrameEvent Classify(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("postgres_changes"u8) => FrameEvent.PostgresChanges,
        _ when name.SequenceEqual("phx_reply"u8) => FrameEvent.Reply,
        _ when name.SequenceEqual("system"u8) => FrameEvent.System,
        _ when name.SequenceEqual("phx_error"u8) => FrameEvent.Error,
        _ when name.SequenceEqual("phx_close"u8) => FrameEvent.Close,
        _ when name.SequenceEqual("broadcast"u8) => FrameEvent.Broadcast,
        _ when name.SequenceEqual("presence_state"u8) => FrameEvent.PresenceState,
        _ when name.SequenceEqual("presence_diff"u8) => FrameEvent.PresenceDiff,
        _ when name.SequenceEqual("INSERT"u8) || name.SequenceEqual("UPDATE"u8) || name.SequenceEqual("DELETE"u8) => FrameEvent.LegacyChange,
        _ => FrameEvent.Unknown,
    };
}
