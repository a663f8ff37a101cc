using System.Text.Json;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Changes;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Connection;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Stores;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.Primitives;

namespace Carbon.Realtime;

/// <summary>The manager: wires the rooms together and nothing else.</summary>
public sealed class RealtimeChannelManager : IRealtimeChannelManager
{
    private readonly RealtimeOptions _options;
    private readonly RealtimeDependencies _dependencies;
    private readonly RealtimeConnection _connection;
    private readonly ChannelRegistry _channels;
    private readonly ChangeFeeds _feeds;
    private readonly RealtimeInstruments _instruments;
    private readonly ChannelUser _user;
    private readonly TenantContext _tenant;
    private readonly TenantScope _ambient;
    private readonly LiveStores _liveStores = new();
    private readonly StoreDefaults _stores;
    private readonly Removals? _removals;
    private readonly ClientWebSocketFactory? _ownFactory;
    private readonly RestSessions _rest;
    private readonly Lock _disposal = new();
    private readonly HashSet<ChannelUser> _users = [];
    private Task? _disposed;

    /// <summary>A manager with the defaults for everything but the options.</summary>
    /// <exception cref="ArgumentException">Options are wrong; the message names each.</exception>
    public RealtimeChannelManager(RealtimeOptions options)
        : this(options, new RealtimeDependencies())
    {
    }

    /// <summary>A manager made by hand.</summary>
    /// <exception cref="ArgumentException">Options are wrong; the message names each.</exception>
    public RealtimeChannelManager(RealtimeOptions options, RealtimeDependencies dependencies)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(dependencies);
        if (RealtimeOptionsValidation.Validate(options) is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        _options = options;
        _dependencies = dependencies;
        var environment = dependencies.Environment;
        var factory = dependencies.SocketFactory ?? (_ownFactory = new ClientWebSocketFactory());
        var writer = new FrameWriter(options.ProtocolVersion);
        var address = RealtimeOptionsValidation.Address(options);
        _instruments = new RealtimeInstruments(environment, dependencies.MeterFactory, dependencies.Name, address.Uri);
        _connection = new RealtimeConnection(
            environment,
            new ConnectionOptions
            {
                ConnectTimeout = options.ConnectTimeout,
                HeartbeatInterval = options.HeartbeatInterval,
                ReconnectMin = options.ReconnectDelayMin,
                ReconnectMax = options.ReconnectDelayMax,
                ReturnSpread = options.ReturnSpread,
                IdleTimeout = options.IdleTimeout,
            },
            factory,
            address,
            writer,
            _instruments,
            CreateLogger("Connection"));
        _channels = new ChannelRegistry(
            _connection,
            writer,
            environment,
            new ChannelOptions
            {
                GroupWindow = options.GroupWindow,
                JoinTimeout = options.JoinTimeout,
                MaxChannels = options.MaxChannels,
                MaxJoinBytes = Math.Min(4_000_000, options.MaxMessageBytes / 2),
                ReconnectMin = options.ReconnectDelayMin,
                ReconnectMax = options.ReconnectDelayMax,
                ReturnSpread = options.ReturnSpread,
                IsPrivate = options.PrivateChannels,
                TopicPrefix = options.TopicPrefix,
            },
            CreateLogger("Channels"));
        _feeds = new ChangeFeeds(
            _channels,
            _connection.Deadlines,
            _connection.Gate,
            environment,
            options.QueueCapacity,
            options.Linger,
            options.SingleFilterCondition,
            CreateLogger("Changes"));
        _rest = new RestSessions(options, dependencies, _instruments, CreateLogger("Snapshots"));
        var project = (options.Url ?? options.RestUrl ?? options.RealtimeUrl)!.GetLeftPart(UriPartial.Authority);
        var storesLogger = CreateLogger("Stores");
        _removals = dependencies.StoreCache is { } cache ? new Removals(cache, project, _liveStores, environment, storesLogger) : null;
        _stores = new StoreDefaults(dependencies.StoreCache, _removals, new CacheClaims(), project, storesLogger, _instruments, dependencies.Policy);
        if (AccessToken.IsSecretKey(options.ApiKey))
        {
            AuthenticationLog.SecretApiKey(CreateLogger("Authentication"));
        }

        _user = CreateUser(dependencies.AccessTokens);
        _tenant = new TenantContext(options.Tenant) { Changed = OnTenantChanged };
        _ambient = CreateScope(_user, () => _tenant.Current, identity: null, static () => { });
    }

    /// <inheritdoc/>
    public ITenantContext Tenant => _tenant;

