namespace Carbon.Realtime.Convergence;

/// <summary>A set of slots: a bit each.</summary>
internal sealed class SlotSet
{
    private ulong[] _bits = [];

    public void Add(int slot)
    {
        if (slot >> 6 >= _bits.Length)
        {
            Array.Resize(ref _bits, Math.Max((slot >> 6) + 1, _bits.Length * 2));
        }

        _bits[slot >> 6] |= 1UL << (slot & 63);
    }

    public bool Contains(int slot) => slot >> 6 < _bits.Length && (_bits[slot >> 6] & (1UL << (slot & 63))) != 0;
}
