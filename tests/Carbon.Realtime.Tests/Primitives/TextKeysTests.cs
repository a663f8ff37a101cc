using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Tests.Primitives;

public class TextKeysTests
{
    [Fact]
    public void Equal_texts_of_every_length_are_one_key()
    {
        for (var length = 0; length <= 40; length++)
        {
            var text = new string('ä', length);
            var same = string.Concat(text);

            TextKeys.Comparer.Equals(text, new string(same.AsSpan())).Should().BeTrue();
            TextKeys.Comparer.GetHashCode(new string(same.AsSpan())).Should().Be(TextKeys.Comparer.GetHashCode(text), "of {0} letters", length);
        }
    }

    [Fact]
    public void Every_letter_counts_wherever_it_stands_in_texts_of_every_length()
    {
        for (var length = 1; length <= 40; length++)
        {
            var texts = Enumerable.Range(0, length).SelectMany(at => "bcdB\u0161\u4e00".Select(letter => Replace(length, at, letter))).ToArray();

            // Two of 240 share 32 bits once in 150,000 runs.
            texts.Select(TextKeys.Comparer.GetHashCode).Distinct().Count().Should().BeGreaterThanOrEqualTo(texts.Length - 1, "of {0} letters", length);
        }

        static string Replace(int length, int at, char letter) => string.Create(length, (at, letter), static (letters, with) =>
        {
            letters.Fill('a');
            letters[with.at] = with.letter;
        });
    }

    [Fact]
    public void Case_counts_as_it_does_in_the_database() => TextKeys.Comparer.Equals("P-1", "p-1").Should().BeFalse();

    [Fact]
    public void Numbered_keys_spread_over_the_buckets()
    {
        // Sixty-four buckets of the lowest bits and of the highest: about a thousand each, give or take 32.
        var hashes = Enumerable.Range(0, 64_000).Select(static i => TextKeys.Comparer.GetHashCode($"item-{i:000000}")).ToArray();

        hashes.CountBy(static hash => hash & 63).Should().OnlyContain(static bucket => bucket.Value > 700 && bucket.Value < 1300).And.HaveCount(64);
        hashes.CountBy(static hash => (uint)hash >> 26).Should().OnlyContain(static bucket => bucket.Value > 700 && bucket.Value < 1300).And.HaveCount(64);
    }

    [Fact]
    public void Nobody_can_name_rows_that_collide_by_knowing_the_source()
    {
        // The words that make a product nothing, whatever the seed, if the source names them.
        var hashes = Enumerable.Range(0, 1000).Select(static i => TextKeys.Comparer.GetHashCode($"{i:0000}\uC6E3\u9C88\u6AF0\u8EBC0000"));

        hashes.Distinct().Should().HaveCountGreaterThan(990);
    }
}
