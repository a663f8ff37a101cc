using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>What a real server and a client said to each other, line by line (Transcripts/*.jsonl).</summary>
public static class Transcript
{
    public static IEnumerable<string> Names => Directory.GetFiles(Folder, "*.jsonl").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal);

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Transcripts");

    public static IReadOnlyList<TranscriptLine> Read(string name) =>
        [.. File.ReadLines(Path.Combine(Folder, name + ".jsonl")).Select((text, index) => TranscriptLine.Parse($"{name}:{index + 1}", text))];

    /// <summary>Every text frame the server sent, in every transcript.</summary>
    public static IEnumerable<TranscriptLine> ServerFrames() => Names.SelectMany(Read).Where(line => line is { Direction: "recv", IsBinary: false });
}

/// <summary>One line of a transcript.</summary>
/// <param name="Place">File and line, for whoever reads a failure.</param>
/// <param name="Time">Since the start of the scenario.</param>
/// <param name="Connection">Which client; empty where there is only one.</param>
/// <param name="Direction"><c>send</c> and <c>recv</c> for frames, as the recorder of the client saw it.</param>
/// <param name="Text">The frame's exact text, or what was noted.</param>
/// <param name="IsBinary">Whether it is a binary frame, in base64.</param>
public sealed record TranscriptLine(string Place, TimeSpan Time, string Connection, string Direction, string Text, bool IsBinary)
{
    /// <summary>The line's number in its file, counted from 1.</summary>
    public int Number => int.Parse(Place.AsSpan(Place.LastIndexOf(':') + 1), System.Globalization.CultureInfo.InvariantCulture);

    public byte[] Bytes => Encoding.UTF8.GetBytes(Text);

    public static TranscriptLine Parse(string place, string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        return new TranscriptLine(
            place,
            TimeSpan.FromMilliseconds(root.GetProperty("t_ms").GetDouble()),
            root.TryGetProperty("conn", out var connection) ? connection.GetString()! : "",
            root.GetProperty("dir").GetString()!,
            root.GetProperty("frame").GetString()!,
            root.TryGetProperty("binary", out var binary) && binary.GetBoolean());
    }

    public override string ToString() => Place;
}

/// <summary>A recorded frame, taken apart by System.Text.Json: the independent reading that the client's own is compared with.</summary>
public sealed record RecordedFrame(string? JoinRef, string? Ref, string Topic, string Event, JsonElement Payload)
{
    public static RecordedFrame Parse(ReadOnlyMemory<byte> frame)
    {
        using var document = JsonDocument.Parse(frame);
        var root = document.RootElement.Clone();
        return root.ValueKind == JsonValueKind.Array
            ? new RecordedFrame(Reference(root[0]), Reference(root[1]), root[2].GetString()!, root[3].GetString()!, root[4])
            : new RecordedFrame(
                root.TryGetProperty("join_ref", out var joinRef) ? Reference(joinRef) : null,
                root.TryGetProperty("ref", out var reference) ? Reference(reference) : null,
                root.GetProperty("topic").GetString()!,
                root.GetProperty("event").GetString()!,
                root.GetProperty("payload"));
    }

    /// <summary>Reads what the recorded client sent, which need not be a frame.</summary>
    public static RecordedFrame? TryParse(ReadOnlyMemory<byte> frame)
    {
        try
        {
            return Parse(frame);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static string? Reference(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
}