    /// <inheritdoc/>
    public RealtimeStatus Status => _channels.Statuses.Connection.Current;

    /// <inheritdoc/>
    public IObservable<RealtimeStatus> StatusChanges => _channels.Statuses.Connection;

    /// <summary>What was dropped, for tests.</summary>
    internal DropCounter Drops => _channels.Drops;

    /// <summary>The clock that statuses were stamped with.</summary>
    internal TimeProvider Clock => _dependencies.Environment.TimeProvider;

    /// <summary>Where the streams that somebody uses stand.</summary>
    internal IReadOnlyList<(string Table, RealtimeStatus Status)> Streams => _feeds.Report();

    /// <summary>Where the stores that somebody uses stand.</summary>
    internal IReadOnlyList<StoreReport> Stores => _liveStores.Report();

    /// <summary>The user of everything that has no scope of its own.</summary>
    internal ChannelUser User => _user;

    /// <summary>Whether this thread holds the gate, for tests.</summary>
    internal bool IsGateHeld => _connection.Gate.IsHeldByCurrentThread;

    /// <summary>What is to happen later, for tests: nothing when nobody is subscribed.</summary>
    internal Deadlines Deadlines => _connection.Deadlines;

    /// <inheritdoc/>
    public IChangeStream<TKey, TRow> Changes<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull => _ambient.Changes(table);

    /// <inheritdoc/>
    public IChangeStream<TKey, TRow> Changes<TKey, TRow>(RealtimeTable<TKey, TRow> table, ChangeStreamOptions options)
        where TKey : notnull => _ambient.Changes(table, options);

    /// <inheritdoc/>
    public IChangeStream<JsonElement, JsonElement> Changes(string table) => _ambient.Changes(table);

    /// <inheritdoc/>
    public ILiveStore<TKey, TRow> Store<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull => _ambient.Store(table);

    /// <inheritdoc/>
    public ILiveStore<TKey, TRow> Store<TKey, TRow>(RealtimeTable<TKey, TRow> table, StoreOptions<TRow> options)
        where TKey : notnull => _ambient.Store(table, options);

    /// <inheritdoc/>
    public IRevalidations Revalidations(params IRealtimeTable[] tables) => _ambient.Revalidations(tables);

    /// <inheritdoc/>
    public IRevalidations Revalidations(RevalidationOptions options, params IRealtimeTable[] tables) => _ambient.Revalidations(options, tables);

    /// <inheritdoc/>
    public IRevalidations Revalidations(params string[] tables) => _ambient.Revalidations(tables);

    /// <inheritdoc/>
    public IChangeToken ChangeToken(params IRealtimeTable[] tables) => _ambient.ChangeToken(tables);

    /// <inheritdoc/>
    public IChangeToken ChangeToken(RevalidationOptions options, params IRealtimeTable[] tables) => _ambient.ChangeToken(options, tables);

    /// <inheritdoc/>
    public IChangeToken ChangeToken(params string[] tables) => _ambient.ChangeToken(tables);

    /// <inheritdoc/>
    public Task RefreshAccessTokenAsync() => RefreshAccessTokenAsync(CancellationToken.None);

