namespace Carbon.Realtime.Simulation.Model;

/// <summary>What may happen next. The first ones are owed: as long as one of them can be taken, the world is not at rest.</summary>
internal enum StepKind
{
    Join,
    Subscribe,
    Ok,
    OkWhileScanGoesOn,
    CreateSlot,
    Poll,
    Deliver,
    BeginScan,
    ReadPage,
    TakePage,
    Ask,
    ReadAnswer,
    TakeAnswer,
    LoadCache,
    SaveRest,
    TakeLateAnswer,

    /// <summary>No step: from here on they may happen, or not.</summary>
    LastOwed = TakeLateAnswer,

    Commit,
    PassTime,
    Drop,
    Disconnect,
    DisconnectWhileScanGoesOn,
    Resubscribe,
    LoseSubscription,
    LoseSlot,
    Overflow,
    FailScan,
    FailAsking,
    LearnNothing,
    Verify,
    VerifyKey,
    GiveUpCache,
    Save,
    Crash,
    SwitchTenant,
}

/// <summary>One step, with what tells it from others of its kind.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Key">To which key, or a set of keys as bits.</param>
/// <param name="Change">What a commit does.</param>
/// <param name="To">The key that a move gives the row.</param>
internal readonly record struct Step(StepKind Kind, int Key = 0, ChangeKind Change = default, int To = 0)
{
    public bool IsOwed => Kind <= StepKind.LastOwed;

    /// <summary>What goes wrong by it; <see langword="null"/> for what happens every day.</summary>
    public string? Mishap => Kind switch
    {
        StepKind.PassTime => "a pause",
        StepKind.Drop => "a drop",
        StepKind.Disconnect or StepKind.DisconnectWhileScanGoesOn => "a disconnect",
        StepKind.Resubscribe => "another subscription",
        StepKind.LoseSubscription => "a lost subscription",
        StepKind.LoseSlot => "a lost slot",
        StepKind.Overflow => "an overflow",
        StepKind.FailScan or StepKind.FailAsking or StepKind.LearnNothing => "a failed read",
        StepKind.Verify or StepKind.VerifyKey => "a verification",
        StepKind.GiveUpCache => "a cache that is given up",
        StepKind.Crash => "a crash",
        StepKind.SwitchTenant => "another sign-in",
        _ => null,
    };

    public int Code => (int)Kind | (Key << 8) | ((int)Change << 16) | (To << 24);

    public static Step Of(int code) => new((StepKind)(code & 255), code >> 8 & 255, (ChangeKind)(code >> 16 & 255), code >> 24);
}
