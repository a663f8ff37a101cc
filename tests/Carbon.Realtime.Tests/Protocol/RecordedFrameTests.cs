using System.Text;
using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.Replays;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>Every text frame that was recorded of the real server, read by the client and by System.Text.Json.</summary>
public sealed class RecordedFrameTests
{
    public static TheoryData<string> Names => new(Transcript.Names);

    [Fact]
    public void All_transcripts_are_here() => Transcript.Names.Should().HaveCount(18);

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_frame_is_read_and_none_is_unknown(string name)
    {
        foreach (var line in ServerFrames(name))
        {
            var expected = RecordedFrame.Parse(line.Bytes);

            FrameReader.TryRead(line.Bytes, out var frame, out var error).Should().BeTrue($"{line}: {error}");

            frame.Event.Should().NotBe(FrameEvent.Unknown, $"{line} is a {expected.Event}");
            frame.Event.Should().Be(EventOf(expected.Event), line.Place);
            Text(frame.Topic).Should().Be(expected.Topic, line.Place);
            Text(frame.Ref).Should().Be(expected.Ref ?? "", line.Place);
            Text(frame.JoinRef).Should().Be(JoinRefOf(expected) ?? "", line.Place);
            Text(frame.Payload).Should().Be(expected.Payload.GetRawText(), line.Place);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_reply_is_read(string name)
    {
        foreach (var (line, expected) in FramesOf(name, "phx_reply"))
        {
            FrameReader.TryRead(line.Bytes, out var frame, out _);

            var reply = ReplyPayload.TryParse(frame.Payload)!;

            reply.Should().NotBeNull(line.Place);
            var response = expected.Payload.GetProperty("response");
            reply.IsOk.Should().Be(expected.Payload.GetProperty("status").GetString() == "ok", line.Place);
            reply.Bindings.Select(b => b.Id).Should().Equal(Ids(response), line.Place);
            reply.Reason.Should().Be(
                response.ValueKind == JsonValueKind.String ? response.GetString()
                : response.TryGetProperty("reason", out var reason) ? reason.GetString() : "",
                line.Place);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_system_message_is_read(string name)
    {
        foreach (var (line, expected) in FramesOf(name, "system"))
        {
            FrameReader.TryRead(line.Bytes, out var frame, out _);

            SystemPayload.TryParse(frame.Payload).Should().Be(
                new SystemPayload(
                    expected.Payload.GetProperty("extension").GetString()!,
                    expected.Payload.GetProperty("status").GetString() == "ok",
                    expected.Payload.GetProperty("message").GetString()!),
                line.Place);
        }
    }

    [Fact]
    public void Every_change_is_read_by_one_reader_as_a_connection_has_it()
    {
        var reader = new ChangeReader();
        var count = 0;
        foreach (var line in Transcript.ServerFrames())
        {
            var expected = RecordedFrame.Parse(line.Bytes);
            if (expected.Event != "postgres_changes")
            {
                continue;
            }

            FrameReader.TryRead(line.Bytes, out var frame, out _);
            reader.TryRead(frame.Payload, out var change, out var error).Should().BeTrue($"{line}: {error}");
            ChangeAssertions.AssertSame(change, expected.Payload, line.Place);
            count++;
        }

        count.Should().BeGreaterThan(100, "or the transcripts were not found");
    }

    private static IEnumerable<TranscriptLine> ServerFrames(string name) =>
        Transcript.Read(name).Where(line => line is { Direction: "recv", IsBinary: false });

    private static IEnumerable<(TranscriptLine Line, RecordedFrame Frame)> FramesOf(string name, string eventName) =>
        ServerFrames(name).Select(line => (line, RecordedFrame.Parse(line.Bytes))).Where(pair => pair.Item2.Event == eventName);

    private static IEnumerable<long> Ids(JsonElement response) =>
        response.ValueKind == JsonValueKind.Object && response.TryGetProperty("postgres_changes", out var bindings)
            ? bindings.EnumerateArray().Select(binding => binding.GetProperty("id").GetInt64())
            : [];

    /// <summary>In 1.0.0 the end of a channel names its join in <c>ref</c>; in 2.0.0 in both places.</summary>
    private static string? JoinRefOf(RecordedFrame frame) =>
        frame.JoinRef ?? (frame.Event is "phx_close" or "phx_error" ? frame.Ref : null);

    private static FrameEvent EventOf(string name) => name switch
    {
        "phx_reply" => FrameEvent.Reply,
        "phx_close" => FrameEvent.Close,
        "phx_error" => FrameEvent.Error,
        "system" => FrameEvent.System,
        "postgres_changes" => FrameEvent.PostgresChanges,
        "broadcast" => FrameEvent.Broadcast,
        "presence_state" => FrameEvent.PresenceState,
        "presence_diff" => FrameEvent.PresenceDiff,
        "INSERT" or "UPDATE" or "DELETE" => FrameEvent.LegacyChange,
        _ => FrameEvent.Unknown,
    };

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
