using System.Text.Json.Nodes;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>
/// A project on a loopback port and a client of it with nothing replaced: real socket, real clock, thread pool. Tests wait for what arrives and
/// never for time; one time-out ends what hangs.
/// </summary>
internal sealed class LiveProject : IAsyncDisposable
{
    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(60));
    private readonly List<Action> _contracts = [];
    private RealtimeChannelManager? _manager;

    private LiveProject()
    {
        CarbonShop.CreateTables(Emulator);
        Emulator.CreateTable("note", static t => t.Column("id", "int8").Column("companyId", "text").Column("text", "text").PrimaryKey("id"));
        Tokens = new SteeredTokens(TokenFor("co_1"));
    }

    public RealtimeEmulator Emulator { get; } = new();

    public RealtimeEmulatorHost Host { get; private set; } = null!;

    /// <summary>Signs in as a user of <c>co_1</c> until told otherwise.</summary>
    public SteeredTokens Tokens { get; }

    public CancellationToken Hang => _hang.Token;

    public RealtimeChannelManager Manager => _manager ??= Connect();

    public static async Task<LiveProject> StartAsync()
    {
        var project = new LiveProject();
        project.Host = await RealtimeEmulatorHost.StartAsync(project.Emulator, cancellationToken: project.Hang);
        return project;
    }

    /// <summary>Makes the client; without it, <see cref="Manager"/> has the defaults.</summary>
    public RealtimeChannelManager Connect(Action<RealtimeOptions>? configure = null)
    {
        var options = new RealtimeOptions
        {
            Url = Host.Url,
            ApiKey = Emulator.AnonKey,
            Tenant = "co_1",
            ReconnectDelayMin = TimeSpan.FromMilliseconds(50),
            ReconnectDelayMax = TimeSpan.FromMilliseconds(50),
            ReturnSpread = TimeSpan.Zero,
        };
        configure?.Invoke(options);
        return _manager = new RealtimeChannelManager(options, new RealtimeDependencies { AccessTokens = Tokens });
    }

    /// <summary>A user's token, valid for an hour, for the rows of these companies.</summary>
    public string TokenFor(params string[] companies) => TokenOf("user_1", companies);

    public string TokenOf(string user, params string[] companies) =>
        Emulator.IssueToken(user, claims: new JsonObject { ["companies"] = new JsonArray([.. companies.Select(static c => (JsonNode)c)]) });

    /// <summary>Subscribes, and takes the first gap.</summary>
    public async Task<Follower<TKey, TRow>> FollowAsync<TKey, TRow>(IChangeStream<TKey, TRow> stream)
        where TKey : notnull
    {
        var follower = new Follower<TKey, TRow>(stream, Hang);
        _contracts.Add(follower.AssertContract);
        await follower.GapAsync(GapReason.Started);
        return follower;
    }

    /// <summary>The first status of a kind, now or later.</summary>
    public async Task<RealtimeStatus> StatusAsync(IObservable<RealtimeStatus> statuses, RealtimeState state)
    {
        var found = new TaskCompletionSource<RealtimeStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = statuses.Subscribe(status =>
        {
            if (status.State == state)
            {
                found.TrySetResult(status);
            }
        });
        return await found.Task.WaitAsync(Hang);
    }

    /// <summary>What the client sent on its newest socket.</summary>
    public IReadOnlyList<JsonNode> Sent(string name) =>
        [.. Emulator.Connections[^1].ReceivedFrames.Select(static f => JsonNode.Parse(f)!).Where(f => (string?)f[3] == name)];

    public void InsertOrder(string id, string company = "co_1", string status = "draft", decimal? total = null) => Emulator.Insert(
        "salesOrder",
        new JsonObject { ["id"] = id, ["companyId"] = company, ["salesOrderId"] = $"SO {id}", ["status"] = status, ["total"] = total });

    public void InsertNote(long id, string company, string text) =>
        Emulator.Insert("note", new JsonObject { ["id"] = id, ["companyId"] = company, ["text"] = text });

    public async Task RestartHostAsync()
    {
        var port = Host.Url.Port;
        await Host.DisposeAsync();
        Host = await RealtimeEmulatorHost.StartAsync(Emulator, port, Hang);
    }

    public async ValueTask DisposeAsync()
    {
        if (_manager is not null)
        {
            await _manager.DisposeAsync();
        }

        await Host.DisposeAsync();
        Emulator.Dispose();
        _hang.Dispose();
        _contracts.ForEach(static check => check());
    }
}
