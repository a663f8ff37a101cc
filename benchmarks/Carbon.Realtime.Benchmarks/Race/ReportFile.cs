namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>Puts a report into a file: between its two marks where the file has them, else as the whole file.</summary>
internal static class ReportFile
{
    /// <param name="path">The file.</param>
    /// <param name="name">The report's, which its marks carry.</param>
    /// <param name="report">Markdown.</param>
    public static void Write(string path, string name, string report)
    {
        var (first, last) = ($"<!-- {name}: written by eng/bench -->", $"<!-- /{name} -->");
        var section = $"{first}\n{report.TrimEnd()}\n{last}";
        var old = File.Exists(path) ? File.ReadAllText(path) : "";
        var (start, end) = (old.IndexOf(first, StringComparison.Ordinal), old.IndexOf(last, StringComparison.Ordinal));
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        File.WriteAllText(path, start >= 0 && end > start ? $"{old[..start]}{section}{old[(end + last.Length)..]}" : section + "\n");
    }
}
