using System.Reactive.Disposables;

namespace Carbon.Realtime.CoreStores;

/// <summary>The stores of the ERP.</summary>
internal sealed class CoreStoreSet(
    ILiveStore<string, Item> items, ILiveStore<string, Customer> customers, ILiveStore<string, Supplier> suppliers, ILiveStore<string, Person> people)
    : ICoreStores
{
    public ILiveStore<string, Item> Items => items;

    public ILiveStore<string, Customer> Customers => customers;

    public ILiveStore<string, Supplier> Suppliers => suppliers;

    public ILiveStore<string, Person> People => people;

    public IReadOnlyList<ILiveStore> All { get; } = [items, customers, suppliers, people];

    public IDisposable Start() => new CompositeDisposable(All.Select(static store => store.Start()));
}
