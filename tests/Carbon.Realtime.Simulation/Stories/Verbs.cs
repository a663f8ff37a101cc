using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>All that can happen: writes, faults (of server, wire, reads, tokens, disk), and acts of the program and its user.</summary>
internal static class Verbs
{
    /// <summary>What is written. Most are small; the rest is what breaks clients.</summary>
    public static IReadOnlyList<string> Writes { get; } =
    [
        "insert", "insert", "insert", "update", "update", "update", "update", "delete", "delete", "note", "hide", "replace", "move", "rename", "bulk", "truncate",
    ];

    /// <summary>After these a raw stream may lack a change that nobody tells it of: the server lost it in silence, or never had it to send.</summary>
    public static IReadOnlySet<string> Silent { get; } = new HashSet<string>
    {
        "drop", "cut", "deafen", "empty-subscriptions", "lose-slot", "cold-slot", "drop-changes", "rate-limit", "hold-ok", "unpublish", "revoke", "truncate", "reorder-within",
        "read-denied", "sign-in", "tenant", "restart", "crash", "observer-throws", "cool-down",
    };

    /// <summary>
    /// After these the client waits for more than the heal: a read that hangs ends with its time-out of half a minute, and who was refused asks again in
    /// minutes at most, for at once would be a storm.
    /// </summary>
    public static IReadOnlySet<string> Waits { get; } = new HashSet<string>
    {
        "read-no-answer", "read-stalls", "read-denied", "read-expired", "expire-tokens", "token-fails", "token-repeats", "token-slow", "subscription-refused",
    };

