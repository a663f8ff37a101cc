namespace Carbon.Realtime.Changes;

/// <summary>A user's handle on a feed.</summary>
internal sealed class ChangeStream<TKey, TRow>(ChangeFeeds feeds, ChangeFeed<TKey, TRow> feed, RealtimeTable<TKey, TRow> table) : IChangeStream<TKey, TRow>
    where TKey : notnull
{
    public RealtimeTable<TKey, TRow> Table => table;

    public RealtimeStatus Status => feed.Status.Current;

    public IObservable<RealtimeStatus> StatusChanges => feed.Status;

    public IDisposable Subscribe(IObserver<TableChange<TKey, TRow>> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        lock (feeds.Gate)
        {
            return feed.Subscribe(observer);
        }
    }

    public Task WhenLiveAsync() => WhenLiveAsync(CancellationToken.None);

    public Task WhenLiveAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        lock (feeds.Gate)
        {
            return feed.WhenLiveAsync(cancellationToken);
        }
    }

    public IAsyncEnumerable<TableChange<TKey, TRow>> ReadAllAsync() => ReadAllAsync(CancellationToken.None);

    public async IAsyncEnumerable<TableChange<TKey, TRow>> ReadAllAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Primitives.PullDelivery<TableChange<TKey, TRow>> delivery;
        lock (feeds.Gate)
        {
            delivery = feed.Read();
        }

        await foreach (var change in delivery.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return change;
        }
    }
}
