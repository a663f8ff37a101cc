using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Carbon.Realtime.Tests.Security;

/// <summary>A manual minute and a half, twice, of a client against the emulator: streams, raw changes, a revalidation, a store with its cache, views and a bound list, all of them pulled too, and another tenant's scope with a user of its own.</summary>
internal sealed class CanaryLife : IDisposable
{
    public const string Row = "planted-row-text", Filter = "planted-filter-value", Tenant = "planted-foreign-tenant", ProviderSecret = "planted-provider-secret", Header = "planted-header-value";

    private const string Email = "planted.jane.doe@example.com";

    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    /// <summary>Where the program is told what it asked for itself.</summary>
    private static readonly string[] ToldToTheProgram =
        ["RealtimeStatus", "StoreStatus", "store.Status", "list.Status", "stream's end", "raw stream's end", "unsafe stream's end", "view's end", "pull's end", "thrown"];

    private readonly ManualEnvironment _world = new();
    private readonly ApiKeyPlacement _placement;
    private readonly FakeTokens _others = new();
    private readonly List<(int Every, Action<CanaryLife> Act)> _each = [];
    private readonly TaskCompletionSource _pulled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CanaryLife(string profile, ApiKeyPlacement placement)
    {
        _placement = placement;
        Heard = new Eavesdropper(Name = $"canary {profile} {placement}");
        Emulator = new RealtimeEmulator(new EmulatorOptions { Environment = _world.Environment, Timing = EmulatorTiming.Realistic });
        Emulator.CreateTable("salesOrder", static t => t.Column("id", "text").Column("companyId", "text").Column("status", "text").Column("amount", "jsonb").PrimaryKey("id"));
        Emulator.CreateTable("mood", static t => t.Column("id", "text").Column("note", "bpchar").PrimaryKey("id"));
        SignIn("planted-user-id");
        var other = PlantedToken("planted-other-user");
        _others.Answer = (request, cancellation) => Tokens.Answer is { } answer ? answer(request, cancellation) : ValueTask.FromResult<string?>(other);
        Heard.Plant("API key", Emulator.AnonKey);
        Heard.Plant("API key's claims", Emulator.AnonKey.Split('.')[1]);
        Heard.Plant("header", Header);
        Heard.Plant("row", Row);

        // A refusal that quotes it is told to the program, which asked for it; to no log, metric, activity or health check.
        Heard.Plant("filter", Filter, ToldToTheProgram);
        Heard.Plant("foreign tenant", Tenant);
        Heard.Plant("provider's secret", ProviderSecret);
        Heard.Plant("e-mail address", Email);
        Heard.Plant("e-mail address in a token", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Email))[..20]);
    }

    public string Name { get; }

    public Eavesdropper Heard { get; }

    public RealtimeEmulator Emulator { get; }

    public EmulatorFaults Faults => Emulator.Faults;

    public FakeTokens Tokens { get; } = new();

    public InMemoryStoreCache Cache { get; } = new();

    /// <summary>How much came by each way.</summary>
    public Dictionary<string, int> Used { get; } = [];

    public string Token { get; private set; } = "";

    public bool RefusedKey { get; set; }

    public bool Unpublished { get; set; }

    public bool ThrowingObservers { get; set; }

    public int DisposesAt { get; set; } = 90;

    /// <summary>Pulls go on where the runtime likes, and what they have not taken by the disposal is taken from them: whoever counts on a change waits for it.</summary>
    public bool IsPulled { get; set; }

    public int Second { get; private set; }

    public void SignIn(string user) => Tokens.Token = Token = PlantedToken(user);

    public void Each(int seconds, Action<CanaryLife> act) => _each.Add((seconds, act));

    public async Task LiveAsync()
    {
        var table = RealtimeTable.Define("salesOrder", CanaryJson.Default.CanaryOrder, "id", static o => o.Id).TenantScoped("companyId").Where($"status=neq.{Filter}");

        // More values than the server takes are judged here, and on a column of this type nobody here can: the stream ends at its first sight.
        var unsafeTable = RealtimeTable.Untyped("mood").Where(RealtimeFilter.Where("note").In(Enumerable.Range(0, 101).Select(static i => Filter + i)));
        var key = RefusedKey ? Heard.Plant("wrong key", "planted-wrong-key-0123456789") : Emulator.AnonKey;
        for (var start = 0; start < 2; start++)
        {
            var options = new RealtimeOptions { Url = Emulator.ProjectUrl, ApiKey = key, ApiKeyPlacement = _placement, Tenant = "co_1", AllowInsecureTransport = true, Headers = { ["x-planted"] = Header } };
            var manager = new RealtimeChannelManager(
                options,
                new RealtimeDependencies
                {
                    Environment = _world.Environment,
                    SocketFactory = Emulator.CreateSocketFactory(),
                    HttpMessageHandler = Emulator.CreateHttpHandler,
                    AccessTokens = Tokens,
                    LoggerFactory = Heard,
                    MeterFactory = Heard.Meters,
                    Name = Name,
                    StoreCache = Cache,
                });
            var stream = manager.Changes(table);
            using var seen = new StreamRecorder<TableChange<string, CanaryOrder>>(stream);
            using var raw = new StreamRecorder<TableChange<JsonElement, JsonElement>>(manager.Changes(Unpublished ? "nothing" : "salesOrder"));
            using var stale = new StreamRecorder<Revalidation>(manager.Revalidations("salesOrder"));
            using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
            using var states = new StreamRecorder<RealtimeStatus>(manager.StatusChanges);
            var store = manager.Store(table);
            using var shown = new StreamRecorder<StoreChangeSet<string, CanaryOrder>>(store.Changes);
            using var storeStates = new StreamRecorder<StoreStatus>(store.StatusChanges);
            var ending = manager.Changes(unsafeTable);
            using var ended = new StreamRecorder<TableChange<JsonElement, JsonElement>>(ending);
            using var endedStates = new StreamRecorder<RealtimeStatus>(ending.StatusChanges);
            var view = store.Where(static o => o.Status != "").OrderBy(static (x, y) => string.CompareOrdinal(y.Id, x.Id));
            using var viewed = new StreamRecorder<StoreViewChangeSet<CanaryOrder>>(view.Changes);
            var screen = new CanaryScreen();
            using var list = view.BindTo(screen);
            var scope = manager.ForTenant("co_2", _others);
            using var foreign = new StreamRecorder<TableChange<string, CanaryOrder>>(scope.Changes(table));
            var foreignStore = scope.Store(table);
            using var foreignShown = new StreamRecorder<StoreChangeSet<string, CanaryOrder>>(foreignStore.Changes);
            using var foreignStates = new StreamRecorder<StoreStatus>(foreignStore.StatusChanges);
            Task[] pulls = [PullAsync("pulled changes", stream.ReadAllAsync()), PullAsync("pulled snapshots", store.WatchAsync()), PullAsync("pulled snapshots of a scope", foreignStore.WatchAsync())];
            if (ThrowingObservers)
            {
                stream.Subscribe(static _ => throw new FormatException("an observer's own words"));
                stream.StatusChanges.Subscribe(static _ => throw new FormatException("an observer's own words"));
                store.Changes.Subscribe(static _ => throw new FormatException("an observer's own words"));
                store.StatusChanges.Subscribe(static _ => throw new FormatException("an observer's own words"));
                store.Where(static _ => throw new FormatException("a predicate's own words")).Changes.Subscribe(static _ => { }, e => Heard.Hear(e, "view's end"));
                manager.Revalidations(table).Subscribe(static _ => throw new FormatException("an observer's own words"));
                manager.ChangeToken(table).RegisterChangeCallback(static _ => throw new FormatException("a callback's own words"), null);
                manager.Tenant.Set("co_2");
                manager.Tenant.Set("co_1");
            }

            for (var second = 0; second < DisposesAt; second++, Second++)
            {
                Act();
                _world.Advance(TimeSpan.FromSeconds(1));
                screen.Run();
            }

            await TryAsync(() => manager.RefreshAccessTokenAsync());
            await TryAsync(() => store.VerifyAsync());
            await TryAsync(() => foreignStore.VerifyAsync());
            await TryAsync(() => stream.WhenLiveAsync());
            await TryAsync(() => ending.WhenLiveAsync());
            await TryAsync(() => Task.FromResult(manager.Changes(unsafeTable)));
            Heard.Hear(await new RealtimeHealthCheck(manager).CheckHealthAsync(
                new HealthCheckContext { Registration = new("realtime", new RealtimeHealthCheck(manager), null, null) }, CancellationToken.None), "health");
            Heard.Hear(options, "options");
            Heard.Hear(manager, "manager");
            Heard.Hear(scope, "scope");
            Heard.Hear(store.Status, "store.Status");
            Heard.Hear(store.Current, "store.Current", depth: 0);
            Heard.Hear(view, "view", depth: 0);
            Heard.Hear(list, "list", depth: 0);
            Heard.Hear(list.Status, "list.Status");
            Use("list", list.Count);
            HearAll("changes", seen.Items);
            HearAll("revalidations", stale.Items);
            HearAll("views", viewed.Items);
            HearAll("changes of a scope", foreign.Items);
            HearAll("a scope's store", foreignShown.Items);
            foreach (var thing in raw.Items.Concat<object>(statuses.Items).Concat(states.Items).Concat(shown.Items).Concat(storeStates.Items).Concat(endedStates.Items).Concat(foreignStates.Items).Concat(ended.Items).Concat(Cache.Images.Keys))
            {
                Hear(thing);
            }

            Use("streams that ended for their filter", ended.Error is RealtimeException { Reason: RealtimeErrorReason.UnsafeFilter } ? 1 : 0);
            Heard.Hear(seen.Error, "stream's end");
            Heard.Hear(foreign.Error, "stream's end");
            Heard.Hear(raw.Error, "raw stream's end");
            Heard.Hear(ended.Error, "unsafe stream's end");
            Heard.Hear(viewed.Error, "view's end");
            if (IsPulled)
            {
                await _pulled.Task.WaitAsync(Hang);
            }

            await _world.RunAsync(manager.DisposeAsync().AsTask());
            _world.RunUntilIdle();
            await Task.WhenAll(pulls).WaitAsync(Hang);
            await TryAsync(() => store.VerifyAsync());
        }
    }

    public void Dispose()
    {
        Emulator.Dispose();
        Heard.Dispose();
    }

    private string PlantedToken(string user)
    {
        Heard.Plant($"user {user}", user);
        var token = Heard.Plant($"token of {user}", Emulator.IssueToken(user, claims: new JsonObject { ["email"] = Email }));
        Heard.Plant($"claims of {user}", token.Split('.')[1]);
        Heard.Plant($"signature of {user}", token.Split('.')[2]);
        return token;
    }

    private void Use(string what, int count)
    {
        lock (Used)
        {
            Used[what] = Used.GetValueOrDefault(what) + count;
        }
    }

    private void HearAll(string what, IReadOnlyCollection<object> things)
    {
        Use(what, things.Count);
        foreach (var thing in things)
        {
            Hear(thing);
        }
    }

    /// <summary>A change has its row for whoever it is for.</summary>
    private void Hear(object thing) => Heard.Hear(thing, thing.GetType().Name, depth: thing is RealtimeStatus or StoreStatus ? 1 : 0);

    /// <summary>Until the manager is disposed of, or what is pulled ends by itself.</summary>
    private Task PullAsync<T>(string what, IAsyncEnumerable<T> source)
        where T : notnull => _world.Environment.Scheduler.Start(async () =>
    {
        Use(what, 0);
        try
        {
            await foreach (var thing in source.ConfigureAwait(false))
            {
                Use(what, 1);
                Hear(thing);
                if (thing is TableChange<string, CanaryOrder>)
                {
                    _pulled.TrySetResult();
                }
            }
        }
#pragma warning disable CA1031 // Whatever it ends with is what is to be heard.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Heard.Hear(e, "pull's end");
        }
    });

    private void Act()
    {
        if (Second % 3 == 0)
        {
            Emulator.Insert("salesOrder", new JsonObject { ["id"] = $"so_{Second}", ["companyId"] = "co_1", ["status"] = Row });
            Emulator.Update("salesOrder", $"so_{Second}", new JsonObject { ["status"] = Row + Second });
            Emulator.Insert("salesOrder", new JsonObject { ["id"] = $"other_{Second}", ["companyId"] = "co_2", ["status"] = Row });
            Emulator.Insert("mood", new JsonObject { ["id"] = $"m_{Second}", ["note"] = Filter + "7" });
        }

        foreach (var (every, act) in _each)
        {
            if (Second % every == every - 1)
            {
                act(this);
            }
        }
    }

    private async Task TryAsync(Func<Task> act)
    {
        var acting = _world.Environment.Scheduler.Start(act);
        for (var second = 0; second < 40 && !acting.IsCompleted; second++)
        {
            _world.Advance(TimeSpan.FromSeconds(1));
        }

        if (acting.IsCompleted)
        {
            try
            {
                await acting;
            }
#pragma warning disable CA1031 // Whatever is thrown is what is to be heard.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Heard.Hear(e, "thrown");
            }
        }
    }
}
