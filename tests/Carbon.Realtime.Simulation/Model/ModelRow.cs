namespace Carbon.Realtime.Simulation.Model;

/// <summary>A row of the table: rules in a small world, and what must come of them.</summary>
/// <param name="Name">Its letter tells what it is about (docs/convergence.md, "The traps").</param>
/// <param name="Words">The same in words.</param>
/// <param name="Scenario">The world and the rules.</param>
/// <param name="Steps">How many steps lead to the nearest fault; <see langword="null"/> where there must be none.</param>
/// <param name="States">How many states there are where there is no fault: another number is another model.</param>
/// <param name="Transitions">How many steps between them.</param>
/// <param name="Fault">What is wrong at the end of the nearest way: a row that goes wrong in another way shows another fault than its own.</param>
internal sealed record ModelRow(
    string Name, string Words, Scenario Scenario, int? Steps, int States = 0, long Transitions = 0, string? Fault = null)
{
    /// <summary>What must come of it, as docs/reliability.md tells it.</summary>
    public string Outcome => Tell(Steps, Fault, States, Transitions);

    /// <summary>What came of it, in the same words: equal where all is as the table says.</summary>
    public static string OutcomeOf(Exploration found) =>
        Tell(found.Diverges ? found.Trace.Count : null, found.Fault, found.States, found.Transitions);

    private static string Tell(int? steps, string? fault, int states, long transitions) => steps is null
        ? FormattableString.Invariant($"converges: {states:N0} states, {transitions:N0} transitions")
        : $"diverges after {steps} steps: {fault}";
}
