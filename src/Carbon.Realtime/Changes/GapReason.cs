namespace Carbon.Realtime;

/// <summary>Why a stream may have missed something.</summary>
public enum GapReason
{
    /// <summary>The subscription begins: what happened before was never part of it.</summary>
    Started = 0,

    /// <summary>The channel was joined again, after a lost connection or an error.</summary>
    Rejoined,

    /// <summary>The server subscribed again by itself, and may have lost changes in between.</summary>
    Resubscribed,

    /// <summary>This subscriber was too slow and its queue overflowed.</summary>
    Overflow,

    /// <summary>A change came that could not be decoded: of the row with the key, or, without a key, of any row.</summary>
    Undecodable,

    /// <summary>A change came without all columns of the row (unchanged large values, column rights, a row over 1 MB).</summary>
    Partial,

    /// <summary>
    /// The machine or the process slept (standby, a stop signal, a debugger) and the connection survived it; but nobody can vouch for what went between.
    /// Setting the clock forward by 10 s or more looks the same.
    /// </summary>
    Suspended,
}
