namespace Carbon.Realtime.Simulation.Stories;

/// <summary>How the stores of a client became live again when all was healed.</summary>
internal enum RecoveryKind
{
    /// <summary>They were live.</summary>
    None,

    /// <summary>Their channels were joined anew.</summary>
    Joined,

    /// <summary>Their channels stood: what was missing was a read, which is not made at once where the stream was broken again and again.</summary>
    StayedJoined,

    /// <summary>A read hung, or somebody was refused, and asks again after a while (<see cref="Verbs.Waits"/>).</summary>
    Waited,
}

/// <summary>How a story ended.</summary>
internal sealed record Outcome
{
    /// <summary>What was broken; <see langword="null"/> for nothing.</summary>
    public string? Failure { get; init; }

    /// <summary>All that happened, if it was kept.</summary>
    public string Log { get; init; } = "";

    /// <summary>How much time of the client was simulated.</summary>
    public TimeSpan Simulated { get; init; }

    /// <summary>How the stores became live again.</summary>
    public RecoveryKind Recovery { get; init; }

    /// <summary>From the first ok after the heal on the socket that lasted, or from the heal where there was none, to the last store's being live; without what the complete read took that made it so.</summary>
    public TimeSpan ToLive { get; init; }

    /// <summary>From the heal to equality with the database.</summary>
    public TimeSpan ToEqual { get; init; }

    /// <summary>Whether changes were lost in silence after the heal, on purpose.</summary>
    public bool HasLost { get; init; }

    /// <summary>From a commit after the heal to the stores' showing it.</summary>
    public TimeSpan ToShow { get; init; }

    /// <summary>How many requests read rows.</summary>
    public int Reads { get; init; }

    /// <summary>In the worst minute.</summary>
    public int WorstReads { get; init; }

    /// <summary>How many dials in the worst minute.</summary>
    public int WorstDials { get; init; }

    /// <summary>How many rows a read put right after the stream had lost their change.</summary>
    public int Repairs { get; init; }
}
