namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>Prints one label at a time.</summary>
internal interface ILabelPrinter
{
    /// <summary>Completes when the label is out. It is not asked to stop halfway: half a label is no label.</summary>
    /// <exception cref="IOException">The printer is away, out of paper, jammed: the label may or may not be out.</exception>
    Task PrintAsync(Label label);
}

/// <summary>The printer of those who have none: lines on the screen.</summary>
internal sealed class ScreenPrinter(Screen screen) : ILabelPrinter
{
    public Task PrintAsync(Label label)
    {
        screen.Labelled(label);
        return Task.CompletedTask;
    }
}
