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
    private byte[]? _huge;

    public FaultyWire(WireFaults plan)
    {
        plan.Validate();
        Plan = plan;
        _chance = new SeededRandomizer(plan.Seed);
    }

    public WireFaults Plan { get; }

    public IEnumerable<OutgoingMessage> Send(byte[] frame)
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
            messages.Add(new OutgoingMessage(SocketMessage.Text(_huge ??= Huge(Plan.HugeBytes))));
        }

        messages.Add(new OutgoingMessage(
            SocketMessage.Text(isCut ? frame.AsMemory(0, (int)(place * frame.Length)) : frame), isFragmented ? Plan.FragmentBytes : 0));
        return messages;
    }

    private static byte[] Huge(int bytes)
    {
        const string Begin = "[null,null,\"realtime:huge\",\"postgres_changes\",{\"pad\":\"";
        const string End = "\"}]";
        return Encoding.UTF8.GetBytes(Begin + new string('x', bytes - Begin.Length - End.Length) + End);
    }
}
