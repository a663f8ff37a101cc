using Carbon.Realtime.Channels;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>What makes two subscriptions the same.</summary>
/// <param name="Definition">The table's definition, by identity.</param>
/// <param name="Schema">Its schema.</param>
/// <param name="Table">Its name.</param>
/// <param name="Filter">Its filter.</param>
/// <param name="TenantColumn">The column that names a row's tenant, where there is one.</param>
/// <param name="Tenant">The tenant its rows must belong to; <see langword="null"/> where it is not scoped.</param>
/// <param name="Scope">The tenant scope it was taken from; <see langword="null"/> for the manager itself, whose tenant can change.</param>
/// <param name="User">Whose token.</param>
/// <param name="Options">How.</param>
internal sealed record FeedKey(
    object Definition, string Schema, string Table, RealtimeFilter Filter, string? TenantColumn, string? Tenant, object? Scope, ChannelUser User, ChangeStreamOptions Options);

/// <summary>All feeds. A feed lives while somebody holds a stream of it or is subscribed; equal streams share one.</summary>
internal sealed class ChangeFeeds(
    ChannelRegistry registry, Deadlines deadlines, Lock gate, RealtimeEnvironment environment, int queueCapacity, TimeSpan linger, bool singleFilterCondition, ILogger logger)
{
    /// <summary>How the front door is called in exceptions.</summary>
    public const string ManagerName = "RealtimeChannelManager";

    private static readonly TimeSpan EndingPause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<FeedKey, WeakReference<ChangeFeed>> _feeds = [];
    private readonly System.Collections.Concurrent.ConcurrentDictionary<ChangeFeed, bool> _followed = new();
    private readonly HashSet<Action> _endings = [];
    private readonly ArrayColumns _arrays = new();
    private readonly Dictionary<(string Schema, string Name), FeedTable> _tables = [];
    private int _pruneAt = 64;

    public ChannelRegistry Registry => registry;

    public Deadlines Deadlines => deadlines;

    public Lock Gate => gate;

    public RealtimeEnvironment Environment => environment;

    public int QueueCapacity => queueCapacity;

    public TimeSpan Linger => linger;

    /// <summary>Whether bindings carry one condition at most.</summary>
    public bool SingleFilterCondition => singleFilterCondition;

    public ILogger Logger => logger;

    public bool IsClosed { get; private set; }

    /// <summary>What all feeds of a table share. Under the gate.</summary>
    public FeedTable TableOf(IRealtimeTable table)
    {
        ref var known = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_tables, (table.Schema, table.Name), out _);
        return known ??= new FeedTable(table, registry.Instruments, logger);
    }

    /// <summary>The feed of a key. Takes the gate.</summary>
    /// <param name="keyOf">Says what is wanted, under the gate; may throw.</param>
    /// <param name="table">The table.</param>
    public ChangeFeed<TKey, TRow> Get<TKey, TRow>(Func<FeedKey> keyOf, RealtimeTable<TKey, TRow> table)
        where TKey : notnull => Get(keyOf, key => new ChangeFeed<TKey, TRow>(this, key, table));

    /// <summary>The feed of a key that makes no rows. Takes the gate.</summary>
    /// <inheritdoc cref="Get{TKey, TRow}(Func{FeedKey}, RealtimeTable{TKey, TRow})"/>
    public WatchFeed Watch(Func<FeedKey> keyOf, IRealtimeTable table) => Get(
        () =>
        {
            var key = keyOf();
            return key with { Definition = new Watched(key.Definition) };
        },
        key => new WatchFeed(this, key, table));

    /// <summary>A feed for one that holds rows, shared with nobody; bindings are. Takes the gate.</summary>
    /// <param name="keyOf">Says what is wanted, under the gate; may throw.</param>
    /// <param name="table">The table.</param>
    /// <param name="sendsFilter">Whether the server judges the table's filter.</param>
    public RowFeed<TKey, TRow> Rows<TKey, TRow>(Func<FeedKey> keyOf, RealtimeTable<TKey, TRow> table, bool sendsFilter)
        where TKey : notnull => Get(() => keyOf() with { Definition = new object() }, key => new RowFeed<TKey, TRow>(this, key, table, sendsFilter));

    /// <summary>Ends some feeds: of a tenant that is no longer current, of a scope that was disposed. Takes the gate.</summary>
    public void End(Func<FeedKey, bool> which, Exception? error)
    {
        lock (gate)
        {
            foreach (var key in _feeds.Keys.Where(which).ToList())
            {
                End(key, error);
            }
        }
    }

    /// <summary>A change showed the types of its table's columns: feeds that send a filter on an array end, whoever saw it. Under the gate.</summary>
    public void Learn(string schema, string table, TableColumns columns)
    {
        if (!_arrays.Learn(schema, table, columns))
        {
            return;
        }

        foreach (var (key, known) in _feeds.Where(f => f.Key.Schema == schema && f.Key.Table == table).ToList())
        {
            if (known.TryGetTarget(out var feed) && _arrays.Refusal(schema, table, feed.Sent) is { } refusal)
            {
                End(key, refusal);
            }
        }
    }

    /// <summary>A feed whose status somebody follows lives, although nobody may hold its stream any more.</summary>
    public void Follow(ChangeFeed feed, bool isFollowed)
    {
        if (isFollowed)
        {
            _followed[feed] = true;
        }
        else
        {
            _followed.TryRemove(feed, out _);
        }
    }

    /// <summary>Where the feeds that somebody uses stand. Takes the gate; keeps no feed alive.</summary>
    public IReadOnlyList<(string Table, RealtimeStatus Status)> Report()
    {
        lock (gate)
        {
            var report = new List<(string, RealtimeStatus)>();
            foreach (var (key, known) in _feeds)
            {
                if (known.TryGetTarget(out var feed) && feed.Status.Current is { State: not RealtimeState.Idle } status)
                {
                    report.Add(($"{key.Schema}.{key.Table}", status));
                }
            }

            return report;
        }
    }

    /// <summary>Completes every feed; no new one can be had. Takes the gate.</summary>
    public void Close()
    {
        lock (gate)
        {
            IsClosed = true;
            foreach (var key in _feeds.Keys.ToList())
            {
                End(key, null);
            }

            foreach (var ending in _endings)
            {
                ending();
            }

            _endings.Clear();
        }
    }

    /// <summary>Tells the end to who subscribed to a stream that had ended. Under the gate.</summary>
    /// <remarks>Not at once: whoever subscribes to the same stream again inside its own OnError, as <c>Retry()</c> does, would go round without a pause.</remarks>
    public void EndLater(Action ending)
    {
        if (IsClosed)
        {
            ending();
            return;
        }

        _endings.Add(ending);
        deadlines.Schedule(EndingPause, () =>
        {
            if (_endings.Remove(ending))
            {
                ending();
            }
        });
    }

    private TFeed Get<TFeed>(Func<FeedKey> keyOf, Func<FeedKey, TFeed> create)
        where TFeed : ChangeFeed
    {
        lock (gate)
        {
            var key = keyOf();
            if (_feeds.TryGetValue(key, out var known) && known.TryGetTarget(out var feed))
            {
                return (TFeed)feed;
            }

            var created = create(key);
            if (_arrays.Refusal(key.Schema, key.Table, created.Sent) is { } refusal)
            {
                throw refusal;
            }

            _feeds[key] = new WeakReference<ChangeFeed>(created);
            if (IsClosed)
            {
                // A store was on its way here as all ended: nobody would end what it attached to, and it would connect anew.
                End(key, null);
            }

            Prune();
            return created;
        }
    }

    private void End(FeedKey key, Exception? error)
    {
        if (_feeds.Remove(key, out var known) && known.TryGetTarget(out var feed))
        {
            feed.End(error);
        }
    }

    /// <summary>Keeps a table's watch apart from its streams, which are other feeds of the same binding.</summary>
    private sealed record Watched(object Definition);

    /// <summary>Feeds nobody holds any more leave an empty place each; they are swept as the number of places doubles.</summary>
    private void Prune()
    {
        if (_feeds.Count < _pruneAt)
        {
            return;
        }

        foreach (var (key, reference) in _feeds.ToList())
        {
            if (!reference.TryGetTarget(out _))
            {
                _feeds.Remove(key);
            }
        }

        _pruneAt = Math.Max(64, _feeds.Count * 2);
    }
}
