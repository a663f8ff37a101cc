namespace Carbon.Realtime.Simulation.Model;

/// <summary>What came of exploring a scenario.</summary>
/// <param name="States">How many states there are; as many as were seen where it <see cref="Diverges"/>.</param>
/// <param name="Transitions">How many steps between them.</param>
/// <param name="Depth">How many steps lead to the furthest.</param>
/// <param name="Fault">What is wrong in the end; <see langword="null"/> for nothing.</param>
/// <param name="Trace">A shortest way to it, a line for each step.</param>
/// <param name="Elapsed">How long it took.</param>
internal sealed record Exploration(int States, long Transitions, int Depth, string? Fault, IReadOnlyList<string> Trace, TimeSpan Elapsed)
{
    public bool Diverges => Fault is not null;

    public override string ToString() => Diverges
        ? string.Join('\n', Trace.Select((line, i) => $"{i + 1,3}. {line}").Append($"   => {Fault}"))
        : FormattableString.Invariant($"converges: {States:N0} states, {Transitions:N0} transitions, depth {Depth}");
}
