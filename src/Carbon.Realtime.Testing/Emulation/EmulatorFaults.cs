using Carbon.Realtime.Testing.Emulation;
using Carbon.Realtime.Testing.Emulation.Rest;

namespace Carbon.Realtime.Testing;

/// <summary>What can go wrong: with changes, joins, frames, sockets and reads.</summary>
/// <remarks>
/// <para>
/// What the server does in the open is on the emulator itself: <see cref="RealtimeEmulator.BreakConnections"/>, <see cref="RealtimeEmulator.DropConnections"/>,
/// <see cref="RealtimeEmulator.Restart"/>, <see cref="RealtimeEmulator.ReloadTenant"/>, <see cref="RealtimeEmulator.RefuseConnects"/>,
/// <see cref="RealtimeEmulator.CrashChannels"/>, <see cref="RealtimeEmulator.CloseChannels"/>, <see cref="RealtimeEmulator.RepeatSubscribed"/>,
/// <see cref="RealtimeEmulator.HoldSystemOk"/>, <see cref="RealtimeEmulator.CoolDown"/>. docs/emulator.md has a table of them all.
/// </para>
/// <para>
/// Thread-safe. Chance comes from seeds: under a <see cref="ManualEnvironment"/> equal seeds and equal calls give equal runs, and behind a host in real
/// time equal frames to each client whose frames are not late.
/// </para>
/// </remarks>
public sealed class EmulatorFaults
{
    private readonly RealtimeEmulator _emulator;
    private readonly EmulatorAgenda _agenda;
    private readonly EmulatorServer _server;
    private readonly EmulatorReplication _replication;
    private readonly RestService _rest;
    private readonly EmulatorReplica? _replica;
    private readonly EmulatorDatabase? _database;

    internal EmulatorFaults(
        RealtimeEmulator emulator, EmulatorAgenda agenda, EmulatorServer server, EmulatorReplication replication, RestService rest, EmulatorTables? tables, EmulatorReplica? replica)
    {
        _database = tables?.Database;
        _emulator = emulator;
        _agenda = agenda;
        _server = server;
        _replication = replication;
        _rest = rest;
        _replica = replica;
    }

    /// <summary>What happens to change frames by chance: lost, doubled, late, out of order.</summary>
    /// <value>Default <see langword="null"/>, nothing. Setting it begins a run of its seed; what an earlier plan held up comes at once.</value>
    public StreamFaults? Stream
    {
        get => _agenda.Locked(() => Trouble.Stream.Plan);
        set => _agenda.Locked(() => Trouble.Stream.Plan = value);
    }

    /// <summary>What happens to the server's frames by chance, whatever they say: cut, spoilt, huge, in pieces.</summary>
    /// <value>Default <see langword="null"/>, nothing. Setting it begins a run of its seed.</value>
    public WireFaults? Wire
    {
        get => _agenda.Locked(() => Trouble.Wire?.Plan);
        set => _agenda.Locked(() => Trouble.Wire = value is null ? null : new FaultyWire(value));
    }

    /// <summary>What happens to reads by chance: they fail, break off, are slow.</summary>
    /// <value>Default <see langword="null"/>, nothing. Setting it begins a run of its seed.</value>
    public ReadFaults? Reads
    {
        get => _agenda.Locked(() => _rest.Faults.ByChance?.Plan);
        set => _agenda.Locked(() => _rest.Faults.ByChance = value is null ? null : new FaultyReads(value));
    }

