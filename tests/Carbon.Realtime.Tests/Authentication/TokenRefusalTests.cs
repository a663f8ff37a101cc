using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>What happens when the server refuses a token, or ends a channel with it.</summary>
public sealed class TokenRefusalTests : TokenTestBase
{
    private const string Expired = "InvalidJWTToken: Token has expired 4 seconds ago";
    private const string BadSignature = "JwtSignatureError: Failed to validate JWT signature";

    private IChangeStream<string, SalesOrder> Stream => World.Manager.Changes(Shop.SalesOrders);

    [Fact]
    public void When_the_server_ends_a_channel_at_expiry_a_fresh_token_is_asked_for_and_the_channel_joined_again()
    {
        Tokens.Token = Jwt.Create(Now.AddSeconds(8), mark: "a");
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(request.Reason == AccessTokenReason.Rejected ? "fresh" : Tokens.Token);
        using var seen = Watch();
        World.Join();
        World.Advance(8);
        var join = World.Socket.Join();
        World.Socket.System(join, "system", "error", "Token has expired 0 seconds ago");
        World.Socket.CloseChannel(join);
        World.Run();
        Tokens.Asked.Should().EndWith([AccessTokenReason.Rejected]);
        World.Socket.Join().AccessToken.Should().Be("fresh");
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void A_join_refused_for_its_token_is_tried_at_once_with_a_fresh_one_and_then_with_back_off()
    {
        World.AutoJoin = false;
        Tokens.Token = "old";
        GiveFreshOnes();
        using var seen = Watch();
        World.Join();
        World.Socket.RefuseJoin(World.Socket.Join(), "InvalidJWTToken: Token has expired 4 seconds ago");
        World.Run();
        Tokens.Asked.Should().EndWith([AccessTokenReason.Rejected]);
        World.Socket.Frames("phx_join").Should().HaveCount(2);
        World.Socket.RefuseJoin(World.Socket.Join(), "InvalidJWTToken: Token has expired 9 seconds ago");
        World.Run();
        World.Socket.Frames("phx_join").Should().HaveCount(2, "a failing join blocks the socket for five seconds: not again at once");
        World.Manager.Changes(Shop.SalesOrders).Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenExpired);
        World.Advance(3);
        World.Socket.Frames("phx_join").Should().HaveCount(3);
    }

