namespace Carbon.Realtime.CoreStores;

/// <summary>Carbon's core tables, each scoped to a company by <c>companyId</c>. Narrow them by <c>Where</c>, as any table.</summary>
/// <remarks>
/// For more columns, define the table anew with a row type of your own: <c>RealtimeTable.Define("item", MyJson.Default.MyItem, "id", i => i.Id)
/// .TenantScoped("companyId")</c>.
/// </remarks>
public static class CarbonTables
{
    private const string Company = "companyId";

    /// <summary>What a read of <see cref="MesItems"/> selects: the upload is embedded, which a row type's columns alone cannot say.</summary>
    internal const string MesItemSelect =
        "companyId,id,readableIdWithRevision,name,type,replenishmentSystem,itemTrackingType,active,thumbnailPath,modelUpload(thumbnailPath)";

    /// <summary>The table <c>item</c>.</summary>
    public static RealtimeTable<string, Item> Items { get; } =
        RealtimeTable.Define("item", CarbonJson.Default.Item, "id", static item => item.Id).TenantScoped(Company);

    /// <summary>The table <c>customer</c>.</summary>
    public static RealtimeTable<string, Customer> Customers { get; } =
        RealtimeTable.Define("customer", CarbonJson.Default.Customer, "id", static customer => customer.Id).TenantScoped(Company);

    /// <summary>The table <c>supplier</c>.</summary>
    public static RealtimeTable<string, Supplier> Suppliers { get; } =
        RealtimeTable.Define("supplier", CarbonJson.Default.Supplier, "id", static supplier => supplier.Id).TenantScoped(Company);

    /// <summary>The view <c>employees</c>, to be read: it has no changes, those are of the table <c>employee</c>.</summary>
    /// <remarks>By the user's id alone, though <c>employee</c>'s key is <c>(id, companyId)</c>: within the company that scopes it they are one.</remarks>
    public static RealtimeTable<string, Person> People { get; } =
        RealtimeTable.Define("employees", CarbonJson.Default.Person, "id", static person => person.Id).TenantScoped(Company);

    /// <summary>The table <c>item</c> with the pictures that the shop floor shows.</summary>
    /// <remarks>A change brings no <see cref="MesItem.ModelUpload"/>: a plain stream of these gets a <c>Gap(Partial)</c> with the key for each, and a store reads the row.</remarks>
    public static RealtimeTable<string, MesItem> MesItems { get; } =
        RealtimeTable.Define("item", CarbonJson.Default.MesItem, "id", static item => item.Id).TenantScoped(Company);
}
