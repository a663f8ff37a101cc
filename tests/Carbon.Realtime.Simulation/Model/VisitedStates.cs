using System.Buffers.Binary;

namespace Carbon.Realtime.Simulation.Model;

/// <summary>Which states were seen, by 128 bits of each: among ten million, two share them with a chance of one in 10^24.</summary>
internal sealed class VisitedStates
{
    private UInt128[] _hashes = new UInt128[1 << 12];
    private int[] _numbers = new int[1 << 12];

    public int Count { get; private set; }

    /// <summary>The state's number: its own if it was seen, the next one if not.</summary>
    public int Add(ReadOnlySpan<byte> state, out bool isNew)
    {
        if (Count * 3L > _hashes.Length * 2L)
        {
            Grow();
        }

        var hash = Hash(state);
        var slot = Find(hash);
        isNew = _numbers[slot] == 0;
        if (isNew)
        {
            _hashes[slot] = hash;
            _numbers[slot] = ++Count;
        }

        return _numbers[slot] - 1;
    }

    private static UInt128 Hash(ReadOnlySpan<byte> state)
    {
        var (one, other) = (0x9E3779B97F4A7C15UL ^ (ulong)state.Length, 0xC2B2AE3D27D4EB4FUL);
        Span<byte> rest = stackalloc byte[8];
        for (; state.Length > 0; state = state[Math.Min(8, state.Length)..])
        {
            rest.Clear();
            state[..Math.Min(8, state.Length)].CopyTo(rest);
            var word = BinaryPrimitives.ReadUInt64LittleEndian(rest);
            one = Mix(one ^ word, 0xA0761D6478BD642FUL) + other;
            other = Mix(other + word, 0xE7037ED1A0B428DBUL) ^ one;
        }

        return new UInt128(Mix(one, 0x8EBC6AF09C88C6E3UL), Mix(other, 0x589965CC75374CC3UL));
    }

    private static ulong Mix(ulong value, ulong by)
    {
        var high = Math.BigMul(value, by, out var low);
        return high ^ low ^ value; // a zero must not swallow what came before it
    }

    private int Find(UInt128 hash)
    {
        var mask = _hashes.Length - 1;
        var slot = (int)(ulong)hash & mask;
        while (_numbers[slot] != 0 && _hashes[slot] != hash)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private void Grow()
    {
        var (hashes, numbers) = (_hashes, _numbers);
        _hashes = new UInt128[hashes.Length * 2];
        _numbers = new int[hashes.Length * 2];
        for (var i = 0; i < hashes.Length; i++)
        {
            if (numbers[i] != 0)
            {
                var slot = Find(hashes[i]);
                (_hashes[slot], _numbers[slot]) = (hashes[i], numbers[i]);
            }
        }
    }
}
