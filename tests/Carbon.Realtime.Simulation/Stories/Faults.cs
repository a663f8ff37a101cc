using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Every kind of fault: of the stream, of frames and sockets, of the server and its channels, of reads, of tokens, of the disk.</summary>
internal static class Faults
{
    public static IReadOnlyDictionary<string, Fault> All { get; } = new Dictionary<string, Fault>(StringComparer.Ordinal)
    {
        // the stream (docs/protocol.md, "Silent loss")
        ["drop"] = Mixed("drop", Silent()),
        ["duplicate"] = new(
            static (w, a) =>
            {
                w.Mixed.Begin("duplicate", a);
                w.RepeatsUntil = TimeSpan.MaxValue;
            },
            static w =>
            {
                w.Mixed.End("duplicate");
                w.RepeatsUntil = w.Elapsed + Silences.OnTheWay;
            }),
        ["delay"] = Mixed("delay"), // up to 12 s, as when the poller's session is stalled
        ["reorder"] = Mixed("reorder"),
        ["reorder-within"] = Mixed("reorder-within", Silent()),
        ["drop-changes"] = new(static (w, a) => w.Faults.DropChanges(1 + (a % 5)), static w => w.Faults.DropChanges(0), Silent()),
        ["rate-limit"] = new(static (w, a) => w.Faults.ChangesPerSecond = a % 3, static w => w.Faults.ChangesPerSecond = null, Silent(70)),
        ["lose-slot"] = new(static (w, _) => w.Faults.LoseSlot(), Silence: Silent()),
        ["cold-slot"] = new(static (w, a) => w.Faults.LoseSlot(TimeSpan.FromMilliseconds(a * 60)), Silence: Silent(61)),
        ["huge-transaction"] = new(
            static (w, a) =>
            {
                w.Database.Write("bulk", a);
                w.Faults.LoseSlot(TimeSpan.FromSeconds(15)); // it is lost whole, and what others write meanwhile
            },
            Silence: Silent(16)),
        ["sessions-killed"] = new(
            static (w, a) =>
            {
                w.Faults.LoseSlot(TimeSpan.FromSeconds(1 + (a % 15)));
                w.Faults.FailSubscriptions(1 + (a % 3), EmulatorSubscriptionFault.Transient);
            },
            Silence: Silent(16)),
        ["deafen"] = new(static (w, _) => Deafen(w, "deafen", w.Faults.Deafen)),
        ["empty-subscriptions"] = new(static (w, _) => Deafen(w, "empty-subscriptions", w.Faults.EmptySubscriptions)),
        ["repeat-on-join"] = new(static (w, a) => w.Faults.RepeatOnJoin = TimeSpan.FromMilliseconds(a * 10)), // and to the end: two workers hand over at any join
        ["unpublish"] = new(static (w, _) => Publish(w, published: false), static w => Publish(w, published: true), Silent(70)),
        ["identity-full"] = new(static (w, _) => w.Database.IsIdentityFull = true, static w => w.Database.IsIdentityFull = false),
        ["foreign-records"] = new(static (w, a) => w.Traffic.ForeignRecords = 1 + (a % 5), static w => w.Traffic.ForeignRecords = 0),

        // frames and sockets
        ["cut"] = new(
            static (w, a) =>
            {
                w.Silences.Begin(Silences.LostClose, w.Elapsed);
                w.Mixed.Begin("cut", a);
            },
            static w => w.Mixed.End("cut"),
            Silent()),
        ["garbage"] = Mixed("garbage"),
        ["huge"] = Mixed("huge"),
        ["break"] = new(static (w, _) => w.Emulator.BreakConnections()),
        ["restart-code"] = new(static (w, _) => w.Emulator.DropConnections()),
        ["network-down"] = new( // all fails, and at once
            static (w, _) =>
            {
                w.Traffic.IsDown = true;
                w.Emulator.BreakConnections();
            },
            static w => w.Traffic.IsDown = false),
        ["half-open"] = new(static (w, _) => w.Faults.HalfOpen()),
        ["no-heartbeats"] = new(static (w, a) => w.Faults.IgnoreHeartbeats(1 + (a % 4))),
        ["refuse-connects"] = new(static (w, _) => w.Emulator.RefuseConnects(503, "no"), static w => w.Emulator.AcceptConnects()),
        ["server-pauses"] = new(static (w, a) => w.Traffic.Pause(TimeSpan.FromMilliseconds(a * 70))),

        // the server and its channels
        ["server-restart"] = new(static (w, _) => w.Emulator.Restart()),
        ["reload-tenant"] = new(static (w, _) => w.Emulator.ReloadTenant()),
        ["crash-channels"] = new(static (w, _) => w.Emulator.CrashChannels()),
        ["cool-down"] = new(static (w, _) => w.Emulator.CoolDown()),
        ["repeat-ok"] = new(static (w, _) => w.Emulator.RepeatSubscribed()),
        ["hold-ok"] = new(static (w, _) => w.Emulator.HoldSystemOk = true, static w => w.Emulator.HoldSystemOk = false, Silent(5)),
        ["join-restarting"] = Joins(3, EmulatorJoinFault.Restarting),
        ["join-initializing"] = Joins(3, EmulatorJoinFault.Initializing),
        ["join-no-database"] = Joins(3, EmulatorJoinFault.DatabaseUnavailable),
        ["join-no-connection"] = Joins(3, EmulatorJoinFault.NoConnectionToSpare),
        ["join-crashes"] = Joins(3, EmulatorJoinFault.Crashed),
        ["join-no-answer"] = Joins(2, EmulatorJoinFault.NoAnswer),
        ["join-too-many-joins"] = Joins(3, EmulatorJoinFault.TooManyJoins),
        ["join-too-many-channels"] = Joins(2, EmulatorJoinFault.TooManyChannels),
        ["join-too-many-users"] = Joins(2, EmulatorJoinFault.TooManyUsers),
        ["subscription-fails"] = Subscriptions(EmulatorSubscriptionFault.Transient),
        ["subscription-refused"] = Subscriptions(EmulatorSubscriptionFault.Refused),

        // reads
        ["reads-fail"] = Mixed("reads-fail"),
        ["reads-break-off"] = Mixed("reads-break-off"),
        ["reads-slow"] = Mixed("reads-slow"),
        ["hold-reads"] = new(static (w, _) => w.Faults.HoldReads = true, static w => w.Faults.HoldReads = false),
        ["replica-lag"] = new(static (w, a) => w.Faults.ReplicaLag = TimeSpan.FromMilliseconds(a * 5), static w => w.Faults.ReplicaLag = null),
        ["max-rows"] = new(static (w, a) => w.Faults.MaxRows = (1 + (a % 4)) * (w.IsLarge ? 100 : 1), static w => w.Faults.MaxRows = null),
        ["read-timeout"] = Reads(4, EmulatorReadFault.StatementTimeout),
        ["read-no-answer"] = Reads(2, EmulatorReadFault.NoAnswer),
        ["read-unreachable"] = Reads(4, EmulatorReadFault.Unreachable),
        ["read-no-database"] = Reads(4, EmulatorReadFault.DatabaseUnavailable),
        ["read-no-schema"] = Reads(4, EmulatorReadFault.SchemaCacheNotLoaded),
        ["read-expired"] = Reads(2, EmulatorReadFault.TokenExpired),
        ["reads-refused"] = new(static (w, _) => w.Faults.FailReads(int.MaxValue, EmulatorReadFault.TokenExpired), static w => w.Faults.HealReads()), // whatever token comes
        ["read-denied"] = new(static (w, _) => w.Faults.FailReads(1, EmulatorReadFault.PermissionDenied)),
        ["read-html"] = Reads(2, EmulatorReadFault.WrongContentType("text/html")),
        ["read-stalls"] = new(static (w, a) => w.Faults.FailReads(1, EmulatorReadFault.StalledBody(a % 60))),

        // tokens
        ["expire-tokens"] = new(static (w, _) => w.Faults.ExpireTokens()),
        ["token-fails"] = new(static (w, a) => w.Users.ToFail = 1 + (a % 4)),
        ["token-slow"] = new(static (w, a) => w.Users.Delay = TimeSpan.FromMilliseconds(a * 15)),
        ["token-repeats"] = new(static (w, a) => w.Users.ToRepeat = 1 + (a % 3)),
        ["token-short"] = new(static (w, a) => w.Users.Lifetime = TimeSpan.FromSeconds(20 + (a % 100)), static w => w.Users.Lifetime = SimulatedUsers.LongLifetime),
        ["revoke"] = new(static (w, a) => w.Database.Revoke(a), static w => w.Database.GrantAll(), Silent(5)),

        // the disk
        ["disk-full"] = new(static (w, a) => w.Disk.ToRefuse = 1 + (a % 4)),
        ["disk-slow"] = new(static (w, a) => w.Disk.Delay = TimeSpan.FromMilliseconds(a * 4), static w => w.Disk.Delay = TimeSpan.Zero),
        ["disk-unreadable"] = new(static (w, _) => w.Disk.FailNextLoad()),
        ["disk-crash-after-save"] = new(static (w, _) => w.Disk.FailAfterNextSave()),
        ["disk-corrupt"] = new(static (w, a) => w.Disk.Corrupt(a)),
        ["disk-forged"] = new(static (w, a) => w.Disk.Forge(a)),
    };

    public static IReadOnlyList<string> Names { get; } = [.. All.Keys];

    /// <summary>Takes a fault's name for its part in a plan of several.</summary>
    private static Fault Mixed(string name, TimeSpan? silence = null) => new((w, a) => w.Mixed.Begin(name, a), w => w.Mixed.End(name), silence);

    private static Fault Joins(int most, EmulatorJoinFault fault) => new((w, a) => w.Faults.FailJoins(1 + (a % most), fault));

    private static Fault Subscriptions(EmulatorSubscriptionFault fault) => new((w, a) => w.Faults.FailSubscriptions(1 + (a % 2), fault));

    private static Fault Reads(int most, EmulatorReadFault fault) => new((w, a) => w.Faults.FailReads(1 + (a % most), fault));

    /// <summary>A deaf channel stays deaf until it is joined anew, or somebody shows another token.</summary>
    private static void Deafen(SimulatedWorld world, string name, Action act)
    {
        world.Silences.Begin(name, world.Elapsed);
        act();
    }

    private static void Publish(SimulatedWorld world, bool published) => world.Emulator.SetPublished(SimulatedDatabase.Lines, published);

    private static TimeSpan? Silent(double secondsMore = 0) => TimeSpan.FromSeconds(secondsMore);
}
