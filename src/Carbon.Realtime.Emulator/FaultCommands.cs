using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using static Carbon.Realtime.Emulator.ControlBody;

namespace Carbon.Realtime.Emulator;

/// <summary>The commands that make things go wrong, by the names of docs/emulator.md, "What can go wrong". A plan with an empty body ends.</summary>
internal static class FaultCommands
{
    private static readonly Dictionary<string, EmulatorJoinFault> JoinFaults = new(StringComparer.Ordinal)
    {
        ["too-many-joins"] = EmulatorJoinFault.TooManyJoins,
        ["too-many-channels"] = EmulatorJoinFault.TooManyChannels,
        ["too-many-users"] = EmulatorJoinFault.TooManyUsers,
        ["restarting"] = EmulatorJoinFault.Restarting,
        ["database-unavailable"] = EmulatorJoinFault.DatabaseUnavailable,
        ["no-connection-to-spare"] = EmulatorJoinFault.NoConnectionToSpare,
        ["initializing"] = EmulatorJoinFault.Initializing,
        ["crashed"] = EmulatorJoinFault.Crashed,
        ["no-answer"] = EmulatorJoinFault.NoAnswer,
    };

    private static readonly Dictionary<string, EmulatorReadFault> KnownReadFaults = new(StringComparer.Ordinal)
    {
        ["statement-timeout"] = EmulatorReadFault.StatementTimeout,
        ["database-unavailable"] = EmulatorReadFault.DatabaseUnavailable,
        ["schema-cache-not-loaded"] = EmulatorReadFault.SchemaCacheNotLoaded,
        ["token-expired"] = EmulatorReadFault.TokenExpired,
        ["permission-denied"] = EmulatorReadFault.PermissionDenied,
        ["unreachable"] = EmulatorReadFault.Unreachable,
        ["no-answer"] = EmulatorReadFault.NoAnswer,
    };

    private static readonly ReadForm[] ReadForms =
    [
        new([], [], static _ => EmulatorReadFault.DatabaseUnavailable),
        new(["kind"], [], static body => Known(KnownReadFaults, Needed(body, "kind"))),
        new(["status"], ["code", "message"], static body => EmulatorReadFault.Error(NeededNumber(body, "status"), Text(body, "code") ?? "XX000", Text(body, "message") ?? "")),
        new(["status", "body"], ["contentType"], static body => EmulatorReadFault.Answer(NeededNumber(body, "status"), Text(body, "contentType") ?? "text/html", Needed(body, "body"))),
        new(["contentType"], [], static body => EmulatorReadFault.WrongContentType(Needed(body, "contentType"))),
        new(["truncatedAfter"], [], static body => EmulatorReadFault.TruncatedBody(NeededNumber(body, "truncatedAfter"))),
        new(["stalledAfter"], [], static body => EmulatorReadFault.StalledBody(NeededNumber(body, "stalledAfter"))),
        new(["slowBy"], ["slowAfter"], static body => EmulatorReadFault.SlowBody(Number(body, "slowAfter") ?? 0, Seconds(body, "slowBy") ?? TimeSpan.Zero)),
    ];

    private static readonly Dictionary<string, EmulatorSubscriptionFault> SubscriptionFaults = new(StringComparer.Ordinal)
    {
        ["transient"] = EmulatorSubscriptionFault.Transient,
        ["refused"] = EmulatorSubscriptionFault.Refused,
    };

    /// <summary>What the members <c>kind</c> and <c>errors</c> may say, by the commands that have them.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyCollection<string>> Kinds { get; } = new Dictionary<string, IReadOnlyCollection<string>>(StringComparer.Ordinal)
    {
        ["fail-joins"] = JoinFaults.Keys,
        ["fail-subscriptions"] = SubscriptionFaults.Keys,
        ["fail-reads"] = KnownReadFaults.Keys,
    };

    public static IEnumerable<ControlCommand> Of(RealtimeEmulator emulator) => Of(emulator, emulator.Faults);