    private static Dictionary<string, Action<SimulatedWorld, int>> FaultTable { get; } = new()
    {
        // the stream (live-store §5.3; protocol, silent loss)
        ["drop"] = static (w, a) => w.Faults.Stream = new StreamFaults { Seed = a, Drop = Share(a, 0.5) },
        ["duplicate"] = static (w, a) =>
        {
            w.ServerRepeats = true;
            w.Faults.Stream = new StreamFaults { Seed = a, Duplicate = Share(a, 0.8) };
        },
        ["delay"] = static (w, a) => w.Faults.Stream = new StreamFaults { Seed = a, Delay = EmulatorDelay.Milliseconds(0, a * 3) },
        ["reorder"] = static (w, a) => w.Faults.Stream = new StreamFaults { Seed = a, Reorder = Share(a, 0.6) },
        ["reorder-within"] = static (w, a) => w.Faults.Stream = new StreamFaults { Seed = a, Reorder = Share(a, 0.6), ReordersWithinKeys = true },
        ["stream-heals"] = static (w, _) => w.Faults.Stream = null,
        ["drop-changes"] = static (w, a) => w.Faults.DropChanges(1 + (a % 5)),
        ["rate-limit"] = static (w, a) => w.Faults.ChangesPerSecond = a % 3,
        ["rate-heals"] = static (w, _) => w.Faults.ChangesPerSecond = null,
        ["lose-slot"] = static (w, _) => w.Faults.LoseSlot(),
        ["cold-slot"] = static (w, a) => w.Faults.LoseSlot(TimeSpan.FromMilliseconds(a * 10)),
        ["deafen"] = static (w, _) => w.Faults.Deafen(),
        ["empty-subscriptions"] = static (w, _) => w.Faults.EmptySubscriptions(),
        ["repeat-on-join"] = static (w, a) => w.Faults.RepeatOnJoin = TimeSpan.FromMilliseconds(a * 3),
        ["repeat-heals"] = static (w, _) => w.Faults.RepeatOnJoin = null,
        ["unpublish"] = static (w, _) => w.Emulator.SetPublished(SimulatedDatabase.Lines, published: false),
        ["publish"] = static (w, _) => w.Emulator.SetPublished(SimulatedDatabase.Lines, published: true),
        ["identity-full"] = static (w, _) => w.Emulator.SetReplicaIdentity(SimulatedDatabase.Orders, full: true),
        ["identity-default"] = static (w, _) => w.Emulator.SetReplicaIdentity(SimulatedDatabase.Orders, full: false),

        // frames and sockets
        ["cut"] = static (w, a) => w.Faults.Wire = new WireFaults { Seed = a, Cut = Share(a, 0.3) },
        ["garbage"] = static (w, a) => w.Faults.Wire = new WireFaults { Seed = a, Garbage = Share(a, 0.5) },
        ["huge"] = static (w, a) => w.Faults.Wire = new WireFaults { Seed = a, Huge = Share(a, 0.1), HugeBytes = 70_000 },
        ["wire-heals"] = static (w, _) => w.Faults.Wire = null,
        ["break"] = static (w, _) => w.Emulator.BreakConnections(),
        ["restart-code"] = static (w, _) => w.Emulator.DropConnections(),
        ["half-open"] = static (w, _) => w.Faults.HalfOpen(),
        ["no-heartbeats"] = static (w, a) => w.Faults.IgnoreHeartbeats(1 + (a % 4)),
        ["refuse-connects"] = static (w, _) => w.Emulator.RefuseConnects(503, "no"),
        ["accept-connects"] = static (w, _) => w.Emulator.AcceptConnects(),

        // the server and its channels
        ["server-restart"] = static (w, _) => w.Emulator.Restart(),
        ["reload-tenant"] = static (w, _) => w.Emulator.ReloadTenant(),
        ["crash-channels"] = static (w, _) => w.Emulator.CrashChannels(),
        ["cool-down"] = static (w, _) => w.Emulator.CoolDown(),
        ["repeat-ok"] = static (w, _) => w.Emulator.RepeatSubscribed(),
        ["hold-ok"] = static (w, _) => w.Emulator.HoldSystemOk = true,
        ["give-ok"] = static (w, _) => w.Emulator.HoldSystemOk = false,
        ["join-restarting"] = static (w, a) => w.Faults.FailJoins(1 + (a % 3), EmulatorJoinFault.Restarting),
        ["join-initializing"] = static (w, a) => w.Faults.FailJoins(1 + (a % 3), EmulatorJoinFault.Initializing),
        ["join-no-database"] = static (w, a) => w.Faults.FailJoins(1 + (a % 3), EmulatorJoinFault.DatabaseUnavailable),
        ["join-no-connection"] = static (w, a) => w.Faults.FailJoins(1 + (a % 3), EmulatorJoinFault.NoConnectionToSpare),
        ["join-crashes"] = static (w, a) => w.Faults.FailJoins(1 + (a % 3), EmulatorJoinFault.Crashed),
        ["join-no-answer"] = static (w, a) => w.Faults.FailJoins(1 + (a % 2), EmulatorJoinFault.NoAnswer),
        ["join-too-many-joins"] = static (w, a) => w.Faults.FailJoins(1 + (a % 3), EmulatorJoinFault.TooManyJoins),
        ["join-too-many-channels"] = static (w, a) => w.Faults.FailJoins(1 + (a % 2), EmulatorJoinFault.TooManyChannels),
        ["join-too-many-users"] = static (w, a) => w.Faults.FailJoins(1 + (a % 2), EmulatorJoinFault.TooManyUsers),
        ["subscription-fails"] = static (w, a) => w.Faults.FailSubscriptions(1 + (a % 2), EmulatorSubscriptionFault.Transient),
        ["subscription-refused"] = static (w, a) => w.Faults.FailSubscriptions(1 + (a % 2), EmulatorSubscriptionFault.Refused),

        // reads
        ["reads-fail"] = static (w, a) => w.Faults.Reads = new ReadFaults { Seed = a, Fail = Share(a, 0.7) },
        ["reads-break-off"] = static (w, a) => w.Faults.Reads = new ReadFaults { Seed = a, Truncate = Share(a, 0.7) },
        ["reads-slow"] = static (w, a) => w.Faults.Reads = new ReadFaults { Seed = a, Slow = Share(a, 0.9), SlowBy = EmulatorDelay.Milliseconds(0, a * 20) },
        ["reads-heal"] = static (w, _) => w.Faults.HealReads(),
        ["hold-reads"] = static (w, _) => w.Faults.HoldReads = true,
        ["give-reads"] = static (w, _) => w.Faults.HoldReads = false,
        ["replica-lag"] = static (w, a) => w.Faults.ReplicaLag = TimeSpan.FromMilliseconds(a * 5),
        ["replica-heals"] = static (w, _) => w.Faults.ReplicaLag = null,
        ["max-rows"] = static (w, a) => w.Faults.MaxRows = 1 + (a % 4),
        ["max-rows-heals"] = static (w, _) => w.Faults.MaxRows = null,
        ["read-timeout"] = static (w, a) => w.Faults.FailReads(1 + (a % 4), EmulatorReadFault.StatementTimeout),
        ["read-no-answer"] = static (w, a) => w.Faults.FailReads(1 + (a % 2), EmulatorReadFault.NoAnswer),
        ["read-unreachable"] = static (w, a) => w.Faults.FailReads(1 + (a % 4), EmulatorReadFault.Unreachable),
        ["read-no-database"] = static (w, a) => w.Faults.FailReads(1 + (a % 4), EmulatorReadFault.DatabaseUnavailable),
        ["read-no-schema"] = static (w, a) => w.Faults.FailReads(1 + (a % 4), EmulatorReadFault.SchemaCacheNotLoaded),
        ["read-expired"] = static (w, a) => w.Faults.FailReads(1 + (a % 2), EmulatorReadFault.TokenExpired),
        ["read-denied"] = static (w, _) => w.Faults.FailReads(1, EmulatorReadFault.PermissionDenied),
        ["read-html"] = static (w, a) => w.Faults.FailReads(1 + (a % 2), EmulatorReadFault.WrongContentType("text/html")),
        ["read-stalls"] = static (w, a) => w.Faults.FailReads(1, EmulatorReadFault.StalledBody(a % 60)),

        // tokens
        ["expire-tokens"] = static (w, _) => w.Faults.ExpireTokens(),
        ["token-fails"] = static (w, a) => w.Users.ToFail = 1 + (a % 4),
        ["token-slow"] = static (w, a) => w.Users.Delay = TimeSpan.FromMilliseconds(a * 15),
        ["token-repeats"] = static (w, a) => w.Users.ToRepeat = 1 + (a % 3),
        ["token-short"] = static (w, a) => w.Users.Lifetime = TimeSpan.FromSeconds(20 + (a % 100)),
        ["revoke"] = static (w, a) => w.Database.Revoke(a),
        ["grant"] = static (w, _) => w.Database.GrantAll(),

        // the disk
        ["disk-full"] = static (w, a) => w.Disk.ToRefuse = 1 + (a % 4),
        ["disk-slow"] = static (w, a) => w.Disk.Delay = TimeSpan.FromMilliseconds(a * 4),
        ["disk-unreadable"] = static (w, _) => w.Disk.FailNextLoad(),
        ["disk-crash-after-save"] = static (w, _) => w.Disk.FailAfterNextSave(),
        ["disk-corrupt"] = static (w, a) => w.Disk.Corrupt(a),
        ["disk-forged"] = static (w, a) => w.Disk.Forge(a),
    };

