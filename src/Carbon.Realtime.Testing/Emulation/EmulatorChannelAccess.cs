namespace Carbon.Realtime.Testing;

/// <summary>What the holder of a token may do on a private channel.</summary>
[Flags]
public enum EmulatorChannelAccess
{
    /// <summary>Nothing: the join is refused.</summary>
    None = 0,

    /// <summary>Join and receive.</summary>
    Read = 1,

    /// <summary>Send broadcasts. One who may not is not answered.</summary>
    Write = 2,
}
