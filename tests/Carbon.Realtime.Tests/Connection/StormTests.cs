using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;
using Xunit.Abstractions;

namespace Carbon.Realtime.Tests.Connection;

/// <summary>One hour of each way in which a server can be hostile, and what the client may do to it meanwhile.</summary>
/// <remarks>
/// The budget: a fault that passes by itself is tried again every 15 s on average once it lasts (full jitter up to 30 s), so
/// about 236 times an hour; one that only somebody's change can cure about ten times an hour; and one question for a token a try, two where the
/// server refused the token. What is counted are dials, joins, questions, and all other frames: beats (144 an hour), leaves, token pushes.
/// </remarks>
public sealed class StormTests(ITestOutputHelper output)
{
    private const int Quick = 280;
    private const int Slow = 14;

    /// <summary>Joins that are refused for good, of however many channels: one in half a minute.</summary>
    private const int Refused = 121;

    /// <summary>Joins that are refused for a while, of however many channels: one in twelve seconds.</summary>
    private const int RefusedForNow = 301;
    private const string Refusal = "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *]";

    private static readonly Dictionary<Reaction, string> Refusals = new()
    {
        [Reaction.Retry] = "DatabaseLackOfConnections: Database can't accept more connections, Realtime won't connect",
        [Reaction.RefreshTokenThenRetry] = "InvalidJWTToken: Token has expired 4 seconds ago",
        [Reaction.RefreshTokenOnce] = "JwtSignatureError: Failed to validate JWT signature",
        [Reaction.RetrySlowly] = "Unauthorized: You do not have permissions to read from this Channel topic: x",
    };

