using System.Buffers.Binary;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>The WebSocket frames of RFC 6455, section 5.2, as far as the race needs them: unmasked out, masked and unfragmented in.</summary>
internal static class WebSocketFrames
{
    public const byte Text = 1;
    public const byte Close = 8;
    public const byte Ping = 9;
    public const byte Pong = 10;

    /// <summary>Reads one frame of a client; its payload is unmasked.</summary>
    public static (byte Opcode, byte[] Payload) Read(Stream stream)
    {
        Span<byte> head = stackalloc byte[8];
        stream.ReadExactly(head[..2]);
        if ((head[0] & 0x80) == 0) throw new InvalidDataException("The race's clients send whole messages.");
        var opcode = (byte)(head[0] & 0x0F);
        long length = head[1] & 0x7F;
        var masked = (head[1] & 0x80) != 0;
        if (length == 126)
        {
            stream.ReadExactly(head[..2]);
            length = BinaryPrimitives.ReadUInt16BigEndian(head);
        }
        else if (length == 127)
        {
            stream.ReadExactly(head[..8]);
            length = BinaryPrimitives.ReadInt64BigEndian(head);
        }

        Span<byte> mask = stackalloc byte[4];
        if (masked) stream.ReadExactly(mask);
        var payload = new byte[length];
        stream.ReadExactly(payload);
        if (masked)
        {
            for (var i = 0; i < payload.Length; i++) payload[i] ^= mask[i & 3];
        }

        return (opcode, payload);
    }

    /// <summary>Appends one unmasked server frame.</summary>
    public static void Append(Stream to, byte opcode, ReadOnlySpan<byte> payload)
    {
        Span<byte> head = stackalloc byte[10];
        head[0] = (byte)(0x80 | opcode);
        var size = 2;
        if (payload.Length < 126)
        {
            head[1] = (byte)payload.Length;
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            head[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)payload.Length);
            size = 4;
        }
        else
        {
            head[1] = 127;
            BinaryPrimitives.WriteInt64BigEndian(head[2..], payload.Length);
            size = 10;
        }

        to.Write(head[..size]);
        to.Write(payload);
    }
}
