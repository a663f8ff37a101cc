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

    private readonly Judged[] _conditions;
    private TableColumns? _typesOf;

    private RowGuard(ImmutableArray<FilterCondition> conditions) => _conditions = [.. conditions.Select(static c => new Judged { Condition = c })];

    /// <summary>Judges by these conditions; one instance per place that judges.</summary>
    public static RowGuard Of(ImmutableArray<FilterCondition> conditions) => conditions.IsEmpty ? None : new(conditions);

    /// <summary>Yes, no, or cannot tell: a column is absent, or only the server can compare its type.</summary>
    public FilterVerdict Judge(ReadOnlySpan<byte> record, RecordIndex index, TableColumns columns)
    {
        if (_conditions.Length == 0)
        {
            return FilterVerdict.Yes;
        }

        if (!ReferenceEquals(columns, _typesOf))
        {
            foreach (ref var judged in _conditions.AsSpan())
            {
                judged.Type = columns.TypeOf(judged.Condition.ColumnUtf8);
            }

            _typesOf = columns;
        }

        var verdict = FilterVerdict.Yes;
        foreach (ref var judged in _conditions.AsSpan())
        {
            index.TryFind(record, judged.Condition.ColumnUtf8, ref judged.Hint, out var value);
            verdict = verdict.And(judged.Condition.Evaluate(value, judged.Type));
        }

        return verdict;
    }

    /// <summary>A condition, and what is known of its column. Together, for a thousand filters of a table are a thousand places in memory.</summary>
    private struct Judged
    {
        public required FilterCondition Condition;

        /// <summary>Where the column stood last.</summary>
        public int Hint;

        /// <summary>As the change names it.</summary>
        public byte[] Type;
    }
}
