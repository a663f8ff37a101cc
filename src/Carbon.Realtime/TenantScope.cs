using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using Carbon.Realtime.Changes;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Stores;
using Microsoft.Extensions.Primitives;

namespace Carbon.Realtime;

/// <summary>Makes streams for one tenant and one user: the manager's ambient ones, or a scope's.</summary>
internal sealed class TenantScope(
    ChangeFeeds feeds, LiveStores stores, RestSession rest, StoreDefaults defaults, ChannelUser user, Func<string?> tenant, object? identity, string? defaultColumn, Action onDisposed)
    : ITenantScope
{
    private readonly ConcurrentDictionary<string, RealtimeTable<JsonElement, JsonElement>> _untyped = new(StringComparer.Ordinal);
    private readonly UserScope _ownRows = new(feeds.Environment, feeds.Linger, user, tenant, isTenantScoped: true);
    private readonly UserScope _allRows = new(feeds.Environment, feeds.Linger, user, tenant, isTenantScoped: false);
    private TaskCompletionSource? _closed;
    private bool _disposed;

    public string Tenant => tenant()!;

    public IChangeStream<TKey, TRow> Changes<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull => Changes(table, ChangeStreamOptions.Default);

    public IChangeStream<TKey, TRow> Changes<TKey, TRow>(RealtimeTable<TKey, TRow> table, ChangeStreamOptions options)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(options);
        CheckGroup(options.Group);

        var scoped = (RealtimeTable<TKey, TRow>)Scoped(table);
        return new ChangeStream<TKey, TRow>(feeds, feeds.Get(() => KeyOf(scoped, options), scoped), scoped);
    }

    public IChangeStream<JsonElement, JsonElement> Changes(string table) => Changes(Untyped(table));

    public IRevalidations Revalidations(params IRealtimeTable[] tables) => Revalidations(RevalidationOptions.Default, tables);

    public IRevalidations Revalidations(RevalidationOptions options, params IRealtimeTable[] tables) =>
        new Revalidations(feeds, Watch(options, tables), options);

    public IRevalidations Revalidations(params string[] tables) => Revalidations(Untyped(tables));

    public IChangeToken ChangeToken(params IRealtimeTable[] tables) => ChangeToken(RevalidationOptions.Default, tables);

    public IChangeToken ChangeToken(RevalidationOptions options, params IRealtimeTable[] tables) =>
        new TableChangeToken(feeds, Watch(options, tables), options);

    public IChangeToken ChangeToken(params string[] tables) => ChangeToken(Untyped(tables));

    public ILiveStore<TKey, TRow> Store<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull => Store(table, new StoreOptions<TRow>());

    public ILiveStore<TKey, TRow> Store<TKey, TRow>(RealtimeTable<TKey, TRow> table, StoreOptions<TRow> options)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(options);
        CheckGroup(options.Group);
        if (RealtimeOptionsValidation.Validate(options) is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        var scoped = (RealtimeTable<TKey, TRow>)Scoped(table);
        var scope = scoped is { TenantColumn: not null, IsAllTenants: false } ? _ownRows : _allRows;
        var key = new StoreKey(scoped.Definition, scoped.Schema, scoped.Name, scoped.Filter, scoped.TenantColumn, scoped.IsAllTenants, scope, options with { Name = null });
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), typeof(ITenantScope));
        return stores.Get(key, () =>
        {
            // Once more, under the stores' lock: a disposal that began in between has found all stores but this one.
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), typeof(ITenantScope));
            return new LiveStore<TKey, TRow>(StoreContextOf(scoped, options), scope);
        });
    }

    public void Dispose() => _ = CloseAsync();

    public ValueTask DisposeAsync() => new(CloseAsync());

    private Task CloseAsync()
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _closed, closed, null) is { } other)
        {
            return other.Task;
        }

        Volatile.Write(ref _disposed, true);
        var flushes = stores.Close(scope => scope == _ownRows || scope == _allRows);
        feeds.End(key => ReferenceEquals(key.Scope, identity), error: null);
        onDisposed();
        if (flushes.TrueForAll(static flushed => flushed.IsCompleted))
        {
            closed.SetResult(); // nothing is kept, and nothing waited for
            return closed.Task;
        }

        _ = feeds.Environment.Scheduler.Start(async () =>
        {
            foreach (var flushed in flushes)
            {
                await flushed;
            }

            closed.SetResult();
        });
        return closed.Task;
    }

    private RealtimeTable<JsonElement, JsonElement> Untyped(string table) => _untyped.GetOrAdd(table, static name => RealtimeTable.Untyped(name));

    private IRealtimeTable[] Untyped(string[] tables)
    {
        ArgumentNullException.ThrowIfNull(tables);
        return [.. tables.Select(Untyped)];
    }

    private ImmutableArray<WatchFeed> Watch(RevalidationOptions options, IRealtimeTable[] tables)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(tables);
        CheckGroup(options.Group);
        if (RealtimeOptionsValidation.Validate(options) is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        if (tables.Length == 0 || tables.Contains(null))
        {
            throw new ArgumentException("Name at least one table, and none that is null.", nameof(tables));
        }

        var how = new ChangeStreamOptions { Group = options.Group, KeyOnlyDeletes = options.KeyOnlyDeletes };
        return [.. tables.Select(Scoped).Select(table => feeds.Watch(() => KeyOf(table, how), table)).Distinct()];
    }

    /// <summary>A table that says nothing of tenants belongs to them all the same where the options name their column.</summary>
    private IRealtimeTable Scoped(IRealtimeTable table) =>
        table is { TenantColumn: null, IsAllTenants: false } && defaultColumn is not null ? table.ScopedBy(defaultColumn) : table;

    /// <summary>Under the gate, so that no change of tenant and no disposal can slip in between the look and the feed.</summary>
    private FeedKey KeyOf(IRealtimeTable table, ChangeStreamOptions options)
    {
        ObjectDisposedException.ThrowIf(feeds.IsClosed, typeof(RealtimeChannelManager));
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), typeof(ITenantScope));
        var scoped = table is { TenantColumn: not null, IsAllTenants: false };
        var current = !scoped ? null : tenant() ?? throw new InvalidOperationException(
            $"Table {table.Schema}.{table.Name} is tenant-scoped and no tenant is known: set RealtimeOptions.Tenant, call ITenantContext.Set after login, "
            + "or say AllTenants() if every tenant's rows are meant.");
        if (!scoped && !table.IsAllTenants && tenant() is not null)
        {
            ChangesLog.NotTenantScoped(feeds.Logger, $"{table.Schema}.{table.Name}");
        }

        return new FeedKey(table.Identity, table.Schema, table.Name, table.Filter, table.TenantColumn, current, identity, user, options);
    }

    private StoreContext<TKey, TRow> StoreContextOf<TKey, TRow>(RealtimeTable<TKey, TRow> table, StoreOptions<TRow> options)
        where TKey : notnull
    {
        // A change of the signal's table names a row, whatever else it holds; that table need not have the columns that are filtered on.
        var isSignalOnly = options.SignalOnly || options.SignalTable is not null;
        var listened = !isSignalOnly ? table : new RealtimeTable<TKey, TRow>(
            table.Definition.KeysOnly(), table.Schema, options.SignalTable ?? table.Name, options.SignalTable is null ? table.Filter : RealtimeFilter.None,
            table.TenantColumn, table.IsAllTenants);
        var how = new ChangeStreamOptions { Group = options.Group, KeyOnlyDeletes = true };
        return new StoreContext<TKey, TRow>
        {
            Table = table,
            Options = options,
            Environment = feeds.Environment,
            Gate = feeds.Gate,
            QueueCapacity = feeds.QueueCapacity,
            Cache = defaults.Cache,
            Removals = defaults.Removals,
            Claims = defaults.Claims,
            Project = defaults.Project,
            Logger = defaults.Logger,
            Instruments = defaults.Instruments,
            Policy = defaults.Policy,
            CreateFeed = who => feeds.Rows(
                () => new FeedKey(listened.Definition, listened.Schema, listened.Name, listened.Filter, listened.TenantColumn, who.Tenant, identity, user, how), listened,
                sendsFilter: options.FilterMode == StoreFilterMode.Server),
            CreateReader = who => new SnapshotReader<TKey, TRow>(rest, table, who.Tenant, options.Select) { User = (true, who.User) },
        };
    }

    private static void CheckGroup(string group)
    {
        ArgumentNullException.ThrowIfNull(group);
        if (!RealtimeOptionsValidation.IsPlainName(group))
        {
            throw new ArgumentException($"A group is 1 to 64 letters, digits, '-' or '_'; '{group}' is not.", nameof(group));
        }
    }
}