    private static Dictionary<string, Action<SimulatedWorld, int>> ActTable { get; } = new()
    {
        ["tenant"] = static (w, a) => w.Client.SwitchTenant(a % 7 == 0 ? null : SimulatedDatabase.Companies[a % 2]),
        ["sign-in"] = static (w, a) => w.SignIn(SimulatedDatabase.Users[a % 2]),
        ["refresh"] = static (w, _) => w.Client.Refresh(),
        ["verify"] = static (w, a) => w.Client.Verify(a),
        ["verify-row"] = static (w, a) => w.Client.VerifyRow(a),
        ["retry"] = static (w, _) => w.Client.Manager.RetryNow(),
        ["stop-store"] = static (w, a) => w.Client.StopStore(a),
        ["start-store"] = static (w, a) => w.Client.StartStore(a),
        ["observer-throws"] = static (w, a) => w.Client.ThrowInObserver(a),
        ["subscribe-anew"] = static (w, a) => w.Client.SubscribeAnew(a),
    };

    /// <summary>What process and machine do. It moves the clock, and so it is no work of the world's scheduler.</summary>
    private static Dictionary<string, Action<SimulatedWorld, int>> MachineTable { get; } = new()
    {
        ["restart"] = static (w, _) => w.RestartClient(),
        ["crash"] = static (w, _) => w.CrashClient(),
        ["suspend"] = static (w, a) => w.Suspend(TimeSpan.FromMilliseconds((a % 7) switch { < 4 => a, 4 => a * 100, 5 => a * 5000, _ => a * 400_000.0 })),
        ["set-clock"] = static (w, a) => w.StepClock(TimeSpan.FromSeconds((a - 500) * 7)),
    };

    /// <summary>Every kind of fault, and what ends one.</summary>
    public static IReadOnlyList<string> Faults { get; } = [.. FaultTable.Keys];

    /// <summary>What program and user do.</summary>
    public static IReadOnlyList<string> Acts { get; } = [.. ActTable.Keys, .. MachineTable.Keys];

    public static void Do(SimulatedWorld world, in Step step)
    {
        var (verb, argument) = (step.Verb, step.Argument);
        if (MachineTable.GetValueOrDefault(verb) is { } machine)
        {
            machine(world, argument);
        }
        else if ((FaultTable.GetValueOrDefault(verb) ?? ActTable.GetValueOrDefault(verb)) is { } act)
        {
            world.Act(() => act(world, argument));
        }
        else if (Writes.Contains(verb))
        {
            world.Act(() => world.Database.Write(verb, argument));
        }
        else
        {
            throw new FormatException($"There is no verb '{verb}'.");
        }
    }

    private static double Share(int argument, double most) => most * (1 + (argument % 10)) / 10;
}
