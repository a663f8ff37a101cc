using System.Collections.Immutable;
using Carbon.Realtime.Filters;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>Which of a stream's conditions the server judges, and which only the client can.</summary>
/// <remarks>
/// <para>
/// The client looks at all of them anyway, and where it cannot tell it takes the server's word: the change came. Of a condition that was not sent there
/// is no such word, and the two plans differ in what they do without it.
/// </para>
/// <para>
/// A stream has only the change, so what is not sent must be what the client decides for every value (<see cref="FilterExactness"/>). Not sent are an
/// <c>in</c> of more values than the server takes, and on servers before 2.100.0, which take one condition, all but the first.
/// </para>
/// <para>
/// Who holds rows can read. The server tells a filtered binding nothing of a row that leaves the filter (docs/protocol.md, "When a filter is
/// evaluated"), so only the tenant is sent, and where the client cannot tell the row is read by its key (<see cref="MayAsk"/>).
/// </para>
/// </remarks>
internal sealed class FilterPlan
{
    private readonly Func<FilterPlan>? _wider;

    private FilterPlan(RealtimeFilter tenant, RealtimeFilter filter, Func<ImmutableArray<FilterCondition>, IEnumerable<FilterCondition>> sent, Func<FilterPlan>? wider)
    {
        // The tenant goes first: it is what the database indexes by, and what the server's log should show.
        Tenant = tenant.Conditions;
        var both = tenant.And(filter);
        All = both.Conditions;
        ImmutableArray<FilterCondition> some = [.. sent(All)];
        Sent = some.Length == All.Length ? both : new RealtimeFilter(some);
        Local = [.. All.Where(c => !Sent.Conditions.Contains(c))];
        _wider = Sent.Conditions.Length < 2 ? null : wider;
    }

    /// <summary>The condition on the tenant, if there is one.</summary>
    public ImmutableArray<FilterCondition> Tenant { get; }

    /// <summary>Every condition.</summary>
    public ImmutableArray<FilterCondition> All { get; }

    /// <summary>What the binding carries.</summary>
    public RealtimeFilter Sent { get; }

    /// <summary>What nobody but the client judges.</summary>
    public ImmutableArray<FilterCondition> Local { get; }

    /// <summary>Whether a change that the client cannot judge only tells which row to read.</summary>
    public bool MayAsk { get; private init; }

    /// <summary>The plan of a stream.</summary>
    public static FilterPlan Create(RealtimeFilter tenant, RealtimeFilter filter, bool isSingle) => new(
        tenant, filter,
        all => all.Where(static c => !c.IsTooLongToSend).Take(isSingle ? 1 : int.MaxValue),
        isSingle ? null : () => Create(tenant, filter, isSingle: true));

    /// <summary>The plan of one that holds rows and must learn of those that leave the filter.</summary>
    public static FilterPlan OfTenant(RealtimeFilter tenant, RealtimeFilter filter) => new(tenant, filter, _ => tenant.Conditions, wider: null) { MayAsk = true };

    /// <summary>The plan for a server that took all conditions for one value, if its refusal shows that it did.</summary>
    /// <remarks>
    /// Before 2.100.0 <c>a=eq.1,b=eq.2</c> is a = "1,b=eq.2". Where that cannot be cast to the column's type the server refuses, and quotes the
    /// value; a later server quotes each condition by itself. A text column takes it, and then nothing matches, and nobody is told.
    /// </remarks>
    public FilterPlan? Wider(string refusal)
    {
        if (_wider is null)
        {
            return null;
        }

        var second = Sent.Conditions[1];
        var unsplit = $",{second.Column}={(second.Negated ? "not." : "")}{second.Operator.Name()}.";
        return refusal.Contains(unsplit, StringComparison.Ordinal) ? _wider() : null;
    }

    /// <summary>Why a condition that is not sent cannot be judged, by the types of the columns that are listed; <see langword="null"/> if all can.</summary>
    public string? WhyNotJudged(TableColumns columns)
    {
        foreach (var condition in MayAsk ? [] : Local)
        {
            var type = columns.TypeOf(condition.ColumnUtf8);
            if (type.Length > 0 && !FilterExactness.IsExact(condition, FilterColumnTypes.Classify(type)))
            {
                return $"column '{condition.Column}' is of type {ServerWords.Tell(System.Text.Encoding.UTF8.GetString(type), 64)}, whose '{condition.Operator.Name()}' the client cannot "
                    + "judge exactly as PostgreSQL would";
            }
        }

        return null;
    }
}
