namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>Puts a report into a file: between its two marks where the file has them, else as the whole file.</summary>
internal static class ReportFile
{
    private const string Start = "<!-- race: written by eng/bench -->";
    private const string End = "<!-- /race -->";

    public static void Write(string path, string report)
    {
        var section = $"{Start}\n{report.TrimEnd()}\n{End}";
        var old = File.Exists(path) ? File.ReadAllText(path) : "";
        var (start, end) = (old.IndexOf(Start, StringComparison.Ordinal), old.IndexOf(End, StringComparison.Ordinal));
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        File.WriteAllText(path, start >= 0 && end > start ? $"{old[..start]}{section}{old[(end + End.Length)..]}" : section + "\n");
    }
}
