using System.Collections.Immutable;
using Carbon.Realtime.Filters;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>Judges every record before a row exists, whatever the server filtered: is it ours? One instance per place that judges.</summary>
/// <remarks>
/// The server can send rows of others: its filter and its row level security look at the row of the moment it polls, not at the change's
/// (docs/protocol.md, "Who gets a change"). Reader's loop only: it remembers where columns stood.
/// </remarks>
internal sealed class RowGuard
{
    /// <summary>Of no conditions: it has nothing to remember, and serves everybody.</summary>
    private static readonly RowGuard None = new([]);

    private readonly ImmutableArray<FilterCondition> _conditions;
    private readonly int[] _hints;
    private readonly byte[][] _types;
    private TableColumns? _typesOf;

    private RowGuard(ImmutableArray<FilterCondition> conditions)
    {
        _conditions = conditions;
        _hints = new int[conditions.Length];
        _types = new byte[conditions.Length][];
    }

    /// <summary>Judges by these conditions; one instance per place that judges.</summary>
    public static RowGuard Of(ImmutableArray<FilterCondition> conditions) => conditions.IsEmpty ? None : new(conditions);

    /// <summary>Yes, no, or cannot tell: a column is absent, or only the server can compare its type.</summary>
    public FilterVerdict Judge(ReadOnlySpan<byte> record, RecordIndex index, TableColumns columns)
    {
        if (_conditions.IsEmpty)
        {
            return FilterVerdict.Yes;
        }

        if (!ReferenceEquals(columns, _typesOf))
        {
            for (var i = 0; i < _conditions.Length; i++)
            {
                _types[i] = columns.TypeOf(_conditions[i].ColumnUtf8);
            }

            _typesOf = columns;
        }

        var verdict = FilterVerdict.Yes;
        for (var i = 0; i < _conditions.Length; i++)
        {
            index.TryFind(record, _conditions[i].ColumnUtf8, ref _hints[i], out var value);
            verdict = verdict.And(_conditions[i].Evaluate(value, _types[i]));
        }

        return verdict;
    }
}
