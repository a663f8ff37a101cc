using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>Refusals, sign-ins and lost connections that meet a question which is under way, or an answer that came a moment ago.</summary>
public sealed class TokenRaceTests : TokenTestBase
{
    private const string Expired = "InvalidJWTToken: Token has expired 4 seconds ago";
    private const string BadSignature = "JwtSignatureError: Failed to validate JWT signature";

    private IChangeStream<string, SalesOrder> Stream => World.Manager.Changes(Shop.SalesOrders);

    [Fact]
    public async Task Another_user_who_signs_in_while_a_refused_token_is_being_replaced_ends_the_wait_of_faulted_channels()
    {
        World.AutoJoin = false;
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "old");
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(
            request.MustBeFresh ? Jwt.Create(Now.AddHours(1), mark: $"fresh {Tokens.Asked.Count}") : Tokens.Token);
        using var seen = Watch();
        using var others = WatchTodos();
        World.Join();
        Refuse(0, BadSignature);
        Refuse(2, BadSignature);
        Stream.Status.State.Should().Be(RealtimeState.Faulted, "a fresh token was refused, too");

        World.Advance(6);
        var slow = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new ValueTask<string?>(slow.Task);
        Refuse(1, BadSignature);
        Tokens.Asked.Should().EndWith([AccessTokenReason.Rejected]);
        var joins = Joins.Count;
        var somebody = Jwt.Create(Now.AddHours(1), sub: "user_2");
        Tokens.Answer = (_, _) => ValueTask.FromResult<string?>(somebody);
        var signedIn = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        slow.SetResult(Tokens.Token);
        await World.Env.RunAsync(signedIn, TimeSpan.FromSeconds(1));
        World.Run();
        Joins.Skip(joins).Select(static j => j.AccessToken).Should().Equal([somebody, somebody], "what the server held against the first user is none of the second's");
    }

    [Fact]
    public void A_refusal_that_meets_a_running_refresh_does_not_join_with_the_refused_token_when_that_brings_it_again()
    {
        Tokens.Token = Jwt.Create(Now.AddSeconds(100));
        using var seen = Watch();
        World.Join();
        var refresh = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new ValueTask<string?>(refresh.Task);
        World.Advance(51);
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Expiring);
        EndForItsToken(World.Socket.Join());
        refresh.SetResult(Tokens.Token);
        World.Run();
        Joins.Should().ContainSingle("it would be refused again, and the socket be deaf for five seconds");
        Stream.Status.Error!.Message.Should().Contain("returned the refused one again");
        Stream.Status.NextRetry.Should().BeAfter(Now);
        Tokens.Asked.Should().HaveCount(2, "a refresh wants a fresh token as much as a refusal does");
    }

    [Fact]
    public void A_refusal_that_meets_a_running_refresh_joins_with_what_that_brings()
    {
        Tokens.Token = Jwt.Create(Now.AddSeconds(100));
        using var seen = Watch();
        World.Join();
        var refresh = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new ValueTask<string?>(refresh.Task);
        World.Advance(51);
        EndForItsToken(World.Socket.Join());
        Joins.Should().ContainSingle("nobody joins with a token that is being replaced");
        refresh.SetResult("fresh");
        World.Run();
        Joins.Should().HaveCount(2);
        World.Socket.Join().AccessToken.Should().Be("fresh");
        Tokens.Asked.Should().HaveCount(2);
    }

    [Fact]
    public async Task Another_token_that_is_old_by_now_does_not_spare_the_question_for_a_fresh_one()
    {
        World.AutoSubscribed = false;
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        Tokens.Token = "two";
        await RefreshAsync();
        World.Advance(10);
        EndForItsToken(World.Socket.Join());
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Changed, AccessTokenReason.Rejected);
    }

    [Fact]
    public async Task A_token_that_is_refused_as_soon_as_it_was_pushed_is_replaced_and_not_joined_with()
    {
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        Tokens.Token = "two";
        await RefreshAsync();
        Pushes.Should().ContainSingle();
        Tokens.Token = "three";
        EndForItsToken(World.Socket.Join());
        Tokens.Asked.Should().EndWith([AccessTokenReason.Rejected]);
        Joins.Select(static j => j.AccessToken).Should().Equal("one", "three");
    }

    [Fact]
    public void A_fresh_token_that_is_refused_at_once_is_replaced_by_another_fresh_one()
    {
        World.AutoJoin = false;
        Tokens.Token = "old";
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(request.MustBeFresh ? $"fresh {Tokens.Asked.Count}" : Tokens.Token);
        using var seen = Watch();
        World.Join();
        Refuse(0, Expired);
        Refuse(1, Expired);
        World.Advance(3);
        Joins.Select(static j => j.AccessToken).Should().Equal("old", "fresh 2", "fresh 3");
    }

    [Fact]
    public void A_provider_that_gave_the_refused_token_again_is_asked_once_more_before_the_next_join()
    {
        World.AutoJoin = false;
        Tokens.Answer = (_, _) => ValueTask.FromResult<string?>(Tokens.Asked.Count < 3 ? "old" : "new");
        using var seen = Watch();
        World.Join();
        Refuse(0, Expired);
        World.Advance(3);
        Joins.Select(static j => j.AccessToken).Should().Equal("old", "new");
    }

    [Fact]
    public async Task A_refusal_stays_the_most_urgent_question_when_a_change_is_told_after_it()
    {
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        World.Advance(10);
        var slow = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new ValueTask<string?>(slow.Task);
        using var others = WatchTodos();
        World.Join();
        EndForItsToken(World.Socket.Join(0));
        var changed = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        slow.SetResult("two");
        await World.Env.RunAsync(changed, TimeSpan.FromSeconds(1));
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Join, AccessTokenReason.Rejected);
    }

    [Fact]
    public void A_refused_token_given_again_over_a_lost_connection_is_not_what_the_status_tells()
    {
        World.AutoJoin = false;
        Tokens.Token = "old";
        using var seen = Watch();
        World.Join();
        var answer = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new ValueTask<string?>(answer.Task);
        Refuse(0, Expired);
        World.Socket.Break();
        World.Run();
        answer.SetResult("old");
        World.Run();
        Stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.ConnectionLost);
        Stream.Status.NextRetry.Should().Be(World.Manager.Status.NextRetry);
    }

    [Fact]
    public void A_provider_that_fails_while_the_server_cannot_be_reached_is_not_what_the_status_tells()
    {
        World.Server.FailNext(new IOException());
        World.Server.HangNext();
        Tokens.Answer = static (_, _) => throw new InvalidOperationException();
        using var seen = Watch();
        World.Advance(2);
        Tokens.Asked.Should().Equal([AccessTokenReason.Connect], "the second dial came in the provider's back-off");
        World.Manager.Status.State.Should().Be(RealtimeState.Connecting);
        Stream.Status.State.Should().Be(RealtimeState.Connecting);
        Stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.ServerUnreachable);
    }

    [Fact]
    public void Who_comes_while_others_wait_for_a_provider_waits_with_them()
    {
        Tokens.Answer = static (_, _) => throw new InvalidOperationException();
        using var seen = Watch();
        World.Advance(120);
        Stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        using var others = WatchTodos();
        World.Join();
        var todos = World.Manager.Changes(Shop.Todos, Other).Status;
        todos.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        todos.NextRetry.Should().BeAfter(Now).And.Be(Stream.Status.NextRetry, "one question serves all");
    }

    private static ChangeStreamOptions Other => new() { Group = "other" };

    /// <summary>Another channel of the same user.</summary>
    private StreamRecorder<TableChange<long, Todo>> WatchTodos() => new(World.Manager.Changes(Shop.Todos, Other));

    private void Refuse(int join, string reason)
    {
        World.Socket.RefuseJoin(World.Socket.Join(join), reason);
        World.Run();
    }

    private void EndForItsToken(SentFrame join)
    {
        World.Socket.System(join, "system", "error", "Token has expired 0 seconds ago");
        World.Socket.CloseChannel(join);
        World.Run();
    }
}
