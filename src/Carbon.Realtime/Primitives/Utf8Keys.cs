using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Carbon.Realtime.Primitives;

/// <summary>Lets a dictionary keyed by UTF-8 bytes be asked with a span of the receive buffer, so that a look-up per frame makes no string.</summary>
internal sealed class Utf8Keys : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    private const ulong Prime = 0x9E3779B97F4A7C15;

    /// <summary>The bytes of four words.</summary>
    private const int Lanes = 32;

    public static Utf8Keys Comparer { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)Hash(alternate);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    /// <summary>A fast 64-bit hash. Not hardened against chosen keys: topics are our own nonces and tables are the project's own.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = (ulong)bytes.Length * Prime;
        if (bytes.Length >= 4 * Lanes)
        {
            hash = HashLanes(ref bytes, hash);
        }

        while (bytes.Length >= sizeof(ulong))
        {
            hash = Mix(hash, bytes);
            bytes = bytes[sizeof(ulong)..];
        }

        ulong tail = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            tail |= (ulong)bytes[i] << (8 * i);
        }

        return Mix(Mix(hash, tail), Prime);
    }

    /// <remarks>Every change's record is hashed. One after the other each multiplication waits for the one before; four side by side take a quarter of the time.</remarks>
    private static ulong HashLanes(ref ReadOnlySpan<byte> bytes, ulong hash)
    {
        var (a, b, c, d) = (hash, hash + Prime, hash ^ Prime, hash - Prime);
        do
        {
            a = Mix(a, bytes);
            b = Mix(b, bytes[8..]);
            c = Mix(c, bytes[16..]);
            d = Mix(d, bytes[24..]);
            bytes = bytes[Lanes..];
        }
        while (bytes.Length >= Lanes);

        return Mix(Mix(Mix(Mix(hash, a), b), c), d);
    }

    private static ulong Mix(ulong hash, ReadOnlySpan<byte> bytes) => Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));

    /// <summary>Both halves of the product: in the lower one alone a word's highest bits would move nothing but themselves.</summary>
    private static ulong Mix(ulong hash, ulong next) => Math.BigMul(hash ^ next, Prime, out var low) ^ low;
}
