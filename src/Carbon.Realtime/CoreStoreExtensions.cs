using Carbon.Realtime.CoreStores;

namespace Carbon.Realtime;

/// <summary>Carbon's core stores of a manager or a tenant's scope, without a host.</summary>
public static class CoreStoreExtensions
{
    /// <summary>The lists of Carbon's ERP. Nothing starts before they are used; asking again gives the same stores while somebody holds them.</summary>
    /// <param name="source">A manager, for the current company; or a scope, for its own.</param>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    public static ICoreStores CoreStores(this IChangeSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new CoreStoreSet(
            source.Store(CarbonTables.Items, CarbonStoreOptions.Items),
            source.Store(CarbonTables.Customers, CarbonStoreOptions.Customers),
            source.Store(CarbonTables.Suppliers, CarbonStoreOptions.Suppliers),
            source.Store(CarbonTables.People, CarbonStoreOptions.People));
    }

    /// <summary>The lists of Carbon's shop-floor program.</summary>
    /// <inheritdoc cref="CoreStores(IChangeSource)"/>
    public static IMesStores MesStores(this IChangeSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new MesStoreSet(
            source.Store(CarbonTables.MesItems, CarbonStoreOptions.MesItems), source.Store(CarbonTables.People, CarbonStoreOptions.People));
    }
}