    /// <summary>
    /// The server's limit of changes a second, counted for each subscription: once it is exceeded, whole polls are consumed and discarded, and nobody is
    /// told. The average is worked out every five seconds, over a minute at most: a first burst passes, and what follows it is lost.
    /// </summary>
    /// <value>Default <see cref="EmulatorLimits.ChangesPerSecond"/>; <see langword="null"/> for no limit; Supabase's is 100. At least 0.</value>
    public int? ChangesPerSecond
    {
        get => _agenda.Locked(() => _server.ChangeRate.Limit);
        set => _agenda.Locked(() => _server.ChangeRate.Limit = AtLeast(0, value));
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
    /// <see cref="RealtimeEmulator.Rows"/> see the tables as they are, and so do writes.
    /// </value>
    /// <exception cref="NotSupportedException">The emulator reads from PostgreSQL, which is never behind.</exception>
    public TimeSpan? ReplicaLag
    {
        get => _agenda.Locked(() => _replica?.Lag);
        set => _agenda.Locked(() =>
        {
            if (value is { } lag && lag < TimeSpan.Zero)
            {
                throw new ArgumentOutOfRangeException(nameof(value), lag, "A lag is not negative.");
            }

            if (_replica is not null)
            {
                _replica.Lag = value;
            }
            else if (value is not null)
            {
                throw new NotSupportedException("Reads go to PostgreSQL itself: there is no replica to be behind.");
            }
        });
    }

    /// <summary>
    /// Each channel that joins gets once more what was polled so long ago at most, and what it or its predecessor may have got already: two workers of the server hand
    /// over, and both send (docs/protocol.md, "Delivery").
    /// </summary>
    /// <value>Default <see langword="null"/>, nothing twice. What is polled counts from when this is set. Not negative.</value>
    public TimeSpan? RepeatOnJoin
    {
        get => _agenda.Locked(() => _replication.Repetition);
        set => _agenda.Locked(() => _replication.Repetition = value is { } time && time < TimeSpan.Zero
            ? throw new ArgumentOutOfRangeException(nameof(value), time, "A time is not negative.")
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
    /// <param name="coldFor">
    /// On the emulator's clock, from now on; <see cref="Timeout.InfiniteTimeSpan"/> until <see cref="HealAll"/>, for a slot that cannot be created.
    /// </param>
    public void LoseSlot(TimeSpan coldFor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(coldFor == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : coldFor, TimeSpan.Zero, nameof(coldFor));
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

    /// <summary>
    /// All connections fall silent: nothing passes in either direction, and nobody is told, as when a network drops packets. The server's idle timeout
    /// goes on. <see cref="HealAll"/> breaks what is left of them, as a network that is back does.
    /// </summary>
    public void HalfOpen() => _agenda.Locked(() => _server.ForEachConnection(static c => c.FallSilent()));

    /// <summary>The same for one client.</summary>
    public void HalfOpen(EmulatorConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        _agenda.Locked(connection.FallSilent);
    }

    /// <summary>The next heartbeats, of whichever client, are not answered.</summary>
    /// <param name="count">How many; <see cref="int.MaxValue"/> for all, and 0 ends what is left of an earlier call.</param>
    public void IgnoreHeartbeats(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _agenda.Locked(() => Trouble.HeartbeatsToIgnore = count);
    }

    /// <summary>The next joins are refused. Several calls queue up.</summary>
    /// <param name="count">How many; <see cref="int.MaxValue"/> for all until <see cref="HealAll"/>.</param>
    /// <param name="fault">How.</param>
    public void FailJoins(int count, EmulatorJoinFault fault) => _agenda.Locked(() => Trouble.Joins.Add(count, null, fault));

    /// <summary>The next subscriptions fail, of channels that join, push a token or try again. Several calls queue up.</summary>
    /// <param name="count">How many; <see cref="int.MaxValue"/> for all until <see cref="HealAll"/>.</param>
    /// <param name="fault">How.</param>
    public void FailSubscriptions(int count, EmulatorSubscriptionFault fault) => _agenda.Locked(() => Trouble.Subscriptions.Add(count, null, fault));

    /// <summary>The next subscriptions of channels with a binding on one table fail.</summary>
    /// <param name="count">How many; <see cref="int.MaxValue"/> for all until <see cref="HealAll"/>.</param>
    /// <param name="table">The table, as bindings name it: without its schema; <c>*</c> for bindings of a whole schema.</param>
    /// <param name="fault">How.</param>
    /// <exception cref="ArgumentException">There is no such table: a test that breaks nothing would pass. On PostgreSQL it is not asked.</exception>
    public void FailSubscriptions(int count, string table, EmulatorSubscriptionFault fault)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        ArgumentNullException.ThrowIfNull(fault);
        _agenda.Locked(() =>
        {
            _database?.RequireTable(table is "*" ? null : table);
            Trouble.Subscriptions.Add(count, table, fault.For(table));
        });
    }

    /// <summary>
    /// The tokens of all joined channels expire now, whatever they say: each channel is told so and closed, and joins and reads with them are refused.
    /// API keys are only as good as before.
    /// </summary>
    public void ExpireTokens() => _agenda.Locked(() => _server.ForEachChannel(channel =>
    {
        if (channel.Token != channel.Connection.ApiKey)
        {
            _emulator.Tokens.End(channel.Token);
        }

        EmulatorServer.Close(channel, EmulatorTokens.EndedText);
    }));

    /// <summary>The next reads fail, in the order in which they arrive. Several calls queue up.</summary>
    /// <param name="count">How many; <see cref="int.MaxValue"/> for all until <see cref="HealReads"/>.</param>
    /// <param name="fault">How.</param>
    public void FailReads(int count, EmulatorReadFault fault) => Fail(count, null, fault);

    /// <summary>The next reads of one table or view fail, in the order in which they arrive.</summary>
    /// <param name="count">How many; <see cref="int.MaxValue"/> for all until <see cref="HealReads"/>.</param>
    /// <param name="table">Its name, as the address has it: without its schema.</param>
    /// <param name="fault">How.</param>
    /// <exception cref="ArgumentException">There is no such table or view: a test that breaks nothing would pass. On PostgreSQL it is not asked.</exception>
    public void FailReads(int count, string table, EmulatorReadFault fault)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        _agenda.Locked(() => _database?.RequireRelation(table));
        Fail(count, table, fault);
    }

    /// <summary>Reads that arrive from now on do not fail any more.</summary>
    public void HealReads() => _agenda.Locked(() =>
    {
        _rest.Faults.Ordered.Clear();
        _rest.Faults.ByChance = null;
    });

    /// <summary>
    /// Nothing goes wrong from now on: all plans, counts and switches are as they were at first, also <see cref="RealtimeEmulator.HoldSystemOk"/> and
    /// <see cref="RealtimeEmulator.RefuseConnects"/>. What is late comes at once, and what is half open breaks. What is lost stays lost, and a deaf channel
    /// stays deaf until it rejoins or pushes a different token.
    /// </summary>
    public void HealAll() => _agenda.Locked(() =>
    {
        _emulator.AcceptConnects();
        _emulator.HoldSystemOk = false;
        _emulator.Tokens.ForgetEnded();
        Trouble.Heal();
        _replication.Heal();
        _server.ForEachConnection(static c => c.ChangesToDrop = 0);
        HealReads();
        MaxRows = null;
        ReplicaLag = null;
        HoldReads = false;
    });

    private EmulatorTrouble Trouble => _server.Trouble;

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
        _agenda.Locked(() => _rest.Faults.Ordered.Add(count, table, fault));
    }
}
