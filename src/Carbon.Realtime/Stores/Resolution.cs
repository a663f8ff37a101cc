using Carbon.Realtime.Authentication;

namespace Carbon.Realtime.Stores;

/// <summary>Finds out whose rows a store is to show, and again after a failure. Under the store's lock.</summary>
/// <param name="scope">Knows who is signed in.</param>
/// <param name="scheduler">Where it is asked.</param>
/// <param name="gate">The store's lock.</param>
internal sealed class Resolution(IStoreScope scope, WorkScheduler scheduler, Lock gate)
{
    private IDisposable? _retry;
    private int _attempt;
    private bool _isRunning;

    /// <summary>Whether it was asked for while it was under way: a failure that is on its way then says nothing of what has changed since.</summary>
    private bool _again;

    /// <summary>Told that it is known, or why it is not. Under the lock.</summary>
    public required Action<TokenAnswer?> OnResolved { get; init; }

    /// <summary>Asks now; if that is under way, once more should it fail.</summary>
    public void Begin()
    {
        Cancel();
        if (_isRunning)
        {
            _again = true;
            return;
        }

        _isRunning = true;
        _ = scheduler.Start(async () =>
        {
            // The tenant may be set while the token is asked for: both are looked at when the answer is here.
            var failure = await scope.PrepareAsync();
            lock (gate)
            {
                _isRunning = false;
                if (failure is not null && _again)
                {
                    Begin();
                }
                else
                {
                    OnResolved(failure);
                }
            }
        });
    }

    /// <summary>Asks after a while.</summary>
    public void BeginAfter(TimeSpan wait)
    {
        Cancel();
        var attempt = _attempt;
        _retry = scope.Later(wait, () =>
        {
            lock (gate)
            {
                if (attempt == _attempt)
                {
                    Begin();
                }
            }
        });
    }

    /// <summary>What was to be asked later is not.</summary>
    public void Cancel()
    {
        _attempt++;
        _again = false;
        _retry?.Dispose();
        _retry = null;
    }
}
