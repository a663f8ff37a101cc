namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// Where an emulator's tables and changes are: in its own memory, which answers at once, or in a database, which answers later. Everything here is called
/// under the emulator's lock and calls back under it, in the order of the calls.
/// </summary>
internal interface IEmulatorSource
{
    /// <summary>Makes the subscriptions of a channel: of all its bindings, or of none.</summary>
    /// <param name="bindings">The bindings of the channel.</param>
    /// <param name="claims">Of the channel's token.</param>
    /// <param name="then">Takes the subscriptions, or why there are none.</param>
    void Subscribe(IReadOnlyList<EmulatorBinding> bindings, EmulatorClaims claims, Action<IReadOnlyList<EmulatorSubscription>, EmulatorSubscriptionFault?> then);

    /// <summary>How long to wait at least before it is asked again for what failed: a database that is down is not asked without a pause.</summary>
    TimeSpan LeastRetryDelay { get; }

    /// <summary>Asks what is to be known of changes at the time of their poll.</summary>
    /// <param name="polled">What was committed, in its order.</param>
    /// <param name="subscriptions">Those that there are.</param>
    /// <param name="then">Takes what was found; nothing where the poll broke, and everybody loses the batch.</param>
    void Judge(IReadOnlyList<LoggedChange> polled, IReadOnlyList<EmulatorSubscription> subscriptions, Action<PolledChanges?> then);

    /// <summary>What was committed until now and not handed over yet is lost.</summary>
    void LoseSlot();
}

/// <summary>A change as the log has it. What it says to clients is known when it is polled.</summary>
internal abstract record LoggedChange;

/// <summary>A poll's changes, and what the database says of them at that time.</summary>
/// <param name="changes">In the order of their commit.</param>
internal abstract class PolledChanges(IReadOnlyList<EmulatorChange> changes)
{
    public IReadOnlyList<EmulatorChange> Changes { get; } = changes;

    /// <summary>Whether a value of a column matches; unknown (null) counts as no.</summary>
    public abstract bool Matches(CompiledFilter filter, EmulatorTable table, string cell);

    /// <summary>Asked of an INSERT and an UPDATE under row level security: whether the row as it is now is there for the claims' holder.</summary>
    public abstract bool IsVisible(EmulatorChange change, EmulatorClaims claims);
}
