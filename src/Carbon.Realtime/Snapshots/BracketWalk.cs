using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Carbon.Realtime.Snapshots;

/// <summary>Finds where an object or array of JSON ends, by brackets and quotes alone and wherever its bytes are cut.</summary>
/// <remarks>
/// 64 bytes are looked at together: a bit for each quote and bracket, and what lies in a text is where the number of quotes before is odd. The way
/// is that of Langdale and Lemire, <i>Parsing gigabytes of JSON per second</i> (2019), but that escapes are walked one by one: most blocks have none.
/// A backslash outside of texts, which JSON has none of, counts as one within.
/// <para>
/// Compiled at its best from the first call on: a program reads its tables when it starts, and spent a quarter of its first read in what the compiler
/// makes of these loops in haste.
/// </para>
/// </remarks>
internal struct BracketWalk
{
    private const int Block = 2 * 32;

    private int _depth;
    private bool _isInText;
    private bool _isEscaped;

    /// <summary>Goes on with the bytes that come next.</summary>
    /// <returns>How many of them belong to it if it ends among them; otherwise -1, and all do.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Find(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        for (; bytes.Length - at >= Block; at += Block)
        {
            var end = FindInBlock(bytes.Slice(at, Block));
            if (end >= 0)
            {
                return at + end;
            }
        }

        var rest = FindByteByByte(bytes[at..]);
        return rest < 0 ? -1 : at + rest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int FindInBlock(ReadOnlySpan<byte> block)
    {
        var low = Vector256.Create(block);
        var high = Vector256.Create(block[32..]);
        var escaped = EscapedPlaces(PlacesOf((byte)'\\', low, high));
        var texts = OddFrom(PlacesOf((byte)'"', low, high) & ~escaped) ^ (_isInText ? ulong.MaxValue : 0);
        _isInText = (texts >> 63) != 0;

        // The bit in which '[' and '{' differ, as do ']' and '}', and no other byte becomes one of them.
        var folded = Vector256.Create((byte)0x20);
        (low, high) = (low | folded, high | folded);
        var opening = PlacesOf((byte)'{', low, high) & ~(texts | escaped);
        var closing = PlacesOf((byte)'}', low, high) & ~(texts | escaped);
        if (BitOperations.PopCount(closing) < _depth)
        {
            _depth += BitOperations.PopCount(opening) - BitOperations.PopCount(closing);
            return -1;
        }

        for (var brackets = opening | closing; brackets != 0; brackets &= brackets - 1)
        {
            var place = BitOperations.TrailingZeroCount(brackets);
            _depth += ((opening >> place) & 1) != 0 ? 1 : -1;
            if (_depth == 0)
            {
                this = default;
                return place + 1;
            }
        }

        return -1;
    }

    /// <summary>What stands behind a backslash that is not escaped itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong EscapedPlaces(ulong backslashes)
    {
        var escaped = _isEscaped ? 1UL : 0;
        _isEscaped = false;
        for (var escapes = backslashes & ~escaped; escapes != 0;)
        {
            var place = BitOperations.TrailingZeroCount(escapes);
            _isEscaped = place == Block - 1;
            escaped |= 2UL << place;
            escapes &= ~(3UL << place);
        }

        return escaped;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int FindByteByByte(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            if (_isEscaped)
            {
                _isEscaped = false;
                continue;
            }

            switch (bytes[i])
            {
                case (byte)'"':
                    _isInText = !_isInText;
                    break;
                case (byte)'\\':
                    _isEscaped = true;
                    break;
                case (byte)'{' or (byte)'[' when !_isInText:
                    _depth++;
                    break;
                case (byte)'}' or (byte)']' when !_isInText:
                    if (--_depth == 0)
                    {
                        this = default;
                        return i + 1;
                    }

                    break;
            }
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong PlacesOf(byte value, Vector256<byte> low, Vector256<byte> high)
    {
        var sought = Vector256.Create(value);
        return Vector256.Equals(low, sought).ExtractMostSignificantBits() | ((ulong)Vector256.Equals(high, sought).ExtractMostSignificantBits() << 32);
    }

    /// <summary>Set from each odd bit up to the next even one, counted from below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong OddFrom(ulong bits)
    {
        for (var shift = 1; shift < 64; shift <<= 1)
        {
            bits ^= bits << shift;
        }

        return bits;
    }
}
