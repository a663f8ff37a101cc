using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Interleavings;

/// <summary>A user interface's thread, as far as order goes: one thing after the other.</summary>
internal sealed class PostedContext(ManualWorkScheduler scheduler) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _waiting = new();
    private bool _isRunning;

    public override void Post(SendOrPostCallback d, object? state)
    {
        _waiting.Enqueue((d, state));
        if (!_isRunning)
        {
            _isRunning = true;
            scheduler.Post(Run);
        }
    }

    public override SynchronizationContext CreateCopy() => this;

    private void Run()
    {
        while (_waiting.TryDequeue(out var next))
        {
            SetSynchronizationContext(this);
            next.Callback(next.State);
        }

        _isRunning = false;
    }
}
