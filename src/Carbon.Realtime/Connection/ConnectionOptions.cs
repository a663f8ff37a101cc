namespace Carbon.Realtime.Connection;

/// <summary>The timings of one connection; their defaults and reasons are documented on <see cref="RealtimeOptions"/>.</summary>
internal sealed record ConnectionOptions
{
    public required TimeSpan ConnectTimeout { get; init; }

    public required TimeSpan HeartbeatInterval { get; init; }

    public required TimeSpan ReconnectMin { get; init; }

    public required TimeSpan ReconnectMax { get; init; }

    public required TimeSpan ReturnSpread { get; init; }

    /// <summary>How long an unused connection stays open.</summary>
    public required TimeSpan IdleTimeout { get; init; }

    /// <summary>How long a polite close may take.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A connection that lasted this long was a good one: the back-off starts over.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first wait after a fault that only somebody's change can cure is drawn from between this and its double; later ones grow.</summary>
    public TimeSpan SlowRetry { get; init; } = TimeSpan.FromSeconds(30);
}
