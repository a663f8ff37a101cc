using System.Text;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A message on its way to the client.</summary>
/// <param name="Message">The message.</param>
/// <param name="FragmentBytes">How large its pieces are; 0 for one piece.</param>
internal readonly record struct OutgoingMessage(SocketMessage Message, int FragmentBytes = 0);

/// <summary>One run of <see cref="WireFaults"/>. Guarded by the agenda's lock.</summary>
internal sealed class FaultyWire
{
    private static readonly byte[][] Rubbish =
    [
        [],
        "{\"topic\":"u8.ToArray(),
        "<html>502 Bad Gateway</html>"u8.ToArray(),
        "null"u8.ToArray(),
        "[]"u8.ToArray(),
        "{}"u8.ToArray(),
        "[null,null,1,2,3]"u8.ToArray(),
        "{\"topic\":1,\"event\":2,\"payload\":3,\"ref\":4}"u8.ToArray(),
        [0xff, 0xfe, 0x00, (byte)'{'],
        [.. Enumerable.Repeat((byte)'[', 500)],
    ];

    private readonly SeededRandomizer _chance;
    private readonly Dictionary<EmulatorProtocolVersion, byte[]> _huge = [];

    public FaultyWire(WireFaults plan)
    {
        plan.Validate();
        Plan = plan;
        _chance = new SeededRandomizer(plan.Seed);
    }

    public WireFaults Plan { get; }

    /// <summary>What becomes of a frame, of either kind.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="version">The form of the socket's frames.</param>
    public IEnumerable<OutgoingMessage> Send(SocketMessage frame, EmulatorProtocolVersion version)
    {
        // Drawn for every frame, whatever comes of it: one share does not change whom another one hits.
        var isCut = _chance.NextDouble() < Plan.Cut;
        var isSpoilt = _chance.NextDouble() < Plan.Garbage;
        var isAfterHuge = _chance.NextDouble() < Plan.Huge;
        var isFragmented = _chance.NextDouble() < Plan.Fragment;
        var (place, kind) = (_chance.NextDouble(), _chance.NextDouble());
        var messages = new List<OutgoingMessage>(3);
        if (isSpoilt)
        {
            messages.Add(new OutgoingMessage(SocketMessage.Text(Rubbish[(int)(kind * Rubbish.Length)])));
        }

        if (isAfterHuge)
        {
            if (!_huge.TryGetValue(version, out var huge))
            {
                _huge.Add(version, huge = Huge(version, Plan.HugeBytes));
            }

            messages.Add(new OutgoingMessage(SocketMessage.Text(huge)));
        }

        var payload = isCut ? frame.Payload[..(int)(place * frame.Payload.Length)] : frame.Payload;
        messages.Add(new OutgoingMessage(
            frame.Kind == SocketMessageKind.Binary ? SocketMessage.Binary(payload) : SocketMessage.Text(payload), isFragmented ? Plan.FragmentBytes : 0));
        return messages;
    }

    private static byte[] Huge(EmulatorProtocolVersion version, int bytes)
    {
        string Frame(int pad) =>
            WireFrame.Write(version, WireFrame.NullRef, WireFrame.NullRef, "realtime:huge", "postgres_changes", $"{{\"pad\":\"{new string('x', pad)}\"}}");
        return Encoding.UTF8.GetBytes(Frame(bytes - Frame(0).Length));
    }
}
