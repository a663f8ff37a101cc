namespace Carbon.Realtime.CoreStores;

/// <summary>How the core stores read and listen. One object each, for equal options make equal stores.</summary>
internal static class CarbonStoreOptions
{
    /// <summary>All of them join as one channel, as a program shows none without the others.</summary>
    private const string Group = "core";

    public static StoreOptions<Item> Items { get; } = new() { Group = Group, Order = CarbonOrder.Items.Compare };

    public static StoreOptions<MesItem> MesItems { get; } =
        new() { Group = Group, Select = CarbonTables.MesItemSelect, Order = CarbonOrder.MesItems.Compare };

    public static StoreOptions<Customer> Customers { get; } = new() { Group = Group, Order = CarbonOrder.Customers.Compare };

    public static StoreOptions<Supplier> Suppliers { get; } = new() { Group = Group, Order = CarbonOrder.Suppliers.Compare };

    /// <summary>A view is in no publication: the table behind it tells who is to be read.</summary>
    public static StoreOptions<Person> People { get; } = new() { Group = Group, SignalTable = "employee", Order = CarbonOrder.People.Compare };
}