    private static IEnumerable<ControlCommand> Of(RealtimeEmulator emulator, EmulatorFaults faults) =>
    [
        new("drop-changes", ["count", "connection"], body => Done(
            () => ForOneOrAll(emulator, body, c => faults.DropChanges(Count(body), c), () => faults.DropChanges(Count(body))))),
        new("changes-per-second", ["limit"], body => Done(() => faults.ChangesPerSecond = Number(body, "limit"))),
        new("lose-slot", ["seconds", "forever"], body => Done(
            () => faults.LoseSlot(Flag(body, "forever") == true ? Timeout.InfiniteTimeSpan : Seconds(body, "seconds") ?? TimeSpan.Zero))),
        new("repeat-on-join", ["seconds"], body => Done(() => faults.RepeatOnJoin = Seconds(body, "seconds"))),
        new("deafen", ["connection"], body => Done(() => ForOneOrAll(emulator, body, faults.Deafen, faults.Deafen))),
        new("empty-subscriptions", [], _ => Done(faults.EmptySubscriptions)),
        new("stream-faults", ["seed", "drop", "duplicate", "reorder", "reorderBy", "withinKeys", "delay"],
            body => Done(() => faults.Stream = body.Count == 0 ? null : Stream(body))),
        new("wire-faults", ["seed", "cut", "garbage", "huge", "hugeBytes", "fragment", "fragmentBytes"],
            body => Done(() => faults.Wire = body.Count == 0 ? null : Wire(body))),
        new("read-faults", ["seed", "fail", "errors", "truncate", "slow", "slowBy"], body => Done(() => faults.Reads = body.Count == 0 ? null : Reads(body))),
        new("half-open", ["connection"], body => Done(() => ForOneOrAll(emulator, body, faults.HalfOpen, faults.HalfOpen))),
        new("ignore-heartbeats", ["count"], body => Done(() => faults.IgnoreHeartbeats(Count(body)))),
        new("fail-joins", ["count", "kind", "reason", "thenClose"], body => Done(() => faults.FailJoins(Count(body), Join(body)))),
        new("fail-subscriptions", ["count", "table", "kind", "text", "retried"], body => Done(() => FailSubscriptions(faults, body))),
        new("expire-tokens", [], _ => Done(faults.ExpireTokens)),
        new("fail-reads",
            ["count", "table", "retryAfter", "kind", "status", "code", "message", "contentType", "body", "truncatedAfter", "stalledAfter", "slowBy", "slowAfter"],
            body => Done(() => FailReads(faults, body))),
        new("heal-reads", [], _ => Done(faults.HealReads)),
        new("max-rows", ["rows"], body => Done(() => faults.MaxRows = Number(body, "rows"))),
        new("replica-lag", ["seconds"], body => Done(() => faults.ReplicaLag = Seconds(body, "seconds"))),
        new("hold-reads", ["hold"], body => Done(() => faults.HoldReads = Flag(body, "hold") ?? true)),
        new("heal-all", [], _ => Done(faults.HealAll)),
    ];

    private static StreamFaults Stream(JsonObject body) => new()
    {
        Seed = Number(body, "seed") ?? 0,
        Drop = Share(body, "drop"),
        Duplicate = Share(body, "duplicate"),
        Reorder = Share(body, "reorder"),
        ReorderBy = UpTo(body, "reorderBy", 1),
        ReordersWithinKeys = Flag(body, "withinKeys") ?? false,
        Delay = UpTo(body, "delay", 0),
    };

    private static WireFaults Wire(JsonObject body)
    {
        var defaults = new WireFaults();
        return new WireFaults
        {
            Seed = Number(body, "seed") ?? 0,
            Cut = Share(body, "cut"),
            Garbage = Share(body, "garbage"),
            Huge = Share(body, "huge"),
            HugeBytes = Number(body, "hugeBytes") ?? defaults.HugeBytes,
            Fragment = Share(body, "fragment"),
            FragmentBytes = Number(body, "fragmentBytes") ?? defaults.FragmentBytes,
        };
    }

