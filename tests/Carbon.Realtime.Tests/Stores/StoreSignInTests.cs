using System.Buffers.Text;
using System.Text;
using Carbon.Realtime.Stores;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>After a good sign-in nobody is told what was wrong with the token before.</summary>
public sealed class StoreSignInTests
{
    private const string Malformed = "MalformedJWT: The token provided is not a valid JWT";

    private readonly FakeTokens _tokens = new() { Token = Token("bad") };

    [Theory]
    [InlineData("user_1")]
    [InlineData("user_2")]
    public async Task Waiting_after_a_good_sign_in_does_not_end_with_the_old_tokens_error(string user)
    {
        var world = Refused();
        _tokens.Token = Token("good", user);
        world.HoldReads();
        var waited = SignInAndWait(world);
        world.World.Run();
        waited.IsCompleted.Should().BeFalse("rows are still being read, and nothing says that they cannot be");
        world.Store.Status.State.Should().NotBe(StoreState.NeedsAuth);

        world.World.AutoJoin = true;
        world.Socket.AcceptJoin(world.Join);
        world.Socket.Subscribed(world.Join);
        world.ReleaseReads();
        world.World.Advance(1);
        await waited.WaitAsync(TimeSpan.FromMinutes(1));
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public async Task A_sign_in_with_another_bad_token_ends_waits_as_the_first_did()
    {
        var world = Refused();
        _tokens.Token = Token("bad too");
        var waited = SignInAndWait(world);
        world.World.Advance(5);
        var thrown = await waited.Awaiting(static w => w.WaitAsync(TimeSpan.FromMinutes(1))).Should().ThrowAsync<RealtimeException>();
        thrown.Which.Reason.Should().Be(RealtimeErrorReason.TokenRejected);
    }

    [Fact]
    public async Task Before_anybody_took_note_of_a_new_token_the_old_ones_error_ends_no_wait()
    {
        var world = Refused();
        ((IStoreControl)world.Store).OnTokenRenewed();
        var waited = world.Store.WhenLiveAsync();
        waited.IsCompleted.Should().BeFalse("the actor has yet to look at what the new token brings");

        world.World.Advance(5);
        await waited.Awaiting(static w => w.WaitAsync(TimeSpan.FromMinutes(1))).Should().ThrowAsync<RealtimeException>();
    }

    [Fact]
    public async Task What_has_nothing_to_do_with_the_token_still_ends_waits_after_a_sign_in()
    {
        _tokens.Token = Token("good");
        var world = new StoreWorld(tokens: _tokens).Live();
        world.Rest.Script = static (_, _) => FakePostgrest.Error(404, "PGRST205");
        world.TellOk();
        world.State.Should().Be(StoreState.Faulted);

        _tokens.Token = Token("better");
        await world.World.Env.RunAsync(world.World.Manager.RefreshAccessTokenAsync());
        var thrown = await world.Store.Awaiting(static s => s.WhenLiveAsync().WaitAsync(TimeSpan.FromMinutes(1))).Should().ThrowAsync<RealtimeException>();
        thrown.Which.Reason.Should().Be(RealtimeErrorReason.TableMisconfigured);
    }

    [Fact]
    public void A_join_that_is_refused_for_a_token_that_was_replaced_meanwhile_is_made_again_at_once_with_the_new_one()
    {
        var world = new World(tokens: _tokens) { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        _tokens.Token = Token("good");
        _ = world.Manager.RefreshAccessTokenAsync();
        world.Run();
        world.Socket.RefuseJoin(world.Socket.Join(), Malformed);
        world.Run();
        (stream.Status.State, stream.Status.Error!.IsTransient).Should().Be((RealtimeState.Recovering, true));

        world.AutoJoin = true;
        world.Advance(1);
        world.Socket.Join().AccessToken.Should().Be(_tokens.Token);
        stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Theory]
    [InlineData("PGRST301")]
    [InlineData("PGRST302")]
    public async Task A_read_that_is_refused_for_a_token_that_was_replaced_meanwhile_is_made_again_with_the_new_one(string code)
    {
        var world = new SnapshotWorld();
        world.AddNumbers(1);
        world.Rest.Held = new TaskCompletionSource();
        world.Rest.Script = (n, _) => n == 1 ? FakePostgrest.Error(401, code) : null;
        var scan = world.Env.Environment.Scheduler.Start(() => world.Reader(SnapshotWorld.Numbers).ScanAsync(false, static _ => { }, default));
        world.Env.RunUntilIdle();
        world.Tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(2), mark: "b");
        _ = world.Session.AskAsync(AccessTokenReason.Changed);
        world.Env.RunUntilIdle();
        var held = world.Rest.Held;
        world.Rest.Held = null;
        world.Env.Scheduler.Post(held.SetResult);
        await world.Env.RunAsync(scan);
        world.Rest.Requests[1].Headers.Authorization!.Parameter.Should().Be(world.Tokens.Token);
    }

    private static string Token(string mark, string user = "user_1") => Jwt.Create(DateTimeOffset.UtcNow.AddYears(5), user, mark: mark);

    /// <summary>A store whose token socket and reads refuse for good.</summary>
    private StoreWorld Refused()
    {
        var world = new StoreWorld(tokens: _tokens).Write("a", "v1");
        world.World.AutoJoin = false;
        world.Rest.Script = static (_, request) => IsBad(request.Headers.Authorization!.Parameter!) ? FakePostgrest.Error(401, "PGRST302") : null;
        world.Store.Start();
        world.Settle();
        world.Socket.RefuseJoin(world.Join, Malformed);
        world.World.Advance(5);
        world.State.Should().Be(StoreState.NeedsAuth);
        world.Store.Status.Error!.IsTransient.Should().BeFalse();
        return world;
    }

    /// <summary>Waits on the scheduler's thread, right where the sign-in completes. The wait itself is a program's, and ends on the thread pool.</summary>
    private static Task SignInAndWait(StoreWorld world) => world.World.Env.Environment.Scheduler.Start(async () =>
    {
        await world.World.Manager.RefreshAccessTokenAsync();
        await world.Store.WhenLiveAsync().ConfigureAwait(false);
    });

    private static bool IsBad(string token) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[1])).Contains("\"m\":\"bad", StringComparison.Ordinal);
}
