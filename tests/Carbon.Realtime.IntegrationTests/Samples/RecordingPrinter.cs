using System.Threading.Channels;
using Carbon.Realtime.Samples.LabelWorker;

namespace Carbon.Realtime.IntegrationTests.Samples;

/// <summary>A printer whose labels a test reads, and which does what a test says once a label is out: fail, wait, or take the program down.</summary>
internal sealed class RecordingPrinter : ILabelPrinter
{
    private readonly Channel<Label> _unread = Channel.CreateUnbounded<Label>();

    /// <summary>Every label, in the order in which they came out.</summary>
    public List<Label> Labels { get; } = [];

    /// <summary>What happens between the label and the journal.</summary>
    public Func<Label, Task> Then { get; set; } = static _ => Task.CompletedTask;

    public async Task PrintAsync(Label label)
    {
        Labels.Add(label);
        _unread.Writer.TryWrite(label);
        await Then(label);
    }

    /// <summary>The next label that was not read yet.</summary>
    public async Task<string> NextAsync(CancellationToken cancellationToken) => Text(await _unread.Reader.ReadAsync(cancellationToken));

    /// <summary>The label's job, with a mark if it says that it may be a copy.</summary>
    public static string Text(Label label) => label.Job + (label.IsPossibleCopy ? " copy?" : "");
}

/// <summary>The end of the program at this point: nothing that comes after it is done.</summary>
internal sealed class KilledException() : Exception("Killed by the test.");
