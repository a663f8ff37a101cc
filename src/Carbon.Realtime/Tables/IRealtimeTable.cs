using Carbon.Realtime.Filters;

namespace Carbon.Realtime;

/// <summary>A table, or a filtered part of one, whatever its key and row are: a <see cref="RealtimeTable{TKey, TRow}"/>. Nothing else implements it.</summary>
public interface IRealtimeTable
{
    /// <summary>The schema.</summary>
    string Schema { get; }

    /// <summary>The table's name.</summary>
    string Name { get; }

    /// <summary>Which rows; all of them by default.</summary>
    RealtimeFilter Filter { get; }

    /// <summary>The column that names a row's tenant; <see langword="null"/> when the table is not tenant-scoped.</summary>
    string? TenantColumn { get; }

    /// <summary>Whether the tenant scope was lifted.</summary>
    bool IsAllTenants { get; }

    /// <summary>What tables that were derived from one definition share.</summary>
    internal object Identity { get; }

    /// <summary>Why the client cannot judge a condition in the server's stead, as far as the row type tells.</summary>
    internal string? WhyNotJudged(FilterCondition condition);

    /// <summary>The same table, tenant-scoped.</summary>
    internal IRealtimeTable ScopedBy(string tenantColumn);
}
