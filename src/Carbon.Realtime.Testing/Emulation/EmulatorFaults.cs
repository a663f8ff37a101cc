using Carbon.Realtime.Testing.Emulation;
using Carbon.Realtime.Testing.Emulation.Rest;

namespace Carbon.Realtime.Testing;

/// <summary>What can go wrong without a word on the socket, and with reads.</summary>
/// <remarks>
/// <para>
/// Faults that a client can see are on the emulator itself: <see cref="RealtimeEmulator.BreakConnections"/>, <see cref="RealtimeEmulator.DropConnections"/>,
/// <see cref="RealtimeEmulator.RefuseConnects"/>, <see cref="RealtimeEmulator.CrashChannels"/>, <see cref="RealtimeEmulator.CloseChannels"/>,
/// <see cref="RealtimeEmulator.RepeatSubscribed"/>, <see cref="RealtimeEmulator.HoldSystemOk"/>, <see cref="RealtimeEmulator.CoolDown"/>.
/// </para>
/// <para>Thread-safe. All of them were observed on the real server (docs/protocol.md, "Silent loss") or are documented PostgREST behaviour.</para>
/// </remarks>
public sealed class EmulatorFaults
{
    private readonly EmulatorAgenda _agenda;
    private readonly EmulatorServer _server;
    private readonly EmulatorReplication _replication;
    private readonly RestService _rest;
    private readonly EmulatorReplica? _replica;

    internal EmulatorFaults(EmulatorAgenda agenda, EmulatorServer server, EmulatorReplication replication, RestService rest, EmulatorReplica? replica)
    {
        _agenda = agenda;
        _server = server;
        _replication = replication;
        _rest = rest;
        _replica = replica;
    }

    /// <summary>
    /// The server's limit of changes a second, averaged over a minute and counted for each subscription: what is over it is consumed and discarded,
    /// and nobody is told.
    /// </summary>
    /// <value>Default <see langword="null"/>, no limit; Supabase's is 100. At least 0.</value>
    public int? ChangesPerSecond
    {
        get => _agenda.Locked(() => _replication.Rate.Limit);
        set => _agenda.Locked(() => _replication.Rate.Limit = AtLeast(0, value));
    }

    /// <summary>Lowers <see cref="EmulatorOptions.MaxRows"/> for reads made from now on, for example in the middle of a scan.</summary>
    /// <value>Default <see langword="null"/>, the options' limit. At least 1; a higher limit than the options' has no effect.</value>
    public int? MaxRows
    {
        get => _agenda.Locked(() => _rest.Faults.MaxRows);
        set => _agenda.Locked(() => _rest.Faults.MaxRows = AtLeast(1, value));
    }

    /// <summary>Reads go to a replica that is behind by this much: they do not see what was committed since.</summary>
    /// <value>
    /// Default <see langword="null"/>, no replica. The replica is made when a lag is set and is never older than that. Policies that read
    /// <see cref="RealtimeEmulator.Rows"/> see the tables as they are.
    /// </value>
    /// <exception cref="NotSupportedException">The emulator reads from PostgreSQL.</exception>
    public TimeSpan? ReplicaLag
    {
        get => _agenda.Locked(() => _replica?.Lag);
        set => _agenda.Locked(() => (_replica ?? throw new NotSupportedException("Reads go to PostgreSQL itself: there is no replica to be behind.")).Lag = value is { } lag && lag < TimeSpan.Zero
            ? throw new ArgumentOutOfRangeException(nameof(value), lag, "A lag is not negative.")
            : value);
    }

    /// <summary>While set, reads are made but their answers wait: changes committed meanwhile arrive first, and are not in them.</summary>
    /// <value>Default <see langword="false"/>. Clearing it delivers what waits, in the order of the reads.</value>
    public bool HoldReads
    {
        get => _agenda.Locked(() => _rest.IsHolding);
        set => _agenda.Locked(() => _rest.IsHolding = value);
    }

    /// <summary>The next changes that are polled reach nobody.</summary>
    /// <param name="count">How many rows' changes; 0 ends what is left of an earlier call.</param>
    public void DropChanges(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _agenda.Locked(() => _replication.ToDrop = count);
    }

    /// <summary>The next changes that a client would get do not reach it; others get them.</summary>
    /// <param name="count">How many rows' changes; 0 ends what is left of an earlier call.</param>
    /// <param name="connection">The client.</param>
    public void DropChanges(int count, EmulatorConnection connection)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentNullException.ThrowIfNull(connection);
        _agenda.Locked(() => connection.ChangesToDrop = count);
    }

    /// <summary>The replication slot is created anew where the log ends now: what was committed and not yet polled is lost.</summary>
    /// <remarks>On PostgreSQL the new slot takes a moment, and what is committed until then is lost too.</remarks>
    public void LoseSlot() => LoseSlot(TimeSpan.Zero);

    /// <summary>
    /// There is no replication slot for a time, and what is committed meanwhile is lost, although joins are answered with "Subscribed": a cold
    /// server whose slot waits for an open write transaction.
    /// </summary>
    /// <param name="coldFor">On the emulator's clock, from now on.</param>
    public void LoseSlot(TimeSpan coldFor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(coldFor, TimeSpan.Zero);
        _agenda.Locked(() => _replication.LoseSlot(coldFor));
    }

    /// <summary>
    /// The worker behind all joined channels stops: they stay joined, heartbeats are answered, and nothing comes any more. A rejoin or the push of a
    /// <em>different</em> token cures a channel.
    /// </summary>
    public void Deafen() => _agenda.Locked(() => Deafen(_server.Channels));

    /// <summary>The same for the channels of one client.</summary>
    public void Deafen(EmulatorConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        _agenda.Locked(() => Deafen(connection.Channels.Values));
    }

    /// <summary>
    /// A migration empties the server's table of subscriptions: joined channels get nothing any more, until each rejoins or pushes a
    /// <em>different</em> token.
    /// </summary>
    public void EmptySubscriptions() => _agenda.Locked(() =>
    {
        foreach (var channel in _server.Channels)
        {
            channel.Subscriptions = [];
        }
    });

    /// <summary>The next reads fail, in the order in which they arrive. Several calls queue up.</summary>
    /// <param name="count">How many; <see cref="int.MaxValue"/> for all until <see cref="HealReads"/>.</param>
    /// <param name="fault">How.</param>
    public void FailReads(int count, EmulatorReadFault fault) => Fail(count, null, fault);

    /// <summary>The next reads of one table or view fail, in the order in which they arrive.</summary>
    /// <param name="count">How many; <see cref="int.MaxValue"/> for all until <see cref="HealReads"/>.</param>
    /// <param name="table">Its name, as the address has it.</param>
    /// <param name="fault">How.</param>
    public void FailReads(int count, string table, EmulatorReadFault fault)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        Fail(count, table, fault);
    }

    /// <summary>Reads that arrive from now on do not fail any more.</summary>
    public void HealReads() => _agenda.Locked(_rest.Faults.Clear);

    private static void Deafen(IEnumerable<EmulatorChannel> channels)
    {
        foreach (var channel in channels)
        {
            channel.IsDeaf = true;
        }
    }

    private static int? AtLeast(int minimum, int? value) => value is { } given && given < minimum
        ? throw new ArgumentOutOfRangeException(nameof(value), given, $"The least is {minimum}.")
        : value;

    private void Fail(int count, string? table, EmulatorReadFault fault)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentNullException.ThrowIfNull(fault);
        _agenda.Locked(() => _rest.Faults.Add(count, table, fault));
    }
}
