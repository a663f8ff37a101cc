using System.Collections.Concurrent;

namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>A user interface's thread with its queue.</summary>
internal sealed class UiLoop : SynchronizationContext, IDisposable
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _queue = [];
    private readonly Thread _thread;

    public UiLoop()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "ui" };
        _thread.Start();
    }

    public bool IsCurrent => Thread.CurrentThread == _thread;

    public override void Post(SendOrPostCallback d, object? state) => _queue.Add((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nobody may wait for this thread.");

    /// <summary>Runs something there; completes when it has run.</summary>
    public Task InvokeAsync(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(_ =>
        {
            action();
            done.SetResult();
        }, null);
        return done.Task;
    }

    /// <summary>The window closes: what is still posted is refused.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
    }

    private void Run()
    {
        foreach (var (callback, state) in _queue.GetConsumingEnumerable())
        {
            callback(state);
        }
    }
}
