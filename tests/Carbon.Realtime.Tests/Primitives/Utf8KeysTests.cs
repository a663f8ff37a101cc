using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Tests.Primitives;

/// <summary>Two changes whose hashes are equal are taken for one that came twice: what differs in one bit, or in its order, must differ in its hash.</summary>
public sealed class Utf8KeysTests
{
    [Fact]
    public void Every_bit_counts_at_every_length()
    {
        for (var length = 0; length <= 200; length++)
        {
            var bytes = new byte[length];
            new Random(length).NextBytes(bytes);
            var hashes = new HashSet<ulong> { Utf8Keys.Hash(bytes) };
            for (var bit = 0; bit < length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                hashes.Add(Utf8Keys.Hash(bytes)).Should().BeTrue($"bit {bit} of {length} bytes counts");
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }

    [Fact]
    public void The_order_of_words_counts_and_so_do_zeros_at_the_end()
    {
        var words = Enumerable.Range(1, 24).SelectMany(static i => BitConverter.GetBytes(i * 1_000_003L)).ToArray();
        var hashes = new HashSet<ulong>();
        for (var one = 0; one < 24; one++)
        {
            for (var other = one; other < 24; other++)
            {
                var swapped = words.ToArray();
                words.AsSpan(one * 8, 8).CopyTo(swapped.AsSpan(other * 8));
                words.AsSpan(other * 8, 8).CopyTo(swapped.AsSpan(one * 8));
                hashes.Add(Utf8Keys.Hash(swapped)).Should().Be(one != other || one == 0, "all that are swapped with themselves are one");
            }
        }

        for (var zeros = 1; zeros < 100; zeros++)
        {
            hashes.Add(Utf8Keys.Hash([.. words, .. new byte[zeros]])).Should().BeTrue();
        }
    }
}
