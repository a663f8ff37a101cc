using System.Collections.Concurrent;

namespace Carbon.Realtime.Emulator;

/// <summary>
/// Follows a client's WebSocket frames and makes binary ones of those that say text: the real server looks at no text's UTF-8
/// (docs/protocol.md, "The socket's limits"), while .NET's socket ends over what is none. Which messages were text is remembered in their order.
/// </summary>
internal sealed class ClientFrames
{
    private const byte Text = 1;
    private const byte Binary = 2;

    private readonly ConcurrentQueue<bool> _wereText = new();
    private int _headerBytes;
    private int _headerLength;
    private int _lengthBytes;
    private ulong _length;
    private ulong _payloadLeft;

    /// <summary>Whether the oldest message that was not taken out came as text.</summary>
    public bool IsText => _wereText.TryPeek(out var wasText) && wasText;

    /// <summary>The oldest message is over.</summary>
    public void Next() => _wereText.TryDequeue(out _);

    /// <summary>Reads on, and relabels in place.</summary>
    public void Relabel(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_payloadLeft > 0)
            {
                var skipped = (int)Math.Min(_payloadLeft, (ulong)bytes.Length);
                _payloadLeft -= (ulong)skipped;
                bytes = bytes[skipped..];
            }
            else
            {
                Header(ref bytes[0]);
                bytes = bytes[1..];
            }
        }
    }

    private void Header(ref byte value)
    {
        if (_headerBytes == 0)
        {
            _headerLength = 2;
            if ((value & 0xf) is Text or Binary)
            {
                _wereText.Enqueue((value & 0xf) == Text);
                value = (byte)((value & 0xf0) | Binary);
            }
        }
        else if (_headerBytes == 1)
        {
            var length = value & 0x7f;
            _lengthBytes = length switch { 126 => 2, 127 => 8, _ => 0 };
            _length = _lengthBytes == 0 ? (ulong)length : 0;
            _headerLength = 2 + _lengthBytes + ((value & 0x80) != 0 ? 4 : 0);
        }
        else if (_headerBytes < 2 + _lengthBytes)
        {
            _length = (_length << 8) | value;
        }

        if (++_headerBytes == _headerLength)
        {
            (_payloadLeft, _headerBytes) = (_length, 0);
        }
    }
}
