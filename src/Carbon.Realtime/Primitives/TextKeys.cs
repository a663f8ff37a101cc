using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Carbon.Realtime.Primitives;

/// <summary>Texts as keys, compared by their characters and hashed with less work than <see cref="string.GetHashCode()"/> takes.</summary>
/// <remarks>
/// A store hashes a key for every change. The hash mixes by full products with secrets of the process's own (as wyhash does), so that who can name rows
/// cannot choose names that collide. No order that anybody sees depends on it: slots are numbered in the order of their coming.
/// </remarks>
internal sealed class TextKeys : IEqualityComparer<string>
{
    // A product is nothing when either side is: so what the texts' words are mixed with is secret too, and not only where the hash begins.
    // No IRandomizer: nothing that is seen depends on them.
    private static readonly ulong Seed = Draw();
    private static readonly ulong InBlocks = Draw();
    private static readonly ulong AtTheEnd = Draw();

    public static TextKeys Comparer { get; } = new();

    public bool Equals(string? x, string? y) => string.Equals(x, y);

    public int GetHashCode([DisallowNull] string obj)
    {
        ref var bytes = ref Unsafe.As<char, byte>(ref MemoryMarshal.GetReference(obj.AsSpan()));
        var length = obj.Length * sizeof(char);
        var hash = Seed ^ (ulong)length;
        var at = 0;
        for (; at <= length - 16; at += 16)
        {
            hash = Mix(Read(ref bytes, at) ^ InBlocks, Read(ref bytes, at + 8) ^ hash);
        }

        if (length >= 16)
        {
            // The last sixteen, some of them a second time: no loop over what is left.
            hash = Mix(Read(ref bytes, length - 16) ^ AtTheEnd, Read(ref bytes, length - 8) ^ hash);
        }
        else
        {
            ulong low = 0, high = 0;
            for (var i = 0; i < obj.Length; i++)
            {
                (i < 4 ? ref low : ref high) |= (ulong)obj[i] << (16 * (i & 3));
            }

            hash = Mix(low ^ AtTheEnd, high ^ hash);
        }

        return (int)(hash ^ (hash >> 32));
    }

    private static ulong Draw() => MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private static ulong Read(ref byte bytes, int at) => Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref bytes, at));

    private static ulong Mix(ulong one, ulong other)
    {
        var high = Math.BigMul(one, other, out var low);
        return high ^ low;
    }
}
