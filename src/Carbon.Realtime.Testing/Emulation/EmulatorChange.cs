using System.Text;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>One row change in the write-ahead log.</summary>
/// <param name="Table">The table.</param>
/// <param name="Type"><c>INSERT</c>, <c>UPDATE</c> or <c>DELETE</c>.</param>
/// <param name="New">The new row, but for a DELETE.</param>
/// <param name="Old">The old row, but for an INSERT: whole, or what the log has of it.</param>
/// <param name="IdentityColumns">The replica identity when the change was made.</param>
/// <param name="CommitTimestamp">Equal for all changes of a transaction.</param>
internal sealed record EmulatorChange(
    EmulatorTable Table, string Type, EmulatorRow? New, EmulatorRow? Old, int[] IdentityColumns, string CommitTimestamp) : LoggedChange
{
    /// <summary>How large the values are that the log has of the change.</summary>
    public int ByteCount => (New?.Cells.Sum(Encoding.UTF8.GetByteCount) ?? 0) + (Old is null ? 0 : IdentityColumns.Sum(i => Encoding.UTF8.GetByteCount(Old.Cells[i])));
}
