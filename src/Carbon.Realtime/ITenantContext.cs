namespace Carbon.Realtime;

/// <summary>The tenant whose rows tenant-scoped tables bring. Thread-safe.</summary>
public interface ITenantContext
{
    /// <summary>The current tenant; <see langword="null"/> when none is known: tenant-scoped tables throw then.</summary>
    string? Current { get; }

    /// <summary>Changes the tenant, after login or a switch of company.</summary>
    /// <param name="tenant">The tenant, or <see langword="null"/> for none.</param>
    /// <remarks>
    /// Streams of the old tenant end at once with a <see cref="RealtimeException"/> of reason <see cref="RealtimeErrorReason.TenantChanged"/>:
    /// a stream never changes whose rows it brings. Take new ones. Stores change over to the new one's rows: when this returns, none shows a row of the old
    /// one, whichever of several threads set it.
    /// </remarks>
    void Set(string? tenant);
}
