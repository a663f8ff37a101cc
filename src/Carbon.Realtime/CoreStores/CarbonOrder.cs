namespace Carbon.Realtime.CoreStores;

/// <summary>In which order lists of Carbon's rows stand: one for each entity, the same after a read, a change and from the cache.</summary>
/// <remarks>
/// <para>
/// Total: equal names are told apart by id, so that a list never changes its order by itself. By characters without regard to case, then with regard to it,
/// then by id; what has no name comes last.
/// </para>
/// <para>
/// Deliberately neither the database's collation, which a client does not have, nor a culture's, which differs from device to device and is absent where a
/// program runs globalization-invariant (containers, browsers): the same rows would stand in another order here and there. The price: <c>Ä</c> comes after <c>Z</c>.
/// A screen that must sort as its reader's language does brings its own comparer.
/// </para>
/// </remarks>
public static class CarbonOrder
{
    /// <summary>By <see cref="Item.ReadableIdWithRevision"/>.</summary>
    public static IComparer<Item> Items { get; } = By<Item>(static item => item.ReadableIdWithRevision, static item => item.Id);

    /// <summary>By <see cref="MesItem.ReadableIdWithRevision"/>: as <see cref="Items"/>.</summary>
    public static IComparer<MesItem> MesItems { get; } = By<MesItem>(static item => item.ReadableIdWithRevision, static item => item.Id);

    /// <summary>By <see cref="Customer.Name"/>.</summary>
    public static IComparer<Customer> Customers { get; } = By<Customer>(static customer => customer.Name, static customer => customer.Id);

    /// <summary>By <see cref="Supplier.Name"/>.</summary>
    public static IComparer<Supplier> Suppliers { get; } = By<Supplier>(static supplier => supplier.Name, static supplier => supplier.Id);

    /// <summary>By <see cref="Person.Name"/>.</summary>
    public static IComparer<Person> People { get; } = By<Person>(static person => person.Name, static person => person.Id);

    private static Comparer<TRow> By<TRow>(Func<TRow, string?> name, Func<TRow, string> id) => Comparer<TRow>.Create((x, y) =>
    {
        var order = Compare(name(x), name(y));
        return order != 0 ? order : string.CompareOrdinal(id(x), id(y));
    });

    private static int Compare(string? x, string? y)
    {
        if (x is null || y is null)
        {
            return (x is null).CompareTo(y is null);
        }

        var order = string.Compare(x, y, StringComparison.OrdinalIgnoreCase);
        return order != 0 ? order : string.CompareOrdinal(x, y);
    }
}
