using System.Text;
using System.Text.Json;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Tests.Snapshots;

public sealed class BracketWalkTests
{
    /// <summary>What texts are made of: all that could be taken for an end, and enough of the rest that blocks of 64 bytes without an escape come too.</summary>
    private static readonly string[] Pieces =
        ["\\\"", "\\\\", "\\n", "\\u0022", "{", "}", "[", "]", "ü😀", ":,", .. Enumerable.Repeat("abcdefgh", 20), new('x', 60), new('y', 130)];

    private static ReadOnlySpan<byte> Special => """\\\\\\""{}[],"""u8;

    [Fact]
    public void A_value_ends_where_System_Text_Json_says_wherever_its_bytes_are_cut()
    {
        var random = new Random(20261123);
        for (var i = 0; i < 3000; i++)
        {
            var row = Encoding.UTF8.GetBytes(Value(random, 4));
            var reader = new Utf8JsonReader(row);
            reader.Read();
            reader.Skip();
            reader.BytesConsumed.Should().Be(row.Length);
            byte[] bytes = [.. row, .. Encoding.UTF8.GetBytes(new string('}', random.Next(100)))];
            LengthOf(bytes, random, random.Next(3) switch { 0 => 1, 1 => 100, _ => bytes.Length }).Should().Be(row.Length, "{0}", Encoding.UTF8.GetString(row));
        }
    }

    [Fact]
    public void One_walk_goes_from_value_to_value()
    {
        var random = new Random(7);
        var walk = new BracketWalk();
        for (var i = 0; i < 300; i++)
        {
            var row = Encoding.UTF8.GetBytes(Value(random, 3));
            walk.Find([.. row, .. "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"u8]).Should().Be(row.Length);
        }
    }

    /// <remarks>Runs of backslashes above all: which of them escape is carried from block to block.</remarks>
    [Fact]
    public void Whatever_the_bytes_are_where_they_are_cut_is_no_matter()
    {
        var random = new Random(13);
        var ends = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var special = random.Next(1, 40);
            byte[] bytes = [(byte)'{', .. Enumerable.Range(0, random.Next(300)).Select(_ => random.Next(special) == 0 ? Special[random.Next(Special.Length)] : (byte)'x')];
            var whole = LengthOf(bytes, random, bytes.Length);
            whole.Should().Be(LengthOf(bytes, random, 1), "{0}", Encoding.UTF8.GetString(bytes));
            ends += whole > 64 ? 1 : 0;
        }

        ends.Should().BeGreaterThan(500);
    }

    private static int LengthOf(byte[] bytes, Random random, int most)
    {
        var walk = new BracketWalk();
        for (var at = 0; at < bytes.Length;)
        {
            var piece = bytes.AsSpan(at, Math.Min(random.Next(most) + 1, bytes.Length - at));
            var found = walk.Find(piece);
            if (found >= 0)
            {
                return at + found;
            }

            at += piece.Length;
        }

        return -1;
    }

    private static string Value(Random random, int depth)
    {
        var members = Enumerable.Range(0, random.Next(8)).Select(_ => Member(random, depth - 1)).ToList();
        return random.Next(2) == 0 ? $"[{string.Join(", ", members)}]"
            : $"{{{string.Join(",", members.Select(m => $"{Text(random, 2)}:{m}"))}}}";
    }

    private static string Member(Random random, int depth) => random.Next(depth > 0 ? 5 : 3) switch
    {
        0 => random.Next(100_000).ToString(System.Globalization.CultureInfo.InvariantCulture),
        1 => Text(random, 1),
        2 => Text(random, 12),
        _ => Value(random, depth),
    };

    private static string Text(Random random, int most) =>
        $"\"{string.Concat(Enumerable.Range(0, random.Next(most + 1)).Select(_ => Pieces[random.Next(Pieces.Length)]))}\"";
}
