using System.Reactive.Disposables;

namespace Carbon.Realtime.CoreStores;

/// <summary>The stores of the shop floor's program.</summary>
internal sealed class MesStoreSet(ILiveStore<string, MesItem> items, ILiveStore<string, Person> people) : IMesStores
{
    public ILiveStore<string, MesItem> Items => items;

    public ILiveStore<string, Person> People => people;

    public IReadOnlyList<ILiveStore> All { get; } = [items, people];

    public IDisposable Start() => new CompositeDisposable(All.Select(static store => store.Start()));
}
