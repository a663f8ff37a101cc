using System.Reflection;
using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>What a real server sent, from the transcripts that the tests replay; and a cache's file. Embedded, so that the campaign needs no other file.</summary>
internal static class Recordings
{
    /// <summary>Every text frame, each once.</summary>
    public static IReadOnlyList<byte[]> Frames { get; } = [.. ReadFrames().Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)];

    /// <summary>The payload of every change.</summary>
    public static IReadOnlyList<byte[]> Changes { get; } = [.. Frames.Select(PayloadOfChange).OfType<byte[]>()];

    public static byte[] Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"There is no resource {name}.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static IEnumerable<string> ReadFrames()
    {
        foreach (var name in Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(static n => n.EndsWith(".jsonl", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            foreach (var line in Encoding.UTF8.GetString(Resource(name)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var recorded = JsonDocument.Parse(line);
                if (recorded.RootElement.GetProperty("dir").GetString() == "recv" && !(recorded.RootElement.TryGetProperty("binary", out var binary) && binary.GetBoolean()))
                {
                    yield return recorded.RootElement.GetProperty("frame").GetString()!;
                }
            }
        }
    }

    private static byte[]? PayloadOfChange(byte[] frame)
    {
        using var document = JsonDocument.Parse(frame);
        var root = document.RootElement;
        var (name, payload) = root.ValueKind == JsonValueKind.Array ? (root[3], root[4]) : (root.GetProperty("event"), root.GetProperty("payload"));
        return name.GetString() == "postgres_changes" ? Encoding.UTF8.GetBytes(payload.GetRawText()) : null;
    }
}
