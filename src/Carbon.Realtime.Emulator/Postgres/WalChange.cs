using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>A table as the log describes it, at the time of its changes.</summary>
/// <param name="Oid">Which table.</param>
/// <param name="Columns">In the order of the values. Generated columns are not in the log.</param>
/// <param name="Identity">Which of them an old row carries.</param>
/// <param name="IsFull">Whether an old row carries everything.</param>
internal sealed record WalRelation(uint Oid, string[] Columns, bool[] Identity, bool IsFull);

/// <summary>A value of the log in PostgreSQL's text form; none for null.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsUnchanged">A long value that the UPDATE left alone: the log has it not.</param>
internal readonly record struct WalValue(string? Text, bool IsUnchanged);

/// <summary>A row change of the log, as texts.</summary>
/// <param name="Relation">The table.</param>
/// <param name="Type"><c>INSERT</c>, <c>UPDATE</c> or <c>DELETE</c>.</param>
/// <param name="New">The new row, but for a DELETE.</param>
/// <param name="Old">The old row, where the log has one: of an UPDATE only if the identity changed or is all.</param>
/// <param name="CommitTimestamp">Equal for all changes of a transaction.</param>
internal sealed record WalChange(WalRelation Relation, string Type, WalValue[]? New, WalValue[]? Old, string CommitTimestamp) : LoggedChange;
