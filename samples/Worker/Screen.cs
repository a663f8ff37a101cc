using System.Globalization;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>One line for everything that happens. Many threads call it, so it takes turns.</summary>
internal sealed class Screen(TextWriter output, TimeProvider time)
{
    private readonly Lock _gate = new();

    public void Labelled(Label label)
    {
        var item = label.Item is null ? "" : $"{label.Item}  {label.ItemName ?? "(item deleted)"}  ";
        var copy = label.IsPossibleCopy ? "  POSSIBLY A SECOND COPY" : "";
        Say("LABEL", string.Create(CultureInfo.InvariantCulture, $"{label.Job,-10}  {item}{label.Quantity} pieces{copy}"));
    }

    /// <summary>A line with the time and what it is about.</summary>
    public void Say(string about, string text)
    {
        lock (_gate)
        {
            output.WriteLine($"{time.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture)}  {about,-8}  {Clean(text)}");
        }
    }

    /// <summary>Lines that belong together.</summary>
    public void Say(IEnumerable<string> lines)
    {
        lock (_gate)
        {
            foreach (var line in lines)
            {
                output.WriteLine(Clean(line));
            }
        }
    }

    /// <summary>One line, whatever a row contains: no line breaks, and nothing that a terminal would obey.</summary>
    private static string Clean(string text) => string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c)).TrimEnd();
}
