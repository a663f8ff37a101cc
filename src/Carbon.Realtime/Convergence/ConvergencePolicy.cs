namespace Carbon.Realtime.Convergence;

/// <summary>Which of the algorithm's rules hold. All of them, but where a test shows what becomes of a store without one.</summary>
internal sealed record ConvergencePolicy
{
    public static ConvergencePolicy Full { get; } = new();

    /// <summary>What the stream said during a read wins over what the read brings.</summary>
    public bool StreamWinsDuringReads { get; init; } = true;

    /// <summary>What the stream touched while a read was under way, or shortly after, is read again.</summary>
    public bool TouchedKeysAreReread { get; init; } = true;

    /// <summary>Every ok of the server begins an epoch, not only the first of a join.</summary>
    public bool RepeatedOkIsEpoch { get; init; } = true;

    /// <summary>Every epoch is read, not only the first.</summary>
    public bool EpochsAreRead { get; init; } = true;

    /// <summary>Reads begin after the server's ok, not with the join.</summary>
    public bool ReadsAwaitOk { get; init; } = true;

    /// <summary>Everything is read again some seconds after an ok, and again and again.</summary>
    public bool Reconciles { get; init; } = true;

    /// <summary>Rows that a complete read did not bring are removed.</summary>
    public bool Sweeps { get; init; } = true;

    /// <summary>Of two reads of a key that overlap neither is the last word.</summary>
    public bool ReadsTouchEachOther { get; init; } = true;
}
