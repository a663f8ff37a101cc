namespace Carbon.Realtime.Tests.Security;

/// <summary>The interface's thread: what is posted waits for it.</summary>
internal sealed class CanaryScreen : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();

    public override void Post(SendOrPostCallback d, object? state) => _queue.Enqueue((d, state));

    public void Run()
    {
        while (_queue.TryDequeue(out var work))
        {
            work.Callback(work.State);
        }
    }
}
