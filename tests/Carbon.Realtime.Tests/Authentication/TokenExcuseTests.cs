using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Channels;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Stores;
using Carbon.Realtime.Tests.Support;
using Xunit.Abstractions;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>What a token was refused for is told of no other token, wherever its channel is on its way to the next join; and no provider buys a storm with it.</summary>
public sealed class TokenExcuseTests(ITestOutputHelper output) : TokenTestBase
{
    private const string BadSignature = "JwtSignatureError: Failed to validate JWT signature";
    private const string Malformed = "MalformedJWT: The token provided is not a valid JWT";

    private IChangeStream<string, SalesOrder> Stream => World.Manager.Changes(Shop.SalesOrders);

    private (RealtimeState State, RealtimeException? Error) Told => (Stream.Status.State, Stream.Status.Error);

    [Fact]
    public async Task A_channel_whose_wait_has_just_ended_tells_nothing_of_the_token_before()
    {
        using var seen = Refused();
        var slow = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new(slow.Task);
        EndWait();
        Tokens.Asked.Should().EndWith([AccessTokenReason.Join]);
        Stream.Status.State.Should().Be(RealtimeState.Faulted);

        Tokens.Answer = null;
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "good");
        var signedIn = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        slow.SetResult("bad");
        await World.Env.RunAsync(signedIn, TimeSpan.FromSeconds(1));

