namespace Carbon.Realtime;

/// <summary>The tenant of one manager.</summary>
internal sealed class TenantContext(string? initial) : ITenantContext
{
    private readonly Lock _gate = new();
    private string? _current = initial;

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
            if (_current == tenant)
            {
                return;
            }

            _current = tenant;
        }

        Changed?.Invoke();
    }
}