    private static ReadFaults Reads(JsonObject body) => new()
    {
        Seed = Number(body, "seed") ?? 0,
        Fail = Share(body, "fail"),
        Errors = Texts(body, "errors") is { } kinds ? [.. kinds.Select(static kind => Known(KnownReadFaults, kind))] : new ReadFaults().Errors,
        Truncate = Share(body, "truncate"),
        Slow = Share(body, "slow"),
        SlowBy = UpTo(body, "slowBy", 5),
    };

    private static EmulatorJoinFault Join(JsonObject body)
    {
        AtMostOne(body, "kind", "reason");
        var fault = Text(body, "reason") is { } reason ? EmulatorJoinFault.Of(reason) : Known(JoinFaults, Text(body, "kind") ?? "database-unavailable");
        return Number(body, "thenClose") is { } code ? fault.ThenClose(code) : fault;
    }

    /// <summary>For the client whose number the body has as <c>connection</c>, or for all of them.</summary>
    private static void ForOneOrAll(RealtimeEmulator emulator, JsonObject body, Action<EmulatorConnection> forOne, Action forAll)
    {
        if (Number(body, "connection") is not { } id)
        {
            forAll();
            return;
        }

        forOne(emulator.Connections.FirstOrDefault(c => c.Id == id)
            ?? throw new ArgumentException($"There is no open connection {id}; the command connections tells which there are."));
    }

    private static void FailSubscriptions(EmulatorFaults faults, JsonObject body)
    {
        AtMostOne(body, "kind", "text");
        AtMostOne(body, "kind", "retried");
        var fault = Text(body, "text") is { } text
            ? EmulatorSubscriptionFault.Of(text, Flag(body, "retried") ?? false)
            : Known(SubscriptionFaults, Text(body, "kind") ?? "transient");
        if (Text(body, "table") is { } table)
        {
            faults.FailSubscriptions(Count(body), table, fault);
        }
        else
        {
            faults.FailSubscriptions(Count(body), fault);
        }
    }

    private static void FailReads(EmulatorFaults faults, JsonObject body)
    {
        AtMostOne(body, "kind", "status", "truncatedAfter", "stalledAfter", "slowBy");
        var fault = Read(body);
        if (Seconds(body, "retryAfter") is { } retryAfter)
        {
            fault = fault.WithRetryAfter(retryAfter);
        }

        if (Text(body, "table") is { } table)
        {
            faults.FailReads(Count(body), table, fault);
        }
        else
        {
            faults.FailReads(Count(body), fault);
        }
    }

    /// <summary>What the body's members say, all of them: one that is ignored would have been meant to say something.</summary>
    private static EmulatorReadFault Read(JsonObject body)
    {
        string[] said = [.. body.Select(static m => m.Key).Except(["count", "table", "retryAfter"])];
        return Array.Find(ReadForms, f => f.Fits(said))?.Make(body) ?? throw new ArgumentException(
            $"The members '{string.Join("', '", said)}' are not of one fault. Those of a read have: {string.Join("; ", ReadForms.Skip(1))}.");
    }

    private static TFault Known<TFault>(Dictionary<string, TFault> faults, string kind) =>
        faults.TryGetValue(kind, out var fault) ? fault : throw new ArgumentException($"There is no kind '{kind}'. The kinds are: {string.Join(", ", faults.Keys)}.");

    /// <summary>A way in which a read may fail.</summary>
    /// <param name="Needs">The members that say so.</param>
    /// <param name="Takes">What may stand beside them.</param>
    /// <param name="Make">Makes it of a body that has them.</param>
    private sealed record ReadForm(string[] Needs, string[] Takes, Func<JsonObject, EmulatorReadFault> Make)
    {
        public bool Fits(string[] said) => Needs.All(said.Contains) && said.All(m => Needs.Contains(m) || Takes.Contains(m));

        public override string ToString() => string.Join(", ", [.. Needs, .. Takes.Select(static t => $"[{t}]")]);
    }
}
