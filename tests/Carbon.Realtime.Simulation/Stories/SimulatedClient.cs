using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>A process that uses the library: a manager, its stores, a raw stream; and what its user knows to be signed in.</summary>
internal sealed class SimulatedClient
{
    private static readonly RealtimeTable<string, Order> Orders =
        RealtimeTable.Define(SimulatedDatabase.Orders, OrderJson.Default.Order, "id", static o => o.Id).TenantScoped("companyId");

    private static readonly RealtimeTable<string, Order> Lines =
        RealtimeTable.Define(SimulatedDatabase.Lines, OrderJson.Default.Order, "id", static o => o.Id).TenantScoped("companyId");

    private readonly SimulatedWorld _world;
    private readonly List<Task> _signIns = [];
    private readonly List<Task> _heard = [];
    private readonly HashSet<string> _mayBe = [];

    public SimulatedClient(SimulatedWorld world, string? tenant, Sabotage sabotage)
    {
        _world = world;
        Tenant = tenant;
        User = world.Users.Current;
        world.Users.OnProcess();
        world.Traffic.OnProcess();
        Manager = new RealtimeChannelManager(
            new RealtimeOptions
            {
                Url = world.Emulator.ProjectUrl,
                ApiKey = world.Emulator.AnonKey,
                Tenant = tenant,
                QueueCapacity = world.Seed % 3 == 0 ? 16 : 8192,
                MaxMessageBytes = 64 * 1024,
            },
            new RealtimeDependencies
            {
                Environment = world.Manual.Environment,
                SocketFactory = sabotage.MakesFrames is { } frames ? new RewritingSockets(world.Traffic, frames()) : world.Traffic,
                HttpMessageHandler = sabotage.EachReadRefreshes ? () => new RefreshingHandler(world.Traffic.CreateHandler(), world.Users) : world.Traffic.CreateHandler,
                AccessTokens = world.Users,
                StoreCache = sabotage switch
                {
                    { CacheForgets: true } => new InMemoryStoreCache(),
                    { CacheHasNoGeneration: true } => new GenerationlessCache(world.Disk.Cache),
                    _ => world.Disk.Cache,
                },
                LoggerFactory = world.Secrets,
                Policy = sabotage.Policy,
            });
        var open = Orders.Where(RealtimeFilter.Parse("status=eq.s1"));
        Stores = (world.Seed % 4) switch
        {
            0 => [Watch("orders", Orders, new()), Watch("lines", Lines, new() { SignalOnly = true })],
            1 => [Watch("open", open, new(), static o => o.Status == "s1"), Watch("lines", Lines, new())],
            2 => [Watch("versioned", Orders, new() { Version = sabotage.VersionGoesBack ? static o => o.UpdatedAt : static o => o.Version }, isVersioned: true), Watch("open", open, new() { Name = "open" }, static o => o.Status == "s1")],
            _ => [Watch("orders", Orders, new()), Watch("signals", Orders, new() { SignalOnly = true, Name = "signals" })],
        };
        Stream = new StreamWatch(world, SimulatedDatabase.Orders, keyOnlyDeletes: world.Seed % 2 == 0);
        List = sabotage.KeepsList is { } appends ? new HandmadeList(world, this, appends) : null;

        StoreWatch Watch(string name, RealtimeTable<string, Order> table, StoreOptions<Order> options, Func<Order, bool>? filter = null, bool isVersioned = false) =>
            new(world, name, Manager.Store(sabotage.IgnoresTenants ? table.AllTenants() : table, options), table.Name, filter, isVersioned);
    }

    public RealtimeChannelManager Manager { get; }

    public IReadOnlyList<StoreWatch> Stores { get; }

    /// <summary>How many stores read the same.</summary>
    public int MostOfOneQuery => Stores.GroupBy(static s => s.Query).Max(static g => g.Count());

    public StreamWatch Stream { get; }

    /// <summary>What a program keeps that has no store; in broken clients only.</summary>
    public HandmadeList? List { get; }

    public string? Tenant { get; private set; }

    /// <summary>Who is certainly signed in; while another one signs in, still the one before.</summary>
    public string User { get; private set; }

    public static RealtimeTable<string, Order> Table(string name) => name == SimulatedDatabase.Orders ? Orders : Lines;

    /// <summary>Whether that user may be the one whose rows are shown now.</summary>
    public bool MayBe(string user) => User == user || (_signIns.Exists(static t => !t.IsCompleted) && _mayBe.Contains(user)) || _world.Users.Current == user || _world.Users.Given == user;

    public void Begin()
    {
        foreach (var store in Stores)
        {
            store.Start();
            store.Subscribe();
        }

        Stream.Subscribe();
        List?.Subscribe();
    }

    public void SwitchTenant(string? tenant)
    {
        Tenant = tenant;
        Manager.Tenant.Set(tenant);
    }

    public void SignedInAs(string user)
    {
        _mayBe.Add(User);
        _mayBe.Add(user);
        _ = Watch();

        async Task Watch()
        {
            var refreshing = Manager.RefreshAccessTokenAsync();
            _signIns.Add(refreshing);
            try
            {
                await refreshing;
                User = _world.Users.Given;
            }
            catch (RealtimeException e)
            {
                _world.Secrets.Check(e.ToString());
            }
            catch (ObjectDisposedException)
            {
            }
        }
    }

    public void Refresh() => SignedInAs(_world.Users.Current);

    public void Verify(int argument) => Hear(Stores[argument % Stores.Count].Store.VerifyAsync());

    public void VerifyRow(int argument) => Hear(Stores[argument % Stores.Count].Store.VerifyRowAsync($"o{argument % 12}"));

    public void StopStore(int argument)
    {
        Stores[argument % Stores.Count].Stop();
        Stores[argument % Stores.Count].Unsubscribe();
    }

    public void StartStore(int argument) => Stores[argument % Stores.Count].Start();

    public void ThrowInObserver(int argument) => Stores[argument % Stores.Count].ThrowsNext = true;

    public void LeaveInObserver(int argument) => Stores[argument % Stores.Count].LeavesNext = true;

    public void SubscribeAnew(int argument) => Stores[argument % Stores.Count].Subscribe();

    /// <summary>What was awaited and failed shows no secret.</summary>
    public void Look()
    {
        foreach (var task in _heard.Where(static t => t.IsFaulted))
        {
            _world.Secrets.Check($"{task.Exception}");
        }

        _heard.RemoveAll(static t => t.IsCompleted);
    }

    /// <summary>To be looked at: who awaits such a task goes on on a thread of the real world, when that likes.</summary>
    private void Hear(Task task) => _heard.Add(task);
}
