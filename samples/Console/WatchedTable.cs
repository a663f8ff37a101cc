namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>One table on the screen, whatever its types.</summary>
internal interface IWatchedTable
{
    string Name { get; }

    RealtimeStatus Status { get; }

    IObservable<RealtimeStatus> StatusChanges { get; }

    Task WhenLiveAsync(CancellationToken cancellationToken);

    /// <summary>Starts the stream and prints what it brings.</summary>
    IDisposable Print(Printer printer);
}

/// <summary>A table's stream, with words for its rows.</summary>
/// <param name="stream">The table's changes.</param>
/// <param name="describe">A row in a few words.</param>
internal sealed class WatchedTable<TKey, TRow>(IChangeStream<TKey, TRow> stream, Func<TRow, string> describe) : IWatchedTable
    where TKey : notnull
{
    public string Name => stream.Table.Name;

    public RealtimeStatus Status => stream.Status;

    public IObservable<RealtimeStatus> StatusChanges => stream.StatusChanges;

    public Task WhenLiveAsync(CancellationToken cancellationToken) => stream.WhenLiveAsync(cancellationToken);

    public IDisposable Print(Printer printer) => stream.Subscribe(change =>
    {
        switch (change)
        {
            case Inserted<TKey, TRow> inserted:
                printer.Inserted(Name, Text(inserted.Key), describe(inserted.Row));
                break;
            case Updated<TKey, TRow> updated:
                printer.Updated(Name, Text(updated.Key), describe(updated.Row));
                break;
            case Deleted<TKey, TRow> deleted:
                // The key is always there. The old row is not: row level security hides it.
                printer.Deleted(Name, Text(deleted.Key));
                break;
            case Gap<TKey, TRow> gap:
                printer.Gap(Name, gap.Reason, gap.HasKey ? Text(gap.Key!) : null);
                break;
        }
    });

    private static string Text(TKey key) => key.ToString() ?? "";
}