    [Fact]
    public void A_token_whose_signature_is_refused_is_refreshed_once_and_then_told()
    {
        World.AutoJoin = false;
        Tokens.Token = "signed by somebody else";
        GiveFreshOnes();
        var stream = World.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch();
        World.Join();
        World.Socket.RefuseJoin(World.Socket.Join(), "JwtSignatureError: Failed to validate JWT signature");
        World.Run();
        stream.Status.State.Should().NotBe(RealtimeState.Faulted, "the key may have been rotated: a fresh token may do");
        World.Socket.RefuseJoin(World.Socket.Join(), "JwtSignatureError: Failed to validate JWT signature");
        World.Run();
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenRejected);
        Tokens.Token = "signed by the right one";
        _ = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        World.Socket.Join().AccessToken.Should().Be(Tokens.Token, "a changed token is tried at once, whatever the wait");
    }

    [Fact]
    public void The_refused_token_given_again_is_not_joined_with_at_once_and_the_status_says_so()
    {
        World.AutoJoin = false;
        Tokens.Token = "old";
        using var seen = Watch();
        World.Join();
        World.Socket.RefuseJoin(World.Socket.Join(), Expired);
        World.Run();
        Tokens.Asked.Should().EndWith([AccessTokenReason.Rejected]);
        Joins.Should().ContainSingle("it would be refused again, and the socket be deaf for five seconds");
        Stream.Status.State.Should().Be(RealtimeState.Recovering);
        Stream.Status.NextRetry.Should().BeAfter(Now);
        Stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenExpired);
        Stream.Status.Error.IsTransient.Should().BeTrue();
        Stream.Status.Error.ServerCode.Should().Be("InvalidJWTToken");
        Stream.Status.Error.Message.Should().Contain("returned the refused one again").And.Contain("MustBeFresh").And.Contain("4 seconds ago");
        World.Advance(2.1);
        Joins.Should().HaveCount(2, "after the back-off the server may judge again: its clock may have been the wrong one");
    }

    [Fact]
    public void It_is_told_too_when_it_is_not_the_first_refusal()
    {
        World.AutoJoin = false;
        Tokens.Token = "old";
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(request.MustBeFresh ? "as old" : Tokens.Token);
        using var seen = Watch();
        World.Join();
        World.Socket.RefuseJoin(World.Socket.Join(), Expired);
        World.Run();
        World.Socket.Join().AccessToken.Should().Be("as old", "another one is tried at once");
        World.Socket.RefuseJoin(World.Socket.Join(), Expired);
        World.Run();
        Joins.Should().HaveCount(2);
        Stream.Status.State.Should().Be(RealtimeState.Recovering);
        Stream.Status.Error!.Message.Should().Contain("returned the refused one again");
    }

    [Theory]
    [InlineData(Expired, RealtimeErrorReason.TokenExpired)]
    [InlineData(BadSignature, RealtimeErrorReason.TokenRejected)]
    public async Task A_different_token_ends_the_wait_for_one_at_once(string refusal, RealtimeErrorReason reason)
    {
        World.AutoJoin = false;
        Tokens.Token = "old";
        using var seen = Watch();
        World.Join();
        World.Socket.RefuseJoin(World.Socket.Join(), refusal);
        World.Run();
        Stream.Status.Error!.Reason.Should().Be(reason);
        var joins = Joins.Count;
        await RefreshAsync();
        Joins.Should().HaveCount(joins, "it is the same token");
        Tokens.Token = "new";
        await RefreshAsync();
        Joins.Should().HaveCount(joins + 1);
        World.Socket.Join().AccessToken.Should().Be("new");
    }

    [Fact]
    public void A_badly_signed_token_given_again_is_somebodys_to_change_and_tried_slowly()
    {
        World.AutoJoin = false;
        Tokens.Token = "signed by somebody else";
        using var seen = Watch();
        World.Join();
        World.Socket.RefuseJoin(World.Socket.Join(), BadSignature);
        World.Run();
        Stream.Status.State.Should().Be(RealtimeState.Faulted);
        Stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenRejected);
        Stream.Status.Error.IsTransient.Should().BeFalse();
        Stream.Status.Error.Message.Should().Contain("returned the refused one again");
        World.Advance(29);
        Joins.Should().ContainSingle();
    }

    [Fact]
    public void A_token_known_to_be_refused_is_not_tried_on_every_other_channel_of_its_user()
    {
        World.AutoJoin = false;
        Tokens.Token = "old";
        var all = Enumerable.Range(0, 6).Select(i => new StreamRecorder<TableChange<string, SalesOrder>>(
            World.Manager.Changes(Shop.SalesOrders.Where($"status=eq.{i}"), new ChangeStreamOptions { Group = $"g{i}" }))).ToList();
        World.Join();
        Joins.Should().HaveCount(4, "so many are in flight at a time");
        World.Socket.RefuseJoin(World.Socket.Join(0), Expired);
        World.Run();
        Joins.Should().HaveCount(4, "each would be refused after five seconds");
        all.Should().AllSatisfy(s => s.Items.Should().BeEmpty());
    }

    [Fact]
    public void Channels_that_end_together_at_an_expiry_ask_for_one_fresh_token()
    {
        Tokens.Token = "old";
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(request.MustBeFresh ? $"fresh {Tokens.Asked.Count}" : Tokens.Token);
        var all = Enumerable.Range(0, 3).Select(i => new StreamRecorder<TableChange<string, SalesOrder>>(
            World.Manager.Changes(Shop.SalesOrders.Where($"status=eq.{i}"), new ChangeStreamOptions { Group = $"g{i}" }))).ToList();
        World.Join();
        World.Advance(60);
        foreach (var join in Joins)
        {
            World.Socket.System(join, "system", "error", "Token has expired 0 seconds ago");
            World.Socket.CloseChannel(join);
            World.Run();
        }

        Tokens.Asked.Count(r => r == AccessTokenReason.Rejected).Should().Be(1);
        Joins.Skip(3).Select(j => j.AccessToken).Should().Equal("fresh 2", "fresh 2", "fresh 2");
        all.Should().AllSatisfy(s => s.Items.Should().HaveCount(2));
    }

    [Fact]
    public async Task A_change_told_while_a_fresh_token_is_asked_for_still_wants_a_fresh_one()
    {
        World.AutoJoin = false;
        Tokens.Token = "old";
        using var seen = Watch();
        World.Join();
        var answer = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new ValueTask<string?>(answer.Task);
        World.Socket.RefuseJoin(World.Socket.Join(), Expired);
        World.Run();
        var change = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        answer.SetResult("old");
        await World.Env.RunAsync(change, TimeSpan.FromSeconds(1));
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Rejected, AccessTokenReason.Rejected);
        Joins.Should().ContainSingle("a cache that was asked for less would have made the refused one good enough");
    }

    [Fact]
    public async Task Without_a_token_it_is_the_api_key_that_ended_which_somebody_must_change_or_sign_in()
    {
        using var seen = Watch();
        World.Join();
        World.Socket.System(World.Socket.Join(), "system", "error", "Token has expired 0 seconds ago");
        World.Socket.CloseChannel(World.Socket.Join());
        World.Run();
        Joins.Should().ContainSingle("the same key would be refused");
        Stream.Status.State.Should().Be(RealtimeState.Faulted);
        Stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.InvalidApiKey);
        Stream.Status.Error.Message.Should().Contain("ApiKey").And.Contain("sign somebody in");
        Tokens.Token = "somebody";
        await RefreshAsync();
        World.Run();
        World.Socket.Join().AccessToken.Should().Be("somebody");
        Stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void An_expired_api_key_that_refuses_the_connect_is_surfaced_and_no_users_token_is_blamed()
    {
        Tokens.Token = "somebody";
        World.Server.RefuseNext(401, """{"error":"Token has expired"}""");
        using var seen = Watch();
        World.Advance(5);
        World.Manager.Status.State.Should().Be(RealtimeState.Faulted);
        World.Manager.Status.Error!.Reason.Should().Be(RealtimeErrorReason.InvalidApiKey);
        World.Manager.Status.Error.Message.Should().Contain("ApiKey").And.Contain("Token has expired");
        Stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.InvalidApiKey);
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect);
        World.Server.Dialed.Should().ContainSingle("it is tried again slowly");
        World.Advance(60);
        World.Server.Dialed.Should().HaveCount(2);
        Stream.Status.State.Should().Be(RealtimeState.Live);
    }

    /// <summary>Asked for a fresh token, the provider makes one, different each time; the server is free to refuse it too.</summary>
    private void GiveFreshOnes() => Tokens.Answer = (request, _) =>
        ValueTask.FromResult(request.Reason == AccessTokenReason.Rejected ? $"fresh {Tokens.Asked.Count}" : Tokens.Token);

    [Fact]
    public void A_refused_signature_after_another_fault_still_asks_for_a_fresh_token()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens) { AutoJoin = false };
        tokens.Answer = (r, _) => ValueTask.FromResult<string?>(r.MustBeFresh ? "fresh" : "cached");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), "InitializingProjectConnection: Realtime is initializing the project connection");
        world.Advance(3);
        world.Socket.Frames("phx_join").Should().HaveCount(2);
        for (var i = 0; i < 10; i++)
        {
            world.Socket.RefuseJoin(world.Socket.Join(), BadSignature);
            world.Advance(700);
        }

        tokens.Asked.Should().Contain(AccessTokenReason.Rejected);
    }

    [Fact]
    public void A_question_for_a_fresh_token_that_failed_is_put_again_as_such()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens) { AutoJoin = false };
        var fails = true;
        tokens.Answer = (r, _) => !r.MustBeFresh ? ValueTask.FromResult<string?>("cached") : fails ? throw new IOException() : ValueTask.FromResult<string?>("fresh");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), BadSignature);
        world.Run();
        fails = false;
        world.Advance(3);
        world.Socket.Frames("phx_join").Select(j => j.AccessToken).Should().Equal("cached", "fresh");
    }
}