    [Theory]
    [InlineData(401, "{\"error\":\"Failed to validate JWT signature\"}", Slow)]
    [InlineData(403, "", Slow)]
    [InlineData(403, "{\"error\":\"Realtime was disabled for this tenant\"}", Slow)]
    [InlineData(404, "{\"error\":\"Tenant not found\"}", Slow)]
    [InlineData(429, "{\"error\":\"Too many joins per second\"}", Quick)]
    [InlineData(500, "{\"error\":\"Error connecting to Realtime\"}", Quick)]
    [InlineData(null, "unreachable", Quick)]
    public void A_server_that_refuses_every_connect(int? status, string body, int tries)
    {
        var hour = new Hour { Prepare = w => Repeat(2000, () => Refuse(w.Server, status, body)) };
        hour.Run(output).Should().BeWithin(dials: tries, joins: 0, questions: tries, other: 0);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1011)]
    [InlineData(1012)]
    [InlineData(null)]
    public void A_server_that_accepts_and_closes_at_once(int? code)
    {
        var hour = new Hour { Opened = s => s.CloseFromServer(code) };
        hour.Run(output).Should().BeWithin(dials: Quick, joins: Quick, questions: Quick, other: 0);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1012)]
    public void A_server_that_closes_after_each_join(int code)
    {
        var hour = new Hour
        {
            Joining = (s, join) =>
            {
                s.AcceptJoin(join);
                s.Subscribed(join);
                s.CloseFromServer(code);
            },
        };
        hour.Run(output).Should().BeWithin(dials: Quick, joins: Quick, questions: Quick, other: 0);
    }

    [Theory]
    [InlineData("Retry", Quick, Quick)]
    [InlineData("RefreshTokenThenRetry", Quick, 2 * Quick)]
    [InlineData("RefreshTokenOnce", Slow, 2 * Slow)]
    [InlineData("RetrySlowly", Slow, Slow)]
    public void A_server_that_refuses_every_join(string reaction, int joins, int questions)
    {
        var text = Refusals[Enum.Parse<Reaction>(reaction)];
        FaultTable.Channel(text).Reaction.ToString().Should().Be(reaction);
        var hour = new Hour { Joining = (s, join) => s.RefuseJoin(join, text) };
        hour.Run(output).Should().BeWithin(dials: 1, joins, questions, other: 144);
    }

    [Fact]
    public void A_server_that_has_too_many_joins_for_ever()
    {
        var hour = new Hour { Joining = (s, join) => s.RefuseJoin(join, "ClientJoinRateLimitReached: Too many joins per second") };
        hour.Run(output).Should().BeWithin(dials: 1, joins: Quick, questions: Quick, other: 144);
    }

    [Theory]
    [InlineData("Retry", 32 + RefusedForNow)]
    [InlineData("RefreshTokenThenRetry", (2 * 32) + RefusedForNow)]
    [InlineData("RefreshTokenOnce", (2 * 32) + Refused)]
    [InlineData("RetrySlowly", 32 + Refused)]
    public void A_server_that_refuses_thirty_two_channels(string reaction, int joins)
    {
        var text = Refusals[Enum.Parse<Reaction>(reaction)];
        var hour = new Hour { Channels = 32, Joining = (s, join) => s.RefuseJoin(join, text) };
        hour.Run(output).Should().BeWithin(dials: 1, joins, questions: 2 * joins, other: 144);
    }

    [Fact]
    public void A_server_that_refuses_thirty_one_channels_and_has_another_come_and_go()
    {
        var hour = new Hour
        {
            Channels = 32,
            Joining = (s, join) =>
            {
                if (join.Bindings[0].GetProperty("filter").GetString() == "id=eq.0")
                {
                    s.AcceptJoin(join);
                    s.Subscribed(join);
                    s.CloseChannel(join);
                }
                else
                {
                    s.RefuseJoin(join, Refusals[Reaction.Retry]);
                }
            },
        };
        hour.Run(output).Should().BeWithin(dials: 1, joins: 31 + RefusedForNow + (2 * Quick), questions: 31 + RefusedForNow + (2 * Quick), other: 144);
    }

    [Fact]
    public void A_server_that_accepts_thirty_two_joins_and_refuses_their_subscriptions()
    {
        var hour = new Hour
        {
            Channels = 32,
            Joining = (s, join) =>
            {
                s.AcceptJoin(join);
                s.System(join, "postgres_changes", "error", Refusal);
            },
        };
        hour.Run(output).Should().BeWithin(dials: 1, joins: 32 * Slow, questions: 32 * Slow, other: 144 + (32 * Slow));
    }

    [Fact]
    public void A_server_that_accepts_joins_and_never_subscribes()
    {
        var hour = new Hour { Joining = (s, join) => s.AcceptJoin(join) };
        hour.Run(output).Should().BeWithin(dials: 1, joins: 31, questions: 31, other: 144 + 31);
    }

    [Fact]
    public void A_server_that_never_answers_a_join()
    {
        var hour = new Hour { Joining = static (_, _) => { } };
        hour.Run(output).Should().BeWithin(dials: 1, joins: Quick, questions: Quick, other: 144 + Quick);
    }

    [Theory]
    [InlineData("phx_close")]
    [InlineData("phx_error")]
    public void A_server_that_subscribes_and_ends_the_channel_at_once(string how)
    {
        var hour = new Hour
        {
            Joining = (s, join) =>
            {
                s.AcceptJoin(join);
                s.Subscribed(join);
                s.CloseChannel(join, how);
            },
        };
        hour.Run(output).Should().BeWithin(dials: 1, joins: Quick, questions: Quick, other: 144);
    }

    [Fact]
    public void A_server_that_ends_the_channel_at_once_for_its_token()
    {
        var hour = new Hour
        {
            Joining = (s, join) =>
            {
                s.AcceptJoin(join);
                s.Subscribed(join);
                s.System(join, "system", "error", "Token has expired 0 seconds ago");
                s.CloseChannel(join);
            },
        };
        hour.Run(output).Should().BeWithin(dials: 1, joins: Quick, questions: 2 * Quick, other: 144);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(32)]
    public void A_token_provider_that_fails_for_ever(int channels)
    {
        var hour = new Hour { Channels = channels, Token = static () => throw new InvalidOperationException("not signed in") };
        hour.Run(output).Should().BeWithin(dials: 1, joins: 0, questions: Quick, other: 144);
    }

    [Fact]
    public void A_token_provider_that_gives_a_new_token_that_is_refused_each_time()
    {
        var made = 0;
        var hour = new Hour
        {
            Token = () => $"token-{made++}",
            Joining = (s, join) => s.RefuseJoin(join, Refusals[Reaction.RefreshTokenOnce]),
        };
        hour.Run(output).Should().BeWithin(dials: 1, joins: Slow, questions: 2 * Slow, other: 144);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_stores_whose_provider_has_a_new_token_for_each_refusal_of_the_last(bool answersPushes)
    {
        string? token = null;
        var made = 0;
        TaskCompletionSource<string?>? asked = null;
        var tokens = new FakeTokens
        {
            // A fresh one takes a second, and so does a read: who asked before has sent the last one by then, and heard its own refusal.
            Answer = (request, _) => token is not null && request.MustBeFresh ? new((asked = new()).Task) : ValueTask.FromResult<string?>(token ??= Mint()),
        };
        var rest = new FakePostgrest { Script = static (_, _) => FakePostgrest.Error(401, "PGRST301"), Held = new TaskCompletionSource() };
        var world = new World(tokens: tokens, rest: rest);
        var pushes = new Queue<SentFrame>();
        var polite = world.Server.Opened!;
        world.Server.Opened = socket =>
        {
            polite(socket);
            var answer = socket.OnSent!;
            socket.OnSent = text =>
            {
                answer(text);
                if (SentFrame.Parse(text) is { Event: "access_token" } push)
                {
                    pushes.Enqueue(push);
                }
            };
        };
        ILiveStore[] stores = [world.Manager.Store(Shop.SalesOrders), world.Manager.Store(Shop.Todos)];
        stores[0].Start();
        for (var second = 0; second < 3600; second++)
        {
            if (second == 10)
            {
                stores[1].Start(); // later than the other: what is refused in the same moment has one fresh token asked for it
            }

            Second();
        }

        output.WriteLine($"{rest.Requests.Count} requests, {tokens.Asked.Count} questions, {world.Socket.Frames("access_token").Count} pushes");
        rest.Requests.Count.Should().BeInRange(2, Quick);
        tokens.Asked.Count.Should().BeInRange(2, Quick / 2);
        world.Socket.Frames("access_token").Count.Should().BeLessThanOrEqualTo(2 * tokens.Asked.Count, "each store has a channel");

        rest.Script = null;
        rest.Tables.Add(new PostgrestTable("salesOrder", ("id", "text"), ("companyId", "text"), ("status", "text")));
        rest.Tables.Add(new PostgrestTable("todos", ("id", "int8"), ("title", "text"), ("done", "bool")));
        for (var second = 0; second < 310; second++)
        {
            Second();
        }

        stores.Should().OnlyContain(static s => s.Status.State == StoreState.Live);

        string Mint() => Jwt.Create(DateTimeOffset.UtcNow.AddYears(5), mark: $"{made++}");

        void Second()
        {
            world.Advance(1);
            var held = rest.Held!;
            rest.Held = new TaskCompletionSource();
            held.SetResult();
            world.Run();
            if (asked is { } waiting)
            {
                asked = null;
                waiting.SetResult(token = Mint());
                world.Run();
            }

            while (answersPushes && pushes.TryDequeue(out var push))
            {
                world.Socket.Subscribed(push); // the server subscribes anew with every new token
            }
        }
    }

    [Fact]
    public void A_connection_that_lasts_just_long_enough_each_time()
    {
        var age = 0;
        FakeRealtimeSocket? last = null;
        var hour = new Hour
        {
            Second = w =>
            {
                age = ReferenceEquals(last, w.Socket) ? age + 1 : 1;
                last = w.Socket;
                if (age == 11)
                {
                    w.Socket.Break();
                }
            },
        };
        hour.Run(output).Should().BeWithin(dials: 1 + (3600 / 11), joins: 1 + (3600 / 11), questions: 1 + (3600 / 11), other: 0);
    }

    [Fact]
    public void A_server_that_never_answers_a_beat()
    {
        var hour = new Hour { AnswersBeats = false };
        hour.Run(output).Should().BeWithin(dials: 3600 / 50, joins: 3600 / 50, questions: 3600 / 50, other: 3600 / 50);
    }

    private static void Refuse(FakeRealtimeServer server, int? status, string body)
    {
        if (status is { } code)
        {
            server.RefuseNext(code, body);
        }
        else
        {
            server.FailNext(new IOException(body));
        }
    }

    private static void Repeat(int times, Action action)
    {
        for (var i = 0; i < times; i++)
        {
            action();
        }
    }

    /// <summary>An hour with a server: polite where it is not told otherwise.</summary>
    private sealed class Hour
    {
        public int Channels { get; init; } = 1;

        public bool AnswersBeats { get; init; } = true;

        public Action<World> Prepare { get; init; } = static _ => { };

        public Action<FakeRealtimeSocket> Opened { get; init; } = static _ => { };

        public Action<FakeRealtimeSocket, SentFrame> Joining { get; init; } = static (socket, join) =>
        {
            socket.AcceptJoin(join);
            socket.Subscribed(join);
        };

        public Action<World> Second { get; init; } = static _ => { };

        public Func<string> Token { get; init; } = static () => "token";

        public Requests Run(ITestOutputHelper output)
        {
            var tokens = new FakeTokens { Answer = (_, _) => ValueTask.FromResult<string?>(Token()) };
            var world = new World(tokens: tokens);
            world.Server.Opened = socket =>
            {
                socket.OnSent = text => Answer(socket, SentFrame.Parse(text));
                Opened(socket);
            };
            Prepare(world);
            var seen = Enumerable.Range(0, Channels).Select(i => new StreamRecorder<TableChange<long, Todo>>(
                world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}"), new ChangeStreamOptions { Group = $"g{i}" }))).ToList();
            for (var second = 0; second < 3600; second++)
            {
                world.Advance(1);
                Second(world);
            }

            seen.ForEach(static s => s.Dispose());
            var sent = world.Server.Sockets.SelectMany(static s => s.Frames()).ToList();
            var joins = sent.Count(static f => f.Event == "phx_join");
            var requests = new Requests(world.Server.Dialed.Count, joins, tokens.Asked.Count, sent.Count - joins);
            output.WriteLine(requests.ToString());
            return requests;
        }

        private void Answer(FakeRealtimeSocket socket, SentFrame frame)
        {
            switch (frame.Event)
            {
                case "phx_join":
                    Joining(socket, frame);
                    break;
                case "heartbeat" when AnswersBeats:
                    socket.Reply(frame, "ok", "{}");
                    break;
                case "phx_leave":
                    socket.Reply(frame, "ok", "{}");
                    socket.CloseChannel(frame);
                    break;
            }
        }
    }

    private sealed record Requests(int Dials, int Joins, int Questions, int Other)
    {
        public RequestsAssertions Should() => new(this);
    }

    private sealed class RequestsAssertions(Requests requests)
    {
        public void BeWithin(int dials, int joins, int questions, int other)
        {
            // The hour must have happened, too.
            requests.Dials.Should().BeInRange(1, dials);
            requests.Joins.Should().BeLessThanOrEqualTo(joins);
            requests.Questions.Should().BeInRange(1, questions);
            requests.Other.Should().BeLessThanOrEqualTo(other);
        }
    }
}
