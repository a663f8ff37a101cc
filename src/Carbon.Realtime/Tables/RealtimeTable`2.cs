using Carbon.Realtime.Filters;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime;

/// <summary>A table, or a filtered part of one: its name, key, row type, filter and tenant scope. Immutable; make it once and keep it.</summary>
/// <typeparam name="TKey">The primary key; compared by its own equality.</typeparam>
/// <typeparam name="TRow">The row.</typeparam>
public sealed class RealtimeTable<TKey, TRow> : IRealtimeTable
    where TKey : notnull
{
    internal RealtimeTable(
        TableDefinition<TKey, TRow> definition, string schema, string name, RealtimeFilter? filter = null, string? tenantColumn = null, bool allTenants = false)
    {
        Definition = definition;
        Schema = schema;
        Name = name;
        Filter = filter ?? RealtimeFilter.None;
        TenantColumn = tenantColumn;
        IsAllTenants = allTenants;
    }

    /// <summary>The schema; <c>public</c> by default.</summary>
    public string Schema { get; }

    /// <summary>The table's name.</summary>
    public string Name { get; }

    /// <summary>Which rows; all of them by default.</summary>
    public RealtimeFilter Filter { get; }

    /// <summary>The column that names a row's tenant; <see langword="null"/> when the table is not tenant-scoped.</summary>
    public string? TenantColumn { get; }

    /// <summary>Whether <see cref="AllTenants"/> lifted the tenant scope.</summary>
    public bool IsAllTenants { get; }

    internal TableDefinition<TKey, TRow> Definition { get; }

    object IRealtimeTable.Identity => Definition;

    /// <summary>The rows that match a filter in the server's syntax, such as <c>status=eq.released</c>, and all filters before.</summary>
    /// <exception cref="FormatException">The filter cannot be parsed; the message says where and why.</exception>
    /// <exception cref="ArgumentException">As for <see cref="Where(RealtimeFilter)"/>.</exception>
    public RealtimeTable<TKey, TRow> Where(string filter) => Where(RealtimeFilter.Parse(filter));

    /// <summary>The rows that match a filter, and all filters before.</summary>
    /// <remarks>
    /// An <c>in</c> of more than 100 values, which the server would refuse, is not sent: the rows it excludes are sent too and dropped by the
    /// client. That is done where the client judges exactly as PostgreSQL does: text (equality, not order), integers, numbers, booleans,
    /// uuids, dates and times. Where the row type maps no such type this method throws; where only the column's type
    /// shows it (raw rows, a text property on an enum column), the stream ends at its first change with
    /// <see cref="RealtimeErrorReason.UnsafeFilter"/>.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The filter is on a column that the row type maps to a collection: the server accepts a filter on an array column, and then its poll breaks and
    /// every client of the project loses changes (docs/protocol.md, "Thirty facts"). Or it has an <c>in</c> of more than 100 values on a property whose type
    /// the client cannot compare as PostgreSQL does.
    /// </exception>
    public RealtimeTable<TKey, TRow> Where(RealtimeFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        foreach (var condition in filter.Conditions)
        {
            if (Definition.Find(condition.Column) is { IsArray: true })
            {
                throw new ArgumentException(
                    $"Column '{condition.Column}' of table {Name} is mapped to a collection, and array columns must not be filtered on: the server would "
                    + "accept the filter and then lose changes for every client of the project. Filter on another column, or in your own code.",
                    nameof(filter));
            }

            if (condition.IsTooLongToSend && Definition.WhyNotJudged(condition) is { } reason)
            {
                throw new ArgumentException(
                    $"The server takes at most {FilterCondition.MaxSentValues} values of 'in', here are {condition.Values.Length}, and {reason}. "
                    + "Use several streams, or filter on a column that these rows share.",
                    nameof(filter));
            }
        }

        return new(Definition, Schema, Name, Filter.And(filter), TenantColumn, IsAllTenants);
    }

    /// <summary>
    /// Rows belong to the tenant named in <paramref name="column"/>: streams send the tenant as a filter and check it on every record,
    /// and throw where no tenant is known.
    /// </summary>
    public RealtimeTable<TKey, TRow> TenantScoped(string column)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(column);
        return new(Definition, Schema, Name, Filter, column, allTenants: false);
    }

    /// <summary>Lifts the tenant scope, explicitly: the rows of every tenant that the server lets the user see.</summary>
    public RealtimeTable<TKey, TRow> AllTenants() => new(Definition, Schema, Name, Filter, TenantColumn, allTenants: true);

    /// <summary>The same table in another schema.</summary>
    public RealtimeTable<TKey, TRow> InSchema(string schema) =>
        new(Definition, RealtimeTable.CheckName(schema), Name, Filter, TenantColumn, IsAllTenants);

    string? IRealtimeTable.WhyNotJudged(FilterCondition condition) => Definition.WhyNotJudged(condition);

    IRealtimeTable IRealtimeTable.ScopedBy(string tenantColumn) => TenantScoped(tenantColumn);

    /// <summary>Schema, name and filter; a filter of hundreds of values is cut short.</summary>
    public override string ToString()
    {
        const int Longest = 500; // programs may log it; the library does not
        var filter = Filter.ToString();
        return Filter.IsEmpty ? $"{Schema}.{Name}" : $"{Schema}.{Name} where {(filter.Length > Longest ? filter[..Longest] + "…" : filter)}";
    }
}
