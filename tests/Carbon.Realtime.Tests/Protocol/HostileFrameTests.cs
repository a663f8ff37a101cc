using System.Text;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.Replays;
using FsCheck;
using FsCheck.Fluent;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>Bytes that no honest server sends: each is a frame or a typed error, and nothing throws.</summary>
public sealed class HostileFrameTests
{
    private static readonly string[] Tokens =
    [
        "{", "}", "[", "]", "\"", "\\", ",", ":", " ", "null", "true", "-", "1", "e", "\"topic\"", "\"event\"", "\"payload\"", "\"ref\"", "\"ids\"",
        "\"data\"", "\"record\"", "\"columns\"", "\"name\"", "\"type\"", "\"INSERT\"", "\"table\"", "\"schema\"", "\"postgres_changes\"",
        "\"errors\"", "\"commit_timestamp\"", "\\u", "\\ud83d", "\0", "ÿ", "[1]", "{}",
    ];

    private static readonly TranscriptLine[] Recorded = [.. Transcript.ServerFrames()];

    private static readonly Gen<byte[]> AnyBytes = Gen.OneOf(
        Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(),
        Gen.Elements(Tokens).ListOf().Select(tokens => Encoding.UTF8.GetBytes(string.Concat(tokens))));

    private static readonly Gen<byte[]> Mutated =
        from line in Gen.Elements(Recorded)
        from count in Gen.Choose(1, 4)
        from mutations in Mutation.ListOf(count)
        select mutations.Aggregate(line.Bytes, (bytes, mutate) => mutate(bytes));

    /// <summary>Flips a byte, puts a token in, doubles or deletes a span, or wraps a span in brackets.</summary>
    private static Gen<Func<byte[], byte[]>> Mutation =>
        from kind in Gen.Choose(0, 4)
        from at in Gen.Choose(0, int.MaxValue)
        from length in Gen.Choose(1, 80)
        from value in Gen.Choose(0, 255)
        from token in Gen.Elements(Tokens)
        from depth in Gen.Choose(1, 100)
        select new Func<byte[], byte[]>(bytes =>
        {
            if (bytes.Length == 0)
            {
                return bytes;
            }

            var start = at % bytes.Length;
            var end = Math.Min(bytes.Length, start + length);
            var open = Encoding.UTF8.GetBytes(new string('[', depth));
            var close = Encoding.UTF8.GetBytes(new string(']', depth));
            return kind switch
            {
                0 => [.. bytes[..start], (byte)value, .. bytes[(start + 1)..]],
                1 => [.. bytes[..start], .. Encoding.UTF8.GetBytes(token), .. bytes[start..]],
                2 => [.. bytes[..end], .. bytes[start..]],
                3 => [.. bytes[..start], .. bytes[end..]],
                _ => [.. bytes[..start], .. open, .. bytes[start..end], .. close, .. bytes[end..]],
            };
        });

    [Fact]
    public void Any_bytes_are_a_frame_or_a_typed_error() => Check(AnyBytes, 5_000);

    [Fact]
    public void A_damaged_frame_is_a_frame_or_a_typed_error() => Check(Mutated, 5_000);

    [Fact]
    public void A_frame_that_ends_too_early_is_nothing_but_an_error()
    {
        var reader = new ChangeReader();
        foreach (var line in Recorded.Where(line => line.Bytes[0] == '[' || line.Place.StartsWith("04_", StringComparison.Ordinal)))
        {
            var whole = line.Bytes;
            for (var length = 0; length < whole.Length; length++)
            {
                if (!FrameReader.TryRead(whole.AsSpan(0, length), out var frame, out var error))
                {
                    error.Should().Be(FrameDropReason.Truncated, $"{line} cut to {length}");
                    continue;
                }

                // A 2.0.0 payload is not looked into by the frame reader: whoever reads it finds out.
                whole[0].Should().Be((byte)'[', $"{line} cut to {length}");
                reader.TryRead(frame.Payload, out _, out error).Should().BeFalse($"{line} cut to {length}");
                error.Should().NotBe(FrameDropReason.None);
                ReplyPayload.TryParse(frame.Payload).Should().BeNull($"{line} cut to {length}");
                SystemPayload.TryParse(frame.Payload).Should().BeNull($"{line} cut to {length}");
            }
        }
    }

    [Theory]
    [InlineData("1")]
    [InlineData(",1")]
    [InlineData("}")]
    [InlineData("\0")]
    public void What_follows_a_whole_change_makes_it_malformed(string more)
    {
        var line = Recorded.First(line => line.Place.StartsWith("04_crud_v2", StringComparison.Ordinal) && line.Text.Contains("\"INSERT\"", StringComparison.Ordinal));
        var payload = RecordedFrame.Parse(line.Bytes).Payload.GetRawText();
        var reader = new ChangeReader();
        reader.TryRead(Encoding.UTF8.GetBytes(payload + " \n"), out _, out _).Should().BeTrue("white space is nothing");

        reader.TryRead(Encoding.UTF8.GetBytes(payload + more), out _, out var error).Should().BeFalse();

        error.Should().Be(FrameDropReason.Malformed);
    }

