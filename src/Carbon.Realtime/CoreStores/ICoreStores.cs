namespace Carbon.Realtime.CoreStores;

/// <summary>Carbon's core lists, each a live store of the current company. They share one channel and nothing else: what one table lacks silences no other.</summary>
public interface ICoreStores
{
    /// <summary>Of the table <c>item</c>.</summary>
    ILiveStore<string, Item> Items { get; }

    /// <summary>Of the table <c>customer</c>.</summary>
    ILiveStore<string, Customer> Customers { get; }

    /// <summary>Of the table <c>supplier</c>.</summary>
    ILiveStore<string, Supplier> Suppliers { get; }

    /// <summary>Of the view <c>employees</c>, read again by key when the table <c>employee</c> changes.</summary>
    ILiveStore<string, Person> People { get; }

    /// <summary>All of them, in the order above.</summary>
    IReadOnlyList<ILiveStore> All { get; }

    /// <summary>Runs all of them until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    IDisposable Start();
}
