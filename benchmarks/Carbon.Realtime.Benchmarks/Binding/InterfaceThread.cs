using System.Diagnostics;

namespace Carbon.Realtime.Benchmarks.Binding;

/// <summary>An interface's thread: what is posted to it waits until it is run, and how long that took is known.</summary>
internal sealed class InterfaceThread : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = new();

    /// <summary>What all that was run took.</summary>
    public TimeSpan Busy { get; private set; }

    /// <summary>What the longest took: nothing else is drawn meanwhile.</summary>
    public TimeSpan Longest { get; private set; }

    public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

    /// <summary>Forgets what was run before.</summary>
    public void Begin() => (Busy, Longest) = (TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>Runs what was posted.</summary>
    public void Run()
    {
        while (_posted.TryDequeue(out var work))
        {
            var start = Stopwatch.GetTimestamp();
            work.Callback(work.State);
            var time = Stopwatch.GetElapsedTime(start);
            Busy += time;
            if (time > Longest) Longest = time;
        }
    }
}
