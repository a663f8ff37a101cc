namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What <see cref="EmulatorFaults"/> has ordered and the server has yet to do. Guarded by the agenda's lock.</summary>
internal sealed class EmulatorTrouble(EmulatorAgenda agenda)
{
    public FaultQueue<EmulatorJoinFault> Joins { get; } = new();

    public FaultQueue<EmulatorSubscriptionFault> Subscriptions { get; } = new();

    /// <summary>How many heartbeats stay unanswered.</summary>
    public int HeartbeatsToIgnore { get; set; }

    public FaultyStream Stream { get; } = new(agenda);

    public FaultyWire? Wire { get; set; }

    /// <summary>The sockets that nothing passes any more, closed by the server or not.</summary>
    public HashSet<EmulatorConnection> HalfOpen { get; } = [];

    public void Heal()
    {
        Joins.Clear();
        Subscriptions.Clear();
        HeartbeatsToIgnore = 0;
        // The wire first: what was late and comes now comes whole.
        Wire = null;
        Stream.Plan = null;
        foreach (var connection in HalfOpen.ToArray())
        {
            connection.Break();
        }
    }
}
