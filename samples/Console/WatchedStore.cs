using Carbon.Realtime.CoreStores;

namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>One store on the screen, whatever its rows.</summary>
internal interface IWatchedStore
{
    string Name { get; }

    StoreStatus Status { get; }

    /// <summary>How many rows it shows.</summary>
    int Rows { get; }

    /// <summary>What became of which row last, and when; nothing before the first change.</summary>
    (DateTimeOffset At, string What)? LastChange { get; }

    Task WhenLiveAsync(CancellationToken cancellationToken);

    /// <summary>Runs the store until the result is disposed.</summary>
    /// <param name="printer">Is told of each change; <see langword="null"/> where a table shows the last one.</param>
    IDisposable Follow(Printer? printer);
}

/// <summary>The four of Carbon's ERP.</summary>
internal static class WatchedStores
{
    public static IReadOnlyList<IWatchedStore> Of(ICoreStores core) =>
    [
        new WatchedStore<CoreStores.Item>("items", core.Items, static i => $"{i.ReadableIdWithRevision}  {i.Name}  {(i.Active ? "active" : "inactive")}"),
        new WatchedStore<CoreStores.Customer>("customers", core.Customers, static c => $"{c.ReadableId}  {c.Name}  {c.Website}"),
        new WatchedStore<Supplier>("suppliers", core.Suppliers, static s => $"{s.ReadableId}  {s.Name}  {s.SupplierStatus}"),
        new WatchedStore<Person>("people", core.People, static p => $"{p.Name}  {p.Email}  {(p.Active == true ? "active" : "inactive")}"),
    ];
}

/// <summary>A store, with words for its rows.</summary>
/// <param name="name">What it is called on the screen.</param>
/// <param name="store">The store.</param>
/// <param name="describe">A row in a few words.</param>
internal sealed class WatchedStore<TRow>(string name, ILiveStore<string, TRow> store, Func<TRow, string> describe) : IWatchedStore
{
    /// <summary>Written by the store's thread, read by the screen's.</summary>
    private volatile Tuple<DateTimeOffset, string>? _lastChange;

    public string Name => name;

    public StoreStatus Status => store.Status;

    public int Rows => store.Current.Count;

    public (DateTimeOffset At, string What)? LastChange => _lastChange is { } last ? (last.Item1, last.Item2) : null;

    public Task WhenLiveAsync(CancellationToken cancellationToken) => store.WhenLiveAsync(cancellationToken);

    public IDisposable Follow(Printer? printer)
    {
        (StoreState, StoreReason) told = (StoreState.Empty, StoreReason.NotStarted);
        return store.Changes.Subscribe(set =>
        {
            foreach (var change in set.Changes)
            {
                var row = describe((change.Kind == StoreChangeKind.Removed ? change.Previous : change.Current)!);
                _lastChange = Tuple.Create(TimeProvider.System.GetLocalNow(), $"{Mark(change.Kind)} {change.Key}  {row}");
                Print(printer, change, row);
            }

            // "As of" and errors move with every try; what is worth a line is another state or reason.
            if (told != (set.Status.State, set.Status.Reason))
            {
                told = (set.Status.State, set.Status.Reason);
                printer?.Status(name, set.Status, set.Snapshot.Count);
            }
        });
    }

    private static char Mark(StoreChangeKind kind) => kind switch
    {
        StoreChangeKind.Added => '+',
        StoreChangeKind.Updated => '~',
        _ => '-',
    };

    private void Print(Printer? printer, StoreChange<string, TRow> change, string row)
    {
        switch (change.Kind)
        {
            case StoreChangeKind.Added:
                printer?.Inserted(name, change.Key, row);
                break;
            case StoreChangeKind.Updated:
                printer?.Updated(name, change.Key, row);
                break;
            default:
                printer?.Deleted(name, change.Key);
                break;
        }
    }
}
