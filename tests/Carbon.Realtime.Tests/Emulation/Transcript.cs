using System.Text.Json;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>One line of a recording of the real server.</summary>
internal sealed record TranscriptLine(int Number, double Milliseconds, string Connection, string Direction, string Text);

/// <summary>The recordings that are copied to the output folder; what their lines mean is said in the folder's README.</summary>
internal static class Transcript
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Transcripts");

    public static IEnumerable<string> Names => Directory.GetFiles(Folder, "*.jsonl").Select(static path => Path.GetFileNameWithoutExtension(path)!);

    public static IReadOnlyList<TranscriptLine> Load(string name)
    {
        var path = Path.Combine(Folder, $"{name}.jsonl");
        return [.. File.ReadLines(path).Select(Read)];
    }

    private static TranscriptLine Read(string line, int index)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        return new TranscriptLine(
            index + 1,
            root.GetProperty("t_ms").GetDouble(),
            root.TryGetProperty("conn", out var connection) ? connection.GetString()! : "",
            root.GetProperty("dir").GetString()!,
            root.GetProperty("frame").GetString()!);
    }
}
