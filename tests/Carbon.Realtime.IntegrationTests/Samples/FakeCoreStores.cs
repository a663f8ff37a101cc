using Carbon.Realtime.CoreStores;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.IntegrationTests.Samples;

/// <summary>Core stores whose rows and states a test sets.</summary>
internal sealed class FakeCoreStores : ICoreStores, IDisposable
{
    public FakeLiveStore<string, Item> Items { get; } = new(static i => i.Id);

    public FakeLiveStore<string, Customer> Customers { get; } = new(static c => c.Id);

    public FakeLiveStore<string, Supplier> Suppliers { get; } = new(static s => s.Id);

    public FakeLiveStore<string, Person> People { get; } = new(static p => p.Id);

    public IReadOnlyList<ILiveStore> All => [Items, Customers, Suppliers, People];

    ILiveStore<string, Item> ICoreStores.Items => Items;

    ILiveStore<string, Customer> ICoreStores.Customers => Customers;

    ILiveStore<string, Supplier> ICoreStores.Suppliers => Suppliers;

    ILiveStore<string, Person> ICoreStores.People => People;

    public IDisposable Start() => throw new NotSupportedException();

    public void Dispose()
    {
        Items.Dispose();
        Customers.Dispose();
        Suppliers.Dispose();
        People.Dispose();
    }
}
