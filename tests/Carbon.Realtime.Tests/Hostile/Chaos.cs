using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Hostile;

/// <summary>One run of chance: a server, a program and a clock that do anything they can, and write down what they did.</summary>
internal sealed class Chaos
{
    private static readonly string[] Reasons =
    [
        "InvalidJWTToken: Token has expired 3 seconds ago", "MalformedJWT: The token provided is not a valid JWT", "JwtSignatureError: x",
        "Unauthorized: You do not have permissions to read from this Channel topic: x", "ClientJoinRateLimitReached: Too many joins per second",
        "ChannelRateLimitReached: Too many channels", "UnableToConnectToProject: x", "join crashed", "", "Error parsing `filter` params: x",
        "Unable to subscribe to changes with given parameters. x", "IncreaseSubscriptionConnectionPool: x",
    ];

    private static readonly string[] Junk = ["", "{", "[1]", "junk", "[null,null,\"realtime:x\",\"phx_close\",{}]", "[null,null,\"phoenix\",\"phx_reply\",{}]", "{\"topic\":1}"];

    private readonly FakeTokens _tokens = new();
    private readonly (int Weight, string Name, Action Do)[] _actions;
    private readonly SeededRandomizer _chance;
    private int _rows;
    private int _tokenMark;
    private int _troubles;

    public Chaos(int seed)
    {
        _chance = new SeededRandomizer(seed);
        World = new World(options => options.MaxChannels = 1 + Next(6), _tokens);
        _tokens.Answer = (request, _) => request.Reason == AccessTokenReason.Join && Next(20) == 0
            ? throw new InvalidOperationException()
            : new ValueTask<string?>(_tokens.Token);
        _actions =
        [
            (8, "subscribe", Subscribe),
            (5, "dispose", () => Any(Followers.Where(static f => !f.IsDisposed).ToList())?.Dispose()),
            (2, "other tenant", () => World.Manager.Tenant.Set(Tenant())),
            (3, "other token", () => _tokens.Token = Next(5) == 0 ? null : Jwt.Create(World.Env.Time.GetUtcNow().AddSeconds(Next(4000)), $"user_{Next(2)}", mark: $"{_tokenMark++}")),
            (2, "refresh", () => _ = World.Manager.RefreshAccessTokenAsync().ContinueWith(static t => t.Exception, TaskScheduler.Default)),
            (3, "joins are answered or not", () => World.AutoJoin = !World.AutoJoin),
            (2, "the word comes or not", () => World.AutoSubscribed = !World.AutoSubscribed),
            (1, "heartbeats are answered or not", () => World.AutoHeartbeat = !World.AutoHeartbeat),
            (4, "ok", () => OnJoin((socket, join) => socket.AcceptJoin(join))),
            (4, "refusal", () => OnJoin((socket, join) => socket.RefuseJoin(join, Reason()))),
            (5, "the word", () => OnJoin(static (socket, join) => socket.Subscribed(join))),
            (3, "error of the subscription", () => OnJoin((socket, join) => socket.System(join, "postgres_changes", "error", Reason()))),
            (3, "error of the channel", () => OnJoin((socket, join) => socket.System(join, "system", "error", Reason()))),
            (3, "phx_close", () => OnJoin(static (socket, join) => socket.CloseChannel(join))),
            (3, "phx_error", () => OnJoin(static (socket, join) => socket.CloseChannel(join, "phx_error"))),
            (14, "change", () => OnJoin(Insert)),
            (2, "junk", () => OnSocket(socket => socket.Deliver(Junk[Next(Junk.Length)]))),
            (1, "too large", () => OnSocket(static socket => socket.DeliverTooLarge())),
            (2, "close", () => OnSocket(socket => socket.CloseFromServer(Next(3) == 0 ? null : 1000 + Next(16)))),
            (1, "break", () => OnSocket(static socket => socket.Break())),
            (1, "sends fail", () => OnSocket(static socket => socket.SendFailure = new IOException())),
            (2, "the next connect fails", Trouble),
            (10, "a moment", () => World.Advance(0.01 + (_chance.NextDouble() * 0.2))),
            (6, "seconds", () => World.Advance(_chance.NextDouble() * 8)),
            (2, "a minute", () => World.Advance(20 + (_chance.NextDouble() * 60))),
        ];
    }