    [Theory]
    [InlineData(1600, true)]
    [InlineData(1601, false)]
    public void A_record_has_no_more_columns_than_a_table_can_have_and_escaped_names_cost_no_more_than_their_bytes(int columns, bool isRead)
    {
        var record = string.Join(',', Enumerable.Range(0, columns).Select(static i => $"\"\\u0078{i}\":{i}"));
        var payload = Encoding.UTF8.GetBytes($$"""{"data":{"table":"t","type":"INSERT","record":{ {{record}} },"columns":[],"errors":null,"schema":"public"},"ids":[1]}""");
        var reader = new ChangeReader();
        reader.TryRead(payload, out _, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var read = reader.TryRead(payload, out var change, out var error);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        (read, error).Should().Be((isRead, isRead ? FrameDropReason.None : FrameDropReason.Malformed));
        allocated.Should().BeLessThan(payload.Length * 32L);
        (!read || (change.RecordIndex.TryFind(change.Record, "x1599"u8, out var value) && value.SequenceEqual("1599"u8))).Should().BeTrue();
    }

    [Theory]
    [InlineData("""a\\b""", @"a\b")]
    [InlineData("""a\b""", "a\b")]
    [InlineData("fifteen letters\\\"", "fifteen letters\"")]
    [InlineData("""sixteen letters!\u0021""", "sixteen letters!!")]
    [InlineData("""no escape in more than sixteen letters""", "no escape in more than sixteen letters")]
    [InlineData("", "")]
    public void A_text_is_what_its_escapes_say(string written, string text)
    {
        var scanner = new JsonScanner(Encoding.UTF8.GetBytes($"\"{written}\" , and more than sixteen letters"));

        scanner.TryReadText(out var read).Should().BeTrue();

        Encoding.UTF8.GetString(read).Should().Be(text);
        scanner.Position.Should().Be(written.Length + 2);
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    [InlineData("[{\"a\":", "}]")]
    public void Sixty_four_levels_are_read_and_one_more_is_too_deep(string open, string close)
    {
        var levels = open.Count(c => c is '[' or '{');

        Read(Nest(JsonScanner.MaxDepth / levels)).Should().Be((true, FrameDropReason.None));
        Read(Nest((JsonScanner.MaxDepth / levels) + 1)).Should().Be((false, FrameDropReason.TooDeep));

        byte[] Nest(int times) => Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Repeat(open, times)) + "1" + string.Concat(Enumerable.Repeat(close, times)));

        static (bool, FrameDropReason) Read(byte[] json)
        {
            var scanner = new JsonScanner(json);
            return (scanner.TryReadValue(out var raw) && raw.Length == json.Length, scanner.Error);
        }
    }

    private static void Check(Gen<byte[]> messages, int times)
    {
        var reader = new ChangeReader();
        Prop.ForAll(messages.ToArbitrary(), message => ReadEverything(reader, message)).Check(Config.QuickThrowOnFailure.WithMaxTest(times));
    }

    /// <summary>Reads a message in every way there is, whatever it says that it is.</summary>
    private static bool ReadEverything(ChangeReader reader, byte[] message)
    {
        var isFrame = FrameReader.TryRead(message, out var frame, out var error);
        return isFrame == (error == FrameDropReason.None)
            && ReadPayload(reader, message)
            && (!isFrame || ReadPayload(reader, frame.Payload));
    }

    private static bool ReadPayload(ChangeReader reader, ReadOnlySpan<byte> payload)
    {
        if (SystemPayload.TryParse(payload) is { } system)
        {
            FaultTable.Subscription(system.Message);
            FaultTable.Channel(system.Message);
        }

        if (ReplyPayload.TryParse(payload) is { } reply)
        {
            FaultTable.Channel(reply.Reason);
        }

        var isChange = reader.TryRead(payload, out var change, out var error);
        if (isChange)
        {
            // What is claimed to be there can be looked at.
            change.RecordIndex.TryFind(change.Record, "id"u8, out _);
            change.OldRecordIndex.TryFind(change.OldRecord, "no such"u8, out _);
            change.Columns.TypeOf("id"u8);
            FaultTable.Change(Encoding.UTF8.GetString(change.Errors));
        }

        return isChange == (error == FrameDropReason.None) && (!isChange || (!change.Ids.IsEmpty && !change.Table.IsEmpty));
    }
}
