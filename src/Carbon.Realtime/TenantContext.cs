namespace Carbon.Realtime;

/// <summary>The tenant of one manager.</summary>
internal sealed class TenantContext(string? initial) : ITenantContext
{
    private readonly Lock _gate = new();
    private string? _current = initial;
    private int _telling;

    /// <summary>Told after the tenant changed, on the thread that changed it.</summary>
    public Action? Changed { get; set; }

    public string? Current
    {
        get
        {
            lock (_gate)
            {
                return _current;
            }
        }
    }

    public void Set(string? tenant)
    {
        if (tenant is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(tenant);
        }

        lock (_gate)
        {
            // While another thread is still telling of it, this one tells too: when it returns, nothing of the old one is shown, whoever was first.
            if (_current == tenant && _telling == 0)
            {
                return;
            }

            _current = tenant;
            _telling++;
        }

        try
        {
            Changed?.Invoke();
        }
        finally
        {
            lock (_gate)
            {
                _telling--;
            }
        }
    }
}
