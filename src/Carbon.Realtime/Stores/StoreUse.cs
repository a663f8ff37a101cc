namespace Carbon.Realtime.Stores;

/// <summary>Who uses a store: it runs while somebody does, and a while longer, for who goes from page to page comes back soon. Under the store's lock.</summary>
/// <param name="scope">How long a while is.</param>
/// <param name="gate">The store's lock; ending a use takes it.</param>
internal sealed class StoreUse(IStoreScope scope, Lock gate)
{
    private IDisposable? _linger;
    private int _users;
    private bool _isClosed;

    public bool IsUsed => _users > 0;

    /// <summary>Told that somebody begins to use the store, and that nobody does any more.</summary>
    public required Action<bool> OnUsed { get; init; }

    /// <summary>Told that nobody has used it for a while.</summary>
    public required Action OnUnused { get; init; }

    /// <summary>One more.</summary>
    /// <returns>Ends it when it is disposed, on any thread.</returns>
    public IDisposable Begin()
    {
        _linger?.Dispose();
        _linger = null;
        if (_users++ == 0)
        {
            OnUsed(true);
        }

        return new Use(this);
    }

    /// <summary>The store is closed: nothing is told any more.</summary>
    public void Close()
    {
        _isClosed = true;
        OnUsed(false);
    }

    private void End()
    {
        lock (gate)
        {
            if (--_users == 0 && !_isClosed)
            {
                OnUsed(false);
                _linger?.Dispose();
                _linger = scope.Later(scope.Linger, OnLingered);
            }
        }
    }

    private void OnLingered()
    {
        lock (gate)
        {
            if (_users == 0 && !_isClosed)
            {
                OnUnused();
            }
        }
    }

    private sealed class Use(StoreUse owner) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                owner.End();
            }
        }
    }
}
