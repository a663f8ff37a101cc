namespace Carbon.Realtime.Simulation.Model;

/// <summary>Writes a state down, so that equal states are equal bytes.</summary>
internal ref struct StateWriter(Span<byte> bytes)
{
    private readonly Span<byte> _bytes = bytes;

    public int Length { get; private set; }

    public void Byte(int value) => _bytes[Length++] = (byte)value;

    public void Bytes(ReadOnlySpan<byte> values)
    {
        foreach (var value in values)
        {
            Byte(value);
        }
    }

    /// <summary>Up to eight of them.</summary>
    public void Flags(params ReadOnlySpan<bool> flags)
    {
        var bits = 0;
        for (var i = 0; i < flags.Length; i++)
        {
            bits |= flags[i] ? 1 << i : 0;
        }

        Byte(bits);
    }
}

/// <summary>Reads what a <see cref="StateWriter"/> wrote, in the same order.</summary>
internal ref struct StateReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    public int Byte() => _bytes[_at++];

    public void Bytes(Span<byte> values)
    {
        foreach (ref var value in values)
        {
            value = (byte)Byte();
        }
    }

    public BitsOf Flags() => new(Byte());

    /// <summary>Flags by their number.</summary>
    public readonly record struct BitsOf(int Bits)
    {
        public bool this[int number] => (Bits >> number & 1) != 0;
    }
}
