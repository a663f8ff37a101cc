namespace Carbon.Realtime.Simulation.Stories;

/// <summary>All that can happen: writes, faults (<see cref="Faults"/>), and acts of the program, its user and its machine.</summary>
internal static class Verbs
{
    /// <summary>The verb that ends a lasting fault is the fault's with this behind it.</summary>
    private const string Ends = "-ends";

    /// <summary>Nothing but the time before it; stands for a step that is left out.</summary>
    public const string Nothing = "nothing";

    /// <summary>What is written. Most are small; the rest is what breaks clients.</summary>
    public static IReadOnlyList<string> Writes { get; } =
    [
        "insert", "insert", "insert", "update", "update", "update", "update", "delete", "delete", "note", "hide", "replace", "move", "rename", "bulk", "truncate",
    ];

    /// <summary>
    /// After these the client waits for more than the heal: a read that hangs ends with its time-out of half a minute, and who was refused asks again in
    /// minutes at most, for at once would be a storm.
    /// </summary>
    public static IReadOnlySet<string> Waits { get; } = new HashSet<string>
    {
        "read-no-answer", "read-stalls", "read-denied", "read-expired", "reads-refused", "expire-tokens", "token-fails", "token-repeats", "token-slow", "subscription-refused",
        "join-too-many-channels", "join-too-many-users", "join-too-many-joins",
    };

    private static Dictionary<string, Action<SimulatedWorld, int>> ActTable { get; } = new()
    {
        ["tenant"] = static (w, a) => w.Client.SwitchTenant(a % 7 == 0 ? null : SimulatedDatabase.Companies[a % 2]),
        ["sign-in"] = static (w, a) =>
        {
            w.Silences.Begin("sign-in", w.Elapsed); // who may see what is judged when the server polls: what the one may not see the other has not seen
            w.SignIn(SimulatedDatabase.Users[a % 2]);
        },
        ["refresh"] = static (w, _) => w.Client.Refresh(),
        ["verify"] = static (w, a) => w.Client.Verify(a),
        ["verify-row"] = static (w, a) => w.Client.VerifyRow(a),
        ["retry"] = static (w, _) => w.Client.Manager.RetryNow(),
        ["stop-store"] = static (w, a) => w.Client.StopStore(a),
        ["start-store"] = static (w, a) => w.Client.StartStore(a),
        ["observer-throws"] = static (w, a) => w.Client.ThrowInObserver(a),
        ["observer-leaves"] = static (w, a) => w.Client.LeaveInObserver(a),
        ["subscribe-anew"] = static (w, a) => w.Client.SubscribeAnew(a),
    };

    /// <summary>What process and machine do. It moves the clock, and so it is no work of the world's scheduler.</summary>
    private static Dictionary<string, Action<SimulatedWorld, int>> MachineTable { get; } = new()
    {
        ["restart"] = static (w, _) => w.RestartClient(),
        ["crash"] = static (w, _) => w.CrashClient(),
        ["suspend"] = static (w, a) => w.Suspend(TimeSpan.FromMilliseconds((a % 7) switch { < 4 => a, 4 => a * 100, 5 => a * 5000, _ => a * 2_592_000.0 })), // up to 30 days
        ["wait"] = static (w, a) => w.Advance(TimeSpan.FromMilliseconds(a * 120)), // up to two minutes in which nothing else is done: faults last, heartbeats are due, what was refused is tried again
        ["set-clock"] = static (w, a) => w.StepClock(TimeSpan.FromSeconds((a - 500) * 7)),
    };

    /// <summary>What program and user do.</summary>
    public static IReadOnlyList<string> Acts { get; } = [.. ActTable.Keys, .. MachineTable.Keys];

    /// <summary>The verb that ends a fault; <see langword="null"/> for one that is over at once, or used up.</summary>
    public static string? EndOf(string fault) => Faults.All[fault].End is null ? null : fault + Ends;

    public static void Do(SimulatedWorld world, in Step step)
    {
        var (verb, argument) = (step.Verb, step.Argument);
        if (MachineTable.GetValueOrDefault(verb) is { } machine)
        {
            machine(world, argument);
        }
        else if (Faults.All.TryGetValue(verb, out var fault))
        {
            world.Act(() => fault.BeginIn(world, verb, argument));
        }
        else if (verb.EndsWith(Ends, StringComparison.Ordinal) && Faults.All.TryGetValue(verb[..^Ends.Length], out var ended))
        {
            world.Act(() => ended.EndIn(world, verb[..^Ends.Length]));
        }
        else if (ActTable.GetValueOrDefault(verb) is { } act)
        {
            world.Act(() => act(world, argument));
        }
        else if (Writes.Contains(verb))
        {
            world.Act(() => world.Database.Write(verb, argument));
        }
        else if (verb != Nothing)
        {
            throw new FormatException($"There is no verb '{verb}'.");
        }
    }
}