    /// <inheritdoc/>
    public Task RefreshAccessTokenAsync(CancellationToken cancellationToken)
    {
        if (_feeds.IsClosed)
        {
            return Task.FromException(new ObjectDisposedException(ChangeFeeds.ManagerName));
        }

        var users = Users().FindAll(static u => !u.Tokens.IsAnswering);
        var refresh = _dependencies.Environment.Scheduler.Start(async () =>
        {
            RealtimeException? error = null;
            foreach (var answering in users.ConvertAll(static u => u.Tokens.AskAsync(AccessTokenReason.Changed)))
            {
                error ??= (await answering).Error;
            }

            ObjectDisposedException.ThrowIf(_feeds.IsClosed, this);
            if (error is not null)
            {
                throw error;
            }
        });
        if (!cancellationToken.CanBeCanceled)
        {
            return refresh;
        }

        // Who does not wait any more is not told; an error that nobody hears would be one that nobody observed.
        _ = refresh.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return refresh.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void RetryNow()
    {
        lock (_connection.Gate)
        {
            _channels.Rejoins.RetryNow();
            _connection.RetryNow();
        }
    }

    /// <inheritdoc/>
    public ITenantScope ForTenant(string tenant)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tenant);
        return CreateScope(tenant, _user, static () => { });
    }

    /// <inheritdoc/>
    public ITenantScope ForTenant(string tenant, IAccessTokenProvider accessTokens)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tenant);
        ArgumentNullException.ThrowIfNull(accessTokens);
        ObjectDisposedException.ThrowIf(_feeds.IsClosed, this);
        var user = CreateUser(accessTokens);
        return CreateScope(tenant, user, () => Forget(user));
    }

    /// <summary>Begins what <see cref="DisposeAsync"/> finishes; never waits.</summary>
    public void Dispose() => _ = CloseAsync();

    /// <summary>Completes all streams, leaves all channels and closes the socket politely, within about two seconds; four where a cache hangs that rows have still to be removed from.</summary>
    /// <remarks>Does not wait for observers: one <c>OnNext</c> may still be under way.</remarks>
    public ValueTask DisposeAsync() => new(CloseAsync());

    private Task CloseAsync()
    {
        lock (_disposal)
        {
            return _disposed ??= _dependencies.Environment.Scheduler.Start(async () =>
            {
                _liveStores.Close();
                _feeds.Close();
                lock (_connection.Gate)
                {
                    _channels.EndAll();
                }

                // Outside the gate: a provider's cancellation callbacks run inside.
                Users().ForEach(static u => u.Tokens.Close());

                // The socket does not wait for the disk: a connection that broke meanwhile would be made again for nobody.
                var closing = _connection.DisposeAsync();

                // Also of what scopes and users left behind that are gone: the cache may be disposed right after this.
                foreach (var flush in _liveStores.Flushes())
                {
                    await flush.Done;
                }

                await (_removals?.CloseAsync() ?? Task.CompletedTask);
                await closing;
                _ownFactory?.Dispose();
                _rest.Dispose();
            });
        }
    }

    /// <summary>What a user's rows are read through.</summary>
    internal RestSession Rest(ChannelUser user) => _rest.Of(user.Tokens);

    private PostedLogger CreateLogger(string room) =>
        new(_dependencies.LoggerFactory.CreateLogger("Carbon.Realtime." + room), _dependencies.Environment.Scheduler);

    private TenantScope CreateScope(string tenant, ChannelUser user, Action onDisposed)
    {
        ObjectDisposedException.ThrowIf(_feeds.IsClosed, this);
        return CreateScope(user, () => tenant, identity: new object(), onDisposed);
    }

    private TenantScope CreateScope(ChannelUser user, Func<string?> tenant, object? identity, Action onDisposed) =>
        new(_feeds, _liveStores, Rest(user), _stores, user, tenant, identity, _options.TenantColumn, onDisposed);

    private ChannelUser CreateUser(IAccessTokenProvider? provider)
    {
        var environment = _dependencies.Environment;
        var longest = _options.ReconnectDelayMax < TokenSession.LongestBackoff ? _options.ReconnectDelayMax : TokenSession.LongestBackoff;
        var failures = new Backoff(_options.ReconnectDelayMin, longest, TimeSpan.Zero, environment.Randomizer);
        var user = new ChannelUser(
            new TokenSession(provider, environment, _options.AccessTokenTimeout, failures, _instruments, CreateLogger("Authentication")));
        user.Tokens.UserChanged = () => OnUserChanged(user);
        user.Tokens.Renewed = () => _liveStores.OnTokenRenewed(scope => scope is UserScope own && own.User == user);
        lock (_disposal)
        {
            _users.Add(user);
        }

        return user;
    }

    private List<ChannelUser> Users()
    {
        lock (_disposal)
        {
            return [.. _users];
        }
    }

    private void Forget(ChannelUser user)
    {
        lock (_disposal)
        {
            _users.Remove(user);
        }

        user.Tokens.Close();
    }

    private void OnTenantChanged()
    {
        _liveStores.OnIdentityChanged(static scope => scope is UserScope { IsTenantScoped: true }, isOtherUser: false);
        _feeds.End(
            key => key is { Scope: null, Tenant: not null } && key.Tenant != _tenant.Current,
            new RealtimeException(RealtimeErrorReason.TenantChanged, "The current tenant changed; take a new stream for the new one.", isTransient: false));
    }

    /// <summary>Somebody else is signed in, or nobody: what the last one saw is nobody else's business.</summary>
    private void OnUserChanged(ChannelUser user)
    {
        var before = user.LastSubject;
        var now = user.Tokens.Identity?.Subject;
        user.LastSubject = now;
        var isOther = before is not null && before != now;
        _liveStores.OnIdentityChanged(scope => scope is UserScope own && own.User == user, isOther);
        if (isOther)
        {
            _removals?.OfUser(before!);
        }
    }
}
