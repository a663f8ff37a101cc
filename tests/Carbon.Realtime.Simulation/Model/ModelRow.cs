namespace Carbon.Realtime.Simulation.Model;

/// <summary>A row of the table: rules in a small world, and what must come of them.</summary>
/// <param name="Name">Its name in live-store §4, or one of ours.</param>
/// <param name="Words">What it is about.</param>
/// <param name="Scenario">The world and the rules.</param>
/// <param name="Steps">How many steps lead to the nearest fault; <see langword="null"/> where there must be none.</param>
/// <param name="States">How many states there are where there is no fault: another number is another model.</param>
/// <param name="Transitions">How many steps between them.</param>
internal sealed record ModelRow(string Name, string Words, Scenario Scenario, int? Steps, int States = 0, long Transitions = 0);
