using System.Text;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>Whether a raw record has every column that its change lists: no row type says which ones a row must have. Reader's loop only.</summary>
/// <remarks>
/// An unchanged large value is listed and not sent (docs/protocol.md, "Who gets a change"): the record is not the row. Where columns stood is
/// remembered, so that a row costs one comparison for each.
/// </remarks>
internal sealed class ListedColumns
{
    private int[] _hints = [];
    private TableColumns? _hintsOf;

    /// <summary>The first column that is listed and not there; <see langword="null"/> if there is none.</summary>
    public string? FindAbsent(ReadOnlySpan<byte> record, RecordIndex index, TableColumns columns)
    {
        if (!ReferenceEquals(columns, _hintsOf))
        {
            _hints = new int[columns.Count];
            _hintsOf = columns;
        }

        for (var i = 0; i < _hints.Length; i++)
        {
            if (!index.TryFind(record, columns.Names[i], ref _hints[i], out _))
            {
                return Encoding.UTF8.GetString(columns.Names[i]);
            }
        }

        return null;
    }
}
