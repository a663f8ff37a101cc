using System.Text;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>What a table's feed has whether or not it makes rows: its binding, which changes are its own, and when it must end.</summary>
internal abstract class TableFeed : ChangeFeed
{
    /// <summary>A burst is told at this size even while more arrives: the last of a long burst must not wait for its end.</summary>
    protected const int BurstSize = 256;

    private readonly IRealtimeTable _table;
    private TableColumns? _columns;

    protected TableFeed(ChangeFeeds owner, FeedKey key, IRealtimeTable table)
        : this(owner, key, table, sendsFilter: true)
    {
    }

    protected TableFeed(ChangeFeeds owner, FeedKey key, IRealtimeTable table, bool sendsFilter)
        : base(owner, key.User)
    {
        Key = key;
        _table = table;
        Shared = owner.TableOf(table);
        Plan = sendsFilter ? FilterPlan.Create(TenantFilter(), table.Filter, owner.SingleFilterCondition) : FilterPlan.OfTenant(TenantFilter(), table.Filter);
        if (WhyNotJudged(Plan) is { } reason)
        {
            throw new ArgumentException(
                $"RealtimeOptions.SingleFilterCondition sends one condition on {table.Schema}.{table.Name} and the client judges the others, but {reason}. "
                + "Filter in your own code.",
                nameof(table));
        }
    }

    public sealed override RealtimeFilter Sent => Plan.Sent;

    /// <remarks>Not its text form, which has the filter: values are the program's secret.</remarks>
    protected sealed override string Table => Shared.Name;

    protected FeedKey Key { get; }

    /// <summary>What the table's feeds share.</summary>
    protected FeedTable Shared { get; }

    protected FilterPlan Plan { get; private set; }

    /// <summary>Whether anybody would be told of a change. Any thread.</summary>
    protected abstract bool HasObservers { get; }

    public sealed override bool OnChange(in ChangeFrame change, bool verified)
    {
        if (!HasObservers)
        {
            return false;
        }

        // The server compares names with LIKE: user_data also brings user1data's changes.
        if (!change.Table.SequenceEqual(Shared.NameUtf8) || !change.Schema.SequenceEqual(Shared.SchemaUtf8))
        {
            Owner.Registry.Drops.Count(FrameDropReason.ForeignTable);
            ChangesLog.Dropped(Owner.Logger, Table, FrameDropReason.ForeignTable);
            return false;
        }

        if (!change.Errors.IsEmpty && FaultTable.Change(Encoding.UTF8.GetString(change.Errors)).Reaction == Reaction.RetrySlowly)
        {
            TellTableFault(change.Errors);
            return false;
        }

        if ((!ReferenceEquals(change.Columns, _columns) && !TryLearn(change.Columns)) || IsRepeated(change))
        {
            return false;
        }

        // Not a delete: it comes without errors whatever the role may read, and with nothing granted.
        if (TableFault is not null && change.Errors.IsEmpty && change.Type != ChangeType.Delete && EndTableFault())
        {
            OnBurstEnd();
            TellGap(GapReason.Resubscribed);
        }

        return Take(change, verified);
    }

    public sealed override void OnUnreadable()
    {
        OnBurstEnd();
        TellGap(GapReason.Undecodable);
    }

    public sealed override void OnSuspended()
    {
        OnBurstEnd();
        TellGap(GapReason.Suspended);
    }

    /// <summary>A change of this table, without errors or with 413. On the reader's loop, outside the gate.</summary>
    /// <returns>Whether it is the first of its burst.</returns>
    protected abstract bool Take(in ChangeFrame change, bool verified);

    /// <summary>Brings a gap to every observer that had its first one. On the reader's loop, under the gate or not.</summary>
    protected abstract void TellGap(GapReason reason);

    /// <summary><see cref="Plan"/> is another one now. Under the gate.</summary>
    protected abstract void OnPlanChanged();

    /// <summary>Tells every observer the end, and keeps none. Under the gate.</summary>
    protected abstract void EndEach(Exception? error);

    protected override void TellReady(ReadyCause cause)
    {
        OnBurstEnd();
        if (cause != ReadyCause.TokenPushed)
        {
            TellGap(cause == ReadyCause.Joined ? GapReason.Rejoined : GapReason.Resubscribed);
        }

        StartObservers(otherwise: null);
    }

    protected sealed override void EndObservers(Exception? error)
    {
        if (error is not null && HasObservers)
        {
            if (error is RealtimeException { Reason: RealtimeErrorReason.UnsafeFilter })
            {
                ChangesLog.UnsafeFilter(Owner.Logger, Table, error.Message);
            }
            else
            {
                ChangesLog.Ended(Owner.Logger, Table, error.Message);
            }
        }

        EndEach(error);
    }

    protected sealed override SubscriptionRequest CreateRequest()
    {
        var filter = Plan.Sent;
        var binding = new JoinBinding("*", _table.Schema, _table.Name, filter.IsEmpty ? null : filter.ToString());
        var deletes = Key.Options.KeyOnlyDeletes && !filter.IsEmpty ? new JoinBinding("DELETE", _table.Schema, _table.Name, null) : null;
        return new SubscriptionRequest(this, binding, deletes, Key.Options.Group, Key.User);
    }

    protected sealed override bool TryWiden(string refusal)
    {
        if (Plan.Wider(refusal) is not { } wider || WhyNotJudged(wider) is not null)
        {
            return false;
        }

        Plan = wider;
        _columns = null; // what the client judges now must be of a type that it can judge
        OnPlanChanged();
        ChangesLog.Widened(Owner.Logger, Table);
        return true;
    }

    /// <summary>The change lists other columns than the last one, or the first: are the filter's of a type that can be filtered on?</summary>
    /// <returns>Whether the feed goes on.</returns>
    private bool TryLearn(TableColumns columns)
    {
        OnBurstEnd();
        lock (Owner.Gate)
        {
            _columns = columns;
            Owner.Learn(_table.Schema, _table.Name, columns);
            if (!IsEnded && columns.Count > 0 && Plan.WhyNotJudged(columns) is { } reason)
            {
                Owner.End(key => key == Key, new RealtimeException(
                    RealtimeErrorReason.UnsafeFilter,
                    $"The server is not sent all conditions on {_table.Schema}.{_table.Name}, and {reason}. Filter on another column, or in your own code.",
                    isTransient: false));
            }

            return !IsEnded;
        }
    }

    private string? WhyNotJudged(FilterPlan plan) =>
        plan.MayAsk ? null : plan.Local.Select(_table.WhyNotJudged).FirstOrDefault(static r => r is not null);

    private RealtimeFilter TenantFilter() =>
        Key.Tenant is null ? RealtimeFilter.None : RealtimeFilter.Where(_table.TenantColumn!).Equal(Key.Tenant);
}
