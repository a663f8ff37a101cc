using System.Collections.Immutable;

namespace Carbon.Realtime.Changes;

/// <summary>Those who wait for a feed to be live; each keeps the feed running meanwhile. Under the gate.</summary>
internal sealed class LiveWaiters(Lock gate)
{
    private readonly List<(TaskCompletionSource Source, IDisposable Interest)> _waiters = [];

    public Task Add(IDisposable interest, CancellationToken cancellationToken)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters.Add((source, interest));
        if (cancellationToken.CanBeCanceled)
        {
            var registration = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    var (waiters, source) = ((LiveWaiters, TaskCompletionSource))state!;
                    waiters.Cancel(source, token);
                },
                (this, source));
            source.Task.GetAwaiter().UnsafeOnCompleted(registration.Dispose);
        }

        return source.Task;
    }

    public void Release(Action<TaskCompletionSource> complete)
    {
        var released = _waiters.ToImmutableArray();
        _waiters.Clear();
        foreach (var (source, interest) in released)
        {
            complete(source);
            interest.Dispose();
        }
    }

    private void Cancel(TaskCompletionSource source, CancellationToken token)
    {
        lock (gate)
        {
            var index = _waiters.FindIndex(w => w.Source == source);
            if (index >= 0)
            {
                var (_, interest) = _waiters[index];
                _waiters.RemoveAt(index);
                source.TrySetCanceled(token);
                interest.Dispose();
            }
        }
    }
}