        Told.Should().Be((RealtimeState.Joining, null));
        World.Socket.Join().AccessToken.Should().Be(Tokens.Token);
    }

    [Fact]
    public async Task A_channel_that_is_joining_with_the_old_token_tells_nothing_of_it()
    {
        using var seen = Refused();
        EndWait();
        Joins.Select(static j => j.AccessToken).Should().Equal("bad", "bad");
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "good");
        await RefreshAsync();
        Told.Should().Be((RealtimeState.Joining, null));

        World.Socket.RefuseJoin(World.Socket.Join(), Malformed);
        World.Run();
        (Stream.Status.State, Stream.Status.Error!.IsTransient).Should().Be((RealtimeState.Recovering, true));
        World.AutoJoin = true;
        World.Advance(2);
        World.Socket.Join().AccessToken.Should().Be(Tokens.Token);
        Stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void A_channel_that_is_joining_and_lacked_nothing_but_an_answer_tells_nothing_of_that_either()
    {
        World.AutoJoin = false;
        Tokens.Answer = static (_, _) => throw new HttpRequestException();
        using var seen = Watch();
        World.Join();
        Stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        Tokens.Answer = null;
        Tokens.Token = "good";
        EndWait();

        Joins.Should().ContainSingle();
        Told.Should().Be((RealtimeState.Joining, null));
    }

    [Fact]
    public async Task What_another_token_is_refused_for_stays_told_while_the_same_one_is_given_again()
    {
        using var seen = Refused();
        EndWait();
        await RefreshAsync();
        (Stream.Status.State, Stream.Status.Error!.Reason).Should().Be((RealtimeState.Faulted, RealtimeErrorReason.TokenRejected));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_waits_for_a_store_right_after_a_sign_in_is_not_told_what_the_old_token_was_refused_for(bool isJoining)
    {
        Tokens.Token = Jwt.Create(DateTimeOffset.UtcNow.AddYears(5), mark: "bad");
        var bad = Tokens.Token;
        var world = new StoreWorld(tokens: Tokens).Write("a", "v1");
        world.World.AutoJoin = false;
        world.Rest.Script = (_, request) => request.Headers.Authorization!.Parameter == bad ? FakePostgrest.Error(401, "PGRST302") : null;
        world.Store.Start();
        world.Settle();
        world.Socket.RefuseJoin(world.Join, Malformed);
        world.World.Advance(5);
        world.State.Should().Be(StoreState.NeedsAuth);

        var slow = new TaskCompletionSource<string?>();
        if (!isJoining)
        {
            Tokens.Answer = (_, _) => new(slow.Task);
        }

        for (var tenth = 0; tenth < 700 && Tokens.Asked[^1] != AccessTokenReason.Join; tenth++)
        {
            world.World.Advance(0.1);
        }

        world.Socket.Frames("phx_join").Should().HaveCount(isJoining ? 2 : 1);
        Tokens.Answer = null;
        Tokens.Token = Jwt.Create(DateTimeOffset.UtcNow.AddYears(5), mark: "good");
        world.HoldReads();
        var waited = world.World.Env.Environment.Scheduler.Start(async () =>
        {
            await world.World.Manager.RefreshAccessTokenAsync();
            await world.Store.WhenLiveAsync().ConfigureAwait(false);
        });
        world.World.Run();
        slow.TrySetResult(bad);
        world.World.Advance(0.1);

        waited.IsCompleted.Should().BeFalse("nobody knows yet what the new token is worth");
        world.State.Should().NotBe(StoreState.NeedsAuth);
    }

    [Fact]
    public async Task A_token_that_the_program_tells_of_while_a_refused_one_is_being_replaced_ends_the_wait_of_faulted_channels()
    {
        World.AutoJoin = false;
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "old");
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(
            request.MustBeFresh ? Jwt.Create(Now.AddHours(1), mark: $"fresh {Tokens.Asked.Count}") : Tokens.Token);
        using var seen = Watch();
        using var others = new StreamRecorder<TableChange<long, Todo>>(World.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "other" }));
        World.Join();
        Refuse(0, BadSignature);
        Refuse(2, BadSignature);
        Stream.Status.State.Should().Be(RealtimeState.Faulted, "a fresh token was refused, too");

        World.Advance(6);
        var slow = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new(slow.Task);
        var asked = Tokens.Asked.Count;
        Refuse(1, "InvalidJWTToken: Token has expired 4 seconds ago");
        Tokens.Asked.Skip(asked).Should().Equal(AccessTokenReason.Rejected);
        var joins = Joins.Count;
        var good = Jwt.Create(Now.AddHours(1), mark: "good");
        Tokens.Answer = (_, _) => ValueTask.FromResult<string?>(good);
        var signedIn = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        slow.SetResult(Tokens.Token);
        await World.Env.RunAsync(signedIn, TimeSpan.FromSeconds(1));
        World.Run();
        Joins.Skip(joins).Select(static j => j.AccessToken).Should().Equal(good, good);
    }

    [Theory]
    [InlineData(Malformed)]
    [InlineData(BadSignature)]
    public void Reads_that_are_refused_beside_each_join_and_bring_new_bad_tokens_drive_no_joins_without_a_pause(string refusal)
    {
        var made = 0;
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(request.MustBeFresh ? $"token {++made}" : $"token {made}");
        World.AutoJoin = false;
        using var seen = Watch();
        var refused = 0;
        for (var seconds = 0; seconds < 3600; seconds += 5)
        {
            World.Advance(5);
            for (; refused < Joins.Count; refused++)
            {
                _ = World.Manager.User.Tokens.AskAsync(AccessTokenReason.Rejected); // as a read does whose token was refused
                World.Run();
                World.Socket.RefuseJoin(World.Socket.Join(refused), refusal);
                World.Run();
            }
        }

        output.WriteLine($"{refused} joins, {made} tokens");
        refused.Should().BeInRange(10, 28, "a join of an old token is made again soon, but not twice in a row");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void A_provider_that_makes_a_new_bad_token_each_time_drives_no_channel_to_join_without_a_pause(int channels)
    {
        var made = 0;
        Tokens.Token = "token 0";
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(Tokens.Token = request.MustBeFresh ? $"token {++made}" : Tokens.Token);
        var server = new SerialServer(World) { Answer = static _ => (5, BadSignature) };
        var seen = Enumerable.Range(0, channels).Select(i => new StreamRecorder<TableChange<long, Todo>>(
            World.Manager.Changes(Shop.Todos.Where($"id=eq.{i}"), new ChangeStreamOptions { Group = $"g{i}" }))).ToList();
        World.Advance(3600);

        output.WriteLine($"{channels} channels: {server.Joins} joins, {Tokens.Asked.Count} questions");
        server.Joins.Should().BeLessThanOrEqualTo(channels * 28, "for each slow wait there is one join of a token that was replaced meanwhile, at most");
        seen.Should().OnlyContain(static s => s.Items.Count == 0);
    }

    private void Refuse(int join, string reason)
    {
        World.Socket.RefuseJoin(World.Socket.Join(join), reason);
        World.Run();
    }

    /// <summary>Moves the clock to the moment in which the channel's wait ends; timers count whole milliseconds.</summary>
    private void EndWait() => World.Env.Advance(Stream.Status.NextRetry!.Value - Now + TimeSpan.FromMilliseconds(1));

    /// <summary>A channel whose token the server refused for good.</summary>
    private StreamRecorder<TableChange<string, SalesOrder>> Refused()
    {
        World.AutoJoin = false;
        Tokens.Token = "bad";
        var seen = Watch();
        World.Join();
        Refuse(0, Malformed);
        Stream.Status.State.Should().Be(RealtimeState.Faulted);
        return seen;
    }
}