    public World World { get; }

    public List<string> Done { get; } = [];

    public List<Follower> Followers { get; } = [];

    public void Run(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            var at = Next(_actions.Sum(static action => action.Weight));
            var chosen = _actions.First(action => (at -= action.Weight) < 0);
            Done.Add(chosen.Name);
            chosen.Do();

            // Sometimes the next thing happens before anybody had time for this one.
            if (Next(3) > 0)
            {
                World.Run();
            }
        }
    }

    /// <summary>From here on the server behaves; what it never answered has to time out, what it refused has to be tried again.</summary>
    public void Behave()
    {
        Done.Add("(the server behaves)");
        World.AutoJoin = World.AutoSubscribed = World.AutoHeartbeat = true;
        _tokens.Answer = null;
        _tokens.Token = Jwt.Create(World.Env.Time.GetUtcNow().AddHours(10), mark: "last");
        World.Advance(600);
    }

    /// <summary>A fresh row of each tenant, on every channel there may be, with all of its ids.</summary>
    public void InsertEverywhere(string id)
    {
        foreach (var join in World.Server.Sockets.Count == 0 ? [] : World.Socket.Frames("phx_join"))
        {
            foreach (var tenant in new[] { "co_1", "co_2" })
            {
                World.Socket.Insert(join, "salesOrder", $$"""{"id":"{{id}}","companyId":"{{tenant}}","status":"Draft"}""", Ids(join));
            }
        }

        World.Run();
    }

    private void Subscribe()
    {
        var tenant = World.Manager.Tenant.Current!;
        var table = Next(3) switch
        {
            0 => Shop.SalesOrders,
            1 => Shop.SalesOrders.Where("status=eq.Draft"),
            _ => Shop.SalesOrders.Where("status=neq.Closed"),
        };
        Followers.Add(new Follower(World.Manager.Changes(table, new ChangeStreamOptions { Group = $"g{Next(3)}" }), tenant));
    }

    private void Trouble()
    {
        if (_troubles++ > 4)
        {
            return;
        }

        switch (Next(4))
        {
            case 0: World.Server.FailNext(new IOException()); break;
            case 1: World.Server.HangNext(); break;
            case 2: World.Server.RefuseNext(429, """{"error":"Too many joins per second"}"""); break;
            default: World.Server.RefuseNext(401, ""); break;
        }
    }

    private void Insert(FakeRealtimeSocket socket, SentFrame join) => socket.Insert(
        join, "salesOrder", $$"""{"id":"so_{{_rows++}}","companyId":"{{Tenant()}}","status":"Draft"}""", Next(4) == 0 ? [1 + Next(4)] : Ids(join));

    private void OnSocket(Action<FakeRealtimeSocket> action)
    {
        if (World.Server.Sockets.Count > 0)
        {
            action(World.Socket);
        }
    }

    /// <summary>On any join there was, most often the last: the server may mean old ones.</summary>
    private void OnJoin(Action<FakeRealtimeSocket, SentFrame> action) => OnSocket(socket =>
    {
        var joins = socket.Frames("phx_join");
        if (joins.Count > 0)
        {
            action(socket, Next(2) == 0 ? joins[^1] : joins[Next(joins.Count)]);
        }
    });

    private static long[] Ids(SentFrame join) => [.. Enumerable.Range(1, join.Bindings.Count).Select(static id => (long)id)];

    private string Reason() => Reasons[Next(Reasons.Length)];

    private string Tenant() => Next(2) == 0 ? "co_1" : "co_2";

    private T? Any<T>(List<T> all)
        where T : class => all.Count == 0 ? null : all[Next(all.Count)];

    private int Next(int below) => (int)(_chance.NextDouble() * below);
}

/// <summary>One subscription of the program, and the tenant whose rows alone it may see.</summary>
internal sealed class Follower(IChangeStream<string, SalesOrder> stream, string tenant) : IDisposable
{
    public IChangeStream<string, SalesOrder> Stream => stream;

    public string Tenant => tenant;

    public StreamRecorder<TableChange<string, SalesOrder>> Seen { get; } = new(stream);

    public bool IsDisposed { get; private set; }

    public void Dispose()
    {
        IsDisposed = true;
        Seen.Dispose();
    }
}
