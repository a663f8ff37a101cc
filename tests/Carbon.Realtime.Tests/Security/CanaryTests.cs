using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit.Abstractions;

namespace Carbon.Realtime.Tests.Security;

/// <summary>
/// Secrets are planted wherever a client has some: the API key, tokens with a user's e-mail address among their claims, a provider's own secret, values of filters, texts of rows of the
/// stream, of reads and of the cache. Then everything goes wrong that can, profile by profile. Nobody who listens may hear one.
/// </summary>
public sealed class CanaryTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Action<Life>> Profiles = new()
    {
        ["nothing goes wrong"] = static _ => { },
        ["a wrong API key"] = static life => life.RefusedKey = true,
        ["joins that are refused for now"] = static life => life.Faults.FailJoins(3, EmulatorJoinFault.Restarting),
        ["joins that are too many"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.TooManyJoins),
        ["joins that crash"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.Crashed),
        ["joins that nobody answers"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.NoAnswer),
        ["joins whose refusal quotes the token"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.Of($"MalformedJWT: The token {life.Token} is no JWT, key {life.Emulator.AnonKey}")),
        ["joins whose unknown refusal quotes the token"] = static life => life.Faults.FailJoins(2, EmulatorJoinFault.Of($"%{{\"access_token\" => \"{life.Token}\", \"apikey\" => \"{life.Emulator.AnonKey}\"}}")),
        ["subscriptions that are refused for good"] = static life => life.Faults.FailSubscriptions(2, EmulatorSubscriptionFault.Refused),
        ["subscriptions that are refused for now"] = static life => life.Faults.FailSubscriptions(2, EmulatorSubscriptionFault.Transient),
        ["subscriptions whose refusal quotes token and filter"] = static life => life.Faults.FailSubscriptions(
            2, EmulatorSubscriptionFault.Of($"Unable to subscribe to changes with given parameters. [event: *, schema: public, table: salesOrder, filters: [{{\"status\", \"neq\", \"{Life.Filter}\"}}]] {life.Token}", isRetried: false)),
        ["a table that is not published"] = static life => life.Unpublished = true,
        ["connections that break"] = static life => life.Each(10, static l => l.Emulator.BreakConnections()),
        ["connections that fall silent"] = static life => life.Faults.HalfOpen(),
        ["heartbeats without an answer"] = static life => life.Faults.IgnoreHeartbeats(5),
        ["a server that restarts"] = static life => life.Each(20, static l => l.Emulator.Restart()),
        ["a tenant that is reloaded"] = static life => life.Each(20, static l => l.Emulator.ReloadTenant()),
        ["channels that crash"] = static life => life.Each(15, static l => l.Emulator.CrashChannels()),
        ["garbage on the wire"] = static life => life.Faults.Wire = new WireFaults { Seed = 1, Cut = 0.2, Garbage = 0.2, Huge = 0.05, Fragment = 0.5 },
        ["a stream that drops, doubles and mixes"] = static life => life.Faults.Stream = new StreamFaults { Seed = 1, Drop = 0.2, Duplicate = 0.2, Reorder = 0.3, ReordersWithinKeys = true },
        ["silent losses"] = static life => life.Each(20, static l =>
        {
            l.Faults.LoseSlot(TimeSpan.FromSeconds(2));
            l.Faults.EmptySubscriptions();
            l.Faults.Deafen();
        }),
        ["tokens that expire"] = static life => life.Each(15, static l => l.Faults.ExpireTokens()),
        ["a token of another user"] = static life => life.Each(20, static l => l.SignIn($"user_{l.Second}")),
        ["nobody signed in"] = static life => life.Tokens.Token = null,
        ["a token that is none"] = static life => life.Tokens.Token = life.Heard.Plant("opaque token", "planted-opaque-token"),
        ["a token that no header carries"] = static life => life.Tokens.Token = life.Heard.Plant("unsendable token", "plänted unsendable token"),
        ["an API key for a token"] = static life => life.Tokens.Token = life.Heard.Plant("key as token", "sb_secret_planted_key_as_token"),
        ["a provider that throws its secrets"] = static life => life.Tokens.Answer = (_, _) =>
            throw new InvalidOperationException(Life.ProviderSecret, new IOException(Life.ProviderSecret)) { Data = { ["token"] = Life.ProviderSecret } },
        ["a provider that never answers"] = static life => life.Tokens.Answer = static (_, _) => new(new TaskCompletionSource<string?>().Task),
        ["reads that fail"] = static life => life.Faults.Reads = new ReadFaults { Seed = 1, Fail = 0.5, Truncate = 0.2, Slow = 0.2 },
        ["reads that quote rows and filters"] = static life => life.Faults.FailReads(20, EmulatorReadFault.Error(400, "22P02", $"invalid input syntax: \"{Life.Filter}\" \"{Life.Row}\" {life.Token}")),
        ["reads whose refusal quotes the token"] = static life => life.Faults.FailReads(20, EmulatorReadFault.Error(403, "42501", $"permission denied for {life.Token} {life.Emulator.AnonKey}")),
        ["reads that meet a portal"] = static life => life.Faults.FailReads(20, EmulatorReadFault.Answer(200, "text/html", $"<html>{life.Token} {Life.Row}</html>")),
        ["reads that meet an unknown fault"] = static life => life.Faults.FailReads(20, EmulatorReadFault.Error(500, "XX000", $"{life.Token} {Life.Row}")),
        ["reads without an answer"] = static life => life.Faults.FailReads(4, EmulatorReadFault.NoAnswer),
        ["reads whose token was refused"] = static life => life.Faults.FailReads(4, EmulatorReadFault.TokenExpired),
        ["rows that cannot be decoded"] = static life => life.Each(7, static l => l.Emulator.Insert("salesOrder", new JsonObject { ["id"] = $"bad_{l.Second}", ["companyId"] = "co_1", ["status"] = Life.Row, ["amount"] = new JsonObject { [Life.Row] = Life.Row } })),
        ["rows of another tenant"] = static life => life.Each(7, static l => l.Emulator.Insert("salesOrder", new JsonObject { ["id"] = $"foreign_{l.Second}", ["companyId"] = Life.Tenant, ["status"] = Life.Row })),
        ["observers that throw"] = static life => life.ThrowingObservers = true,
        ["a cache that fails"] = static life => life.Each(10, static l =>
        {
            l.Cache.FailNextSave(new IOException(Life.Row));
            l.Cache.FailNextLoad(new StoreCacheException(StoreCacheFault.Corrupt, "The cache is damaged.", new IOException(Life.Row)));
        }),
        ["a disposal in the middle"] = static life => life.DisposesAt = 30,
    };

    private static readonly IOException Nested = new("x", new IOException("planted"));
    private static readonly string[] Many = ["planted"];
    private static readonly Dictionary<string, object?> Values = new() { ["a"] = Many };

    public static TheoryData<string> Names() => [.. Profiles.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task No_profile_of_faults_lets_a_secret_out(string profile)
    {
        using var life = new Life(profile);
        Profiles[profile](life);
        await life.LiveAsync();
        output.WriteLine($"{life.Heard.Lines} lines, {life.Heard.Activities} activities, {life.Heard.Errors} exceptions");
        life.Heard.AssertSilent(profile);
    }

    [Fact]
    public void The_ear_hears_each_place_in_which_a_secret_could_stand()
    {
        foreach (var place in (Action<Eavesdropper>[])
            [
                static ear => ear.CreateLogger("c").Log(Microsoft.Extensions.Logging.LogLevel.Trace, 1, "planted", null, static (_, _) => "x"),
                static ear => ear.CreateLogger("c").Log(Microsoft.Extensions.Logging.LogLevel.Trace, 1, "x", null, static (_, _) => "planted"),
                static ear => ear.CreateLogger("c").Log(Microsoft.Extensions.Logging.LogLevel.Trace, 1, "x", Nested, static (_, _) => "x"),
                static ear => ear.CreateLogger("c").Log(Microsoft.Extensions.Logging.LogLevel.Trace, 1, Values, null, static (_, _) => "x"),
                static ear => ear.CreateLogger("c").BeginScope("planted"),
                static ear => ear.Hear(new IOException("x") { Data = { ["a"] = "planted" } }),
                static ear => ear.Hear(new UpgradeRefusedException(1, "planted")),
                static ear => ear.Hear(new AggregateException(new IOException("x"), new IOException("planted"))),
                static ear => ear.Hear(new Inserted<string, string>("planted", "row", null), "element"),
                static ear => ear.Meters.Create(new("Carbon.Realtime")).CreateHistogram<double>("h").Record(1, new KeyValuePair<string, object?>("a", "planted")),
                static ear => Trace(static a => a.SetTag("a", "planted")),
                static ear => Trace(static a => a.AddEvent(new("planted"))),
                static ear => Trace(static a => a.AddException(new IOException("planted"))),
                static ear => Trace(static a => a.AddBaggage("a", "planted")),
                static ear => Trace(static a => a.SetStatus(System.Diagnostics.ActivityStatusCode.Error, "planted")),
                static ear => Trace(static a => a.Source.StartActivity("beneath")?.SetTag("a", "planted").Dispose()),
            ])
        {
            using var ear = new Eavesdropper("the ear");
            ear.Plant("secret", "planted");
            place(ear);
            FluentActions.Invoking(() => ear.AssertSilent("test")).Should().Throw<Xunit.Sdk.XunitException>().WithMessage("*secret in*");
        }

        static void Trace(Action<System.Diagnostics.Activity> act)
        {
            using var source = new System.Diagnostics.ActivitySource("Carbon.Realtime");
            using var activity = source.StartActivity(System.Diagnostics.ActivityKind.Client, tags: [new("carbon.realtime.manager", "the ear")], name: "a");
            act(activity!);
        }
    }

    /// <summary>A manual minute and a half of a client with a stream, raw changes, a revalidation, a store, its cache and a user, against the emulator.</summary>
    private sealed class Life : IDisposable
    {
        public const string Row = "planted-row-text", Filter = "planted-filter-value", Tenant = "planted-foreign-tenant", ProviderSecret = "planted-provider-secret";

        private const string Email = "planted.jane.doe@example.com";
        private readonly ManualEnvironment _world = new();
        private readonly List<(int Every, Action<Life> Act)> _each = [];

        public Life(string profile)
        {
            Heard = new Eavesdropper(Name = "canary " + profile);
            Emulator = new RealtimeEmulator(new EmulatorOptions { Environment = _world.Environment, Timing = EmulatorTiming.Realistic });
            Emulator.CreateTable("salesOrder", static t => t.Column("id", "text").Column("companyId", "text").Column("status", "text").Column("amount", "jsonb").PrimaryKey("id"));
            SignIn("planted-user-id");
            Heard.Plant("API key", Emulator.AnonKey);
            Heard.Plant("API key's claims", Emulator.AnonKey.Split('.')[1]);
            Heard.Plant("row", Row);

            // A refusal that quotes it is told to the program, which asked for it; to no log, metric, activity or health check.
            Heard.Plant("filter", Filter, "RealtimeStatus", "StoreStatus", "store.Status", "stream's end", "raw stream's end", "thrown");
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

        public string Token { get; private set; } = "";

        public bool RefusedKey { get; set; }

        public bool Unpublished { get; set; }

        public bool ThrowingObservers { get; set; }

        public int DisposesAt { get; set; } = 90;

        public int Second { get; private set; }

        public void SignIn(string user)
        {
            Heard.Plant($"user {user}", user);
            Tokens.Token = Token = Heard.Plant($"token of {user}", Emulator.IssueToken(user, claims: new JsonObject { ["email"] = Email }));
            Heard.Plant($"claims of {user}", Token.Split('.')[1]);
            Heard.Plant($"signature of {user}", Token.Split('.')[2]);
        }

        public void Each(int seconds, Action<Life> act) => _each.Add((seconds, act));

        public async Task LiveAsync()
        {
            var table = RealtimeTable.Define("salesOrder", CanaryJson.Default.CanaryOrder, "id", static o => o.Id).TenantScoped("companyId").Where($"status=neq.{Filter}");
            var key = RefusedKey ? Heard.Plant("wrong key", "planted-wrong-key-0123456789") : Emulator.AnonKey;
            for (var start = 0; start < 2; start++)
            {
                var manager = new RealtimeChannelManager(
                    new RealtimeOptions { Url = Emulator.ProjectUrl, ApiKey = key, Tenant = "co_1", AllowInsecureTransport = true },
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
                if (ThrowingObservers)
                {
                    stream.Subscribe(static _ => throw new FormatException("an observer's own words"));
                    stream.StatusChanges.Subscribe(static _ => throw new FormatException("an observer's own words"));
                    store.Changes.Subscribe(static _ => throw new FormatException("an observer's own words"));
                    store.StatusChanges.Subscribe(static _ => throw new FormatException("an observer's own words"));
                    manager.Revalidations(table).Subscribe(static _ => throw new FormatException("an observer's own words"));
                    manager.ChangeToken(table).RegisterChangeCallback(static _ => throw new FormatException("a callback's own words"), null);
                    manager.Tenant.Set("co_2");
                    manager.Tenant.Set("co_1");
                }

                for (var second = 0; second < DisposesAt; second++, Second++)
                {
                    Act();
                    _world.Advance(TimeSpan.FromSeconds(1));
                }

                await TryAsync(() => manager.RefreshAccessTokenAsync());
                await TryAsync(() => store.VerifyAsync());
                await TryAsync(() => stream.WhenLiveAsync());
                Heard.Hear(await new RealtimeHealthCheck(manager).CheckHealthAsync(
                    new HealthCheckContext { Registration = new("realtime", new RealtimeHealthCheck(manager), null, null) }, CancellationToken.None), "health");
                Heard.Hear(manager, "manager");
                Heard.Hear(store.Status, "store.Status");
                Heard.Hear(store.Current, "store.Current", depth: 0);
                foreach (var thing in seen.Items.Concat<object>(stale.Items).Concat(raw.Items).Concat(statuses.Items).Concat(states.Items).Concat(shown.Items).Concat(storeStates.Items).Concat(Cache.Images.Keys))
                {
                    Heard.Hear(thing, thing.GetType().Name, depth: thing is RealtimeStatus or StoreStatus ? 1 : 0); // a change has its row for whoever it is for
                }

                Heard.Hear(seen.Error, "stream's end");
                Heard.Hear(raw.Error, "raw stream's end");
                await _world.RunAsync(manager.DisposeAsync().AsTask());
                _world.RunUntilIdle();
                await TryAsync(() => store.VerifyAsync());
            }
        }

        public void Dispose()
        {
            Emulator.Dispose();
            Heard.Dispose();
        }

        private void Act()
        {
            if (Second % 3 == 0)
            {
                Emulator.Insert("salesOrder", new JsonObject { ["id"] = $"so_{Second}", ["companyId"] = "co_1", ["status"] = Row });
                Emulator.Update("salesOrder", $"so_{Second}", new JsonObject { ["status"] = Row + Second });
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
}
