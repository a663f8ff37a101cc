namespace Carbon.Realtime.CoreStores;

/// <summary>The lists of Carbon's shop-floor program, each a live store of the current company, on one channel.</summary>
public interface IMesStores
{
    /// <summary>Of the table <c>item</c>, with the pictures of its models. A changed item is read by its key, for a change does not bring the model.</summary>
    ILiveStore<string, MesItem> Items { get; }

    /// <summary>As <see cref="ICoreStores.People"/>.</summary>
    ILiveStore<string, Person> People { get; }

    /// <summary>All of them, in the order above.</summary>
    IReadOnlyList<ILiveStore> All { get; }

    /// <summary>Runs all of them until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    IDisposable Start();
}
