namespace Carbon.Realtime.Testing.Emulation;

/// <summary>The emulator's own tables.</summary>
internal sealed class MemorySource(EmulatorDatabase database, EmulatorOptions options) : IEmulatorSource
{
    public TimeSpan LeastRetryDelay => TimeSpan.Zero;

    public void Subscribe(
        IReadOnlyList<EmulatorBinding> bindings, EmulatorClaims claims, Action<IReadOnlyList<EmulatorSubscription>, EmulatorSubscriptionFault?> then)
    {
        var subscriptions = EmulatorSubscription.Create(database.Tables, bindings, claims, options.Roles, CompiledFilter.Compile, out var error);
        then(subscriptions, error is null ? null : EmulatorSubscriptionFault.Of(error, isRetried: false));
    }

    public void Judge(IReadOnlyList<LoggedChange> polled, IReadOnlyList<EmulatorSubscription> subscriptions, Action<PolledChanges?> then) =>
        then(new Polled([.. polled.Cast<EmulatorChange>()]));

    public void LoseSlot()
    {
        // A commit hands its changes over at once.
    }

    private sealed class Polled(IReadOnlyList<EmulatorChange> changes) : PolledChanges(changes)
    {
        private const string ServiceRole = "service_role";

        public override bool Matches(CompiledFilter filter, EmulatorTable table, string cell) => filter.IsMatch(cell);

        /// <summary>Asks for the row as it is now and not as it was at the change: a row that is gone is seen by nobody (docs/protocol.md, "Who gets a change").</summary>
        public override bool IsVisible(EmulatorChange change, EmulatorClaims claims) =>
            change.Table.Rows.TryGetValue(change.Table.KeyOf(change.New!), out var current)
            && (claims.Role == ServiceRole || change.Table.Policy!(claims, current));
    }
}
