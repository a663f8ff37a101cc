using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

public sealed class TokenTests
{
    private readonly FakeTokens _tokens = new();
    private readonly World _world;

    public TokenTests() => _world = new World(tokens: _tokens);

    private DateTimeOffset Now => _world.Env.Time.GetUtcNow();

    [Fact]
    public void The_provider_is_asked_before_the_connect_and_its_token_travels_in_the_join()
    {
        _tokens.Token = "the-token";
        using var seen = Watch();
        _world.Run();
        _tokens.Asked.Should().Equal(AccessTokenReason.Connect);
        _world.Join();
        _tokens.Asked.Should().Equal([AccessTokenReason.Connect], "an answer of a moment ago serves the join");
        _world.Socket.Join().AccessToken.Should().Be("the-token");
    }

    [Fact]
    public void The_provider_is_asked_before_a_later_join_and_before_every_reconnect()
    {
        _tokens.Token = "one";
        using var seen = Watch();
        _world.Join();
        _world.Advance(60);
        _tokens.Token = "two";
        using var other = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos));
        _world.Join();
        _tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Join);
        _world.Socket.Join().AccessToken.Should().Be("two");
        _world.Socket.Frames("access_token").Should().ContainSingle("the joined channel gets the new token too");

        _tokens.Token = "three";
        _world.Socket.Break();
        _world.Advance(2);
        _tokens.Asked.Should().EndWith([AccessTokenReason.Connect]);
        _world.Socket.Frames("phx_join").Should().HaveCount(2).And.OnlyContain(j => j.AccessToken == "three");
    }

    [Fact]
    public void Without_a_token_the_join_goes_out_in_the_api_keys_role()
    {
        using var seen = Watch();
        _world.Join();
        _world.Socket.Join().Payload.TryGetProperty("access_token", out _).Should().BeFalse();
    }

    [Fact]
    public void An_api_key_given_as_access_token_is_not_sent_as_one()
    {
        _tokens.Token = "sb_publishable_abc";
        using var seen = Watch();
        _world.Join();
        _world.Socket.Join().AccessToken.Should().BeNull();
    }

    [Fact]
    public void A_token_is_refreshed_a_minute_before_it_expires_and_pushed_without_a_rejoin_or_a_gap()
    {
        _tokens.Token = Jwt.Create(Now.AddHours(1), mark: "a");
        using var seen = Watch();
        _world.Join();
        _tokens.Token = Jwt.Create(Now.AddHours(2), mark: "b");
        _world.Advance(3600 - 61);
        _tokens.Asked.Should().NotContain(AccessTokenReason.Expiring);
        _world.Advance(2);
        _tokens.Asked.Should().EndWith([AccessTokenReason.Expiring]);
        var push = _world.Socket.Frames("access_token").Should().ContainSingle().Subject;
        push.AccessToken.Should().Be(_tokens.Token);
        push.JoinRef.Should().Be(_world.Socket.Join().Ref);

        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Run();
        _world.Socket.Frames("phx_join").Should().HaveCount(1);
        seen.Items.Should().ContainSingle("our push explains the repeated ok");
        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Run();
        seen.Items.Should().HaveCount(2, "it explains one ok, not the next");
    }

    [Fact]
    public void A_provider_that_keeps_giving_the_same_token_is_asked_ever_more_urgently_but_never_in_a_loop()
    {
        _tokens.Token = Jwt.Create(Now.AddMinutes(10));
        using var seen = Watch();
        _world.Join();
        _world.Advance(700);
        _tokens.Asked.Count(r => r == AccessTokenReason.Expiring).Should().BeInRange(2, 8);
        _world.Socket.Frames("access_token").Should().BeEmpty("the server ignores the same token");
    }

    [Fact]
    public void When_the_server_ends_a_channel_at_expiry_a_fresh_token_is_asked_for_and_the_channel_joined_again()
    {
        _tokens.Token = Jwt.Create(Now.AddSeconds(8), mark: "a");
        _tokens.Answer = (request, _) => ValueTask.FromResult<string?>(request.Reason == AccessTokenReason.Rejected ? "fresh" : _tokens.Token);
        using var seen = Watch();
        _world.Join();
        _world.Advance(8);
        var join = _world.Socket.Join();
        _world.Socket.System(join, "system", "error", "Token has expired 0 seconds ago");
        _world.Socket.CloseChannel(join);
        _world.Run();
        _tokens.Asked.Should().EndWith([AccessTokenReason.Rejected]);
        _world.Socket.Join().AccessToken.Should().Be("fresh");
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void A_join_refused_for_its_token_is_tried_at_once_with_a_fresh_one_and_then_with_back_off()
    {
        _world.AutoJoin = false;
        _tokens.Token = "old";
        using var seen = Watch();
        _world.Join();
        _world.Socket.RefuseJoin(_world.Socket.Join(), "InvalidJWTToken: Token has expired 4 seconds ago");
        _world.Run();
        _tokens.Asked.Should().EndWith([AccessTokenReason.Rejected]);
        _world.Socket.Frames("phx_join").Should().HaveCount(2);
        _world.Socket.RefuseJoin(_world.Socket.Join(), "InvalidJWTToken: Token has expired 9 seconds ago");
        _world.Run();
        _world.Socket.Frames("phx_join").Should().HaveCount(2, "a failing join blocks the socket for five seconds: not again at once");
        _world.Manager.Changes(Shop.SalesOrders).Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenExpired);
        _world.Advance(3);
        _world.Socket.Frames("phx_join").Should().HaveCount(3);
    }

    [Fact]
    public void A_token_whose_signature_is_refused_is_refreshed_once_and_then_told()
    {
        _world.AutoJoin = false;
        _tokens.Token = "signed by somebody else";
        var stream = _world.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch();
        _world.Join();
        _world.Socket.RefuseJoin(_world.Socket.Join(), "JwtSignatureError: Failed to validate JWT signature");
        _world.Run();
        stream.Status.State.Should().NotBe(RealtimeState.Faulted, "the key may have been rotated: a fresh token may do");
        _world.Socket.RefuseJoin(_world.Socket.Join(), "JwtSignatureError: Failed to validate JWT signature");
        _world.Run();
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenRejected);
        _tokens.Token = "signed by the right one";
        _ = _world.Manager.RefreshAccessTokenAsync();
        _world.Run();
        _world.Socket.Join().AccessToken.Should().Be(_tokens.Token, "a changed token is tried at once, whatever the wait");
    }

    [Fact]
    public async Task A_changed_token_is_pushed_on_every_joined_channel_and_nothing_is_rejoined()
    {
        _tokens.Token = Jwt.Create(Now.AddHours(1), mark: "a");
        using var one = Watch();
        using var two = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "other" }));
        _world.Join();
        _tokens.Token = Jwt.Create(Now.AddHours(1), mark: "b");
        await _world.Env.RunAsync(_world.Manager.RefreshAccessTokenAsync());
        _world.Socket.Frames("access_token").Should().HaveCount(2).And.OnlyContain(f => f.AccessToken == _tokens.Token);
        _world.Socket.Frames("phx_join").Should().HaveCount(2);
        _world.Socket.Frames("phx_leave").Should().BeEmpty();
        await _world.Env.RunAsync(_world.Manager.RefreshAccessTokenAsync());
        _world.Socket.Frames("access_token").Should().HaveCount(2, "the same token is not pushed again");
    }

    [Fact]
    public async Task Signing_out_leaves_and_joins_again_in_the_api_keys_role()
    {
        _tokens.Token = Jwt.Create(Now.AddHours(1));
        using var seen = Watch();
        _world.Join();
        _tokens.Token = null;
        await _world.Env.RunAsync(_world.Manager.RefreshAccessTokenAsync());
        _world.Run();
        _world.Socket.Frames("phx_leave").Should().ContainSingle();
        _world.Socket.Join().AccessToken.Should().BeNull("the server ignores a token taken away, so the channel is left");
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
        _world.Advance(7200);
        _tokens.Asked.Should().NotContain(AccessTokenReason.Expiring, "there is nothing left to refresh");
    }

    [Fact]
    public async Task Another_users_token_is_not_pushed_on_the_first_ones_channels()
    {
        _tokens.Token = Jwt.Create(Now.AddHours(1), sub: "user_1");
        using var seen = Watch();
        _world.Join();
        _tokens.Token = Jwt.Create(Now.AddHours(1), sub: "user_2");
        await _world.Env.RunAsync(_world.Manager.RefreshAccessTokenAsync());
        _world.Run();
        _world.Socket.Frames("access_token").Should().BeEmpty();
        _world.Socket.Join().AccessToken.Should().Be(_tokens.Token);
        seen.Items.Should().HaveCount(2);
    }

    [Fact]
    public async Task Another_role_of_the_same_user_is_another_user()
    {
        _tokens.Token = Jwt.Create(Now.AddHours(1), role: "authenticated");
        using var seen = Watch();
        _world.Join();
        _tokens.Token = Jwt.Create(Now.AddHours(1), role: "service_role");
        await _world.Env.RunAsync(_world.Manager.RefreshAccessTokenAsync());
        _world.Run();
        _world.Socket.Frames("access_token").Should().BeEmpty();
        seen.Items.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_changed_token_is_asked_of_tenant_scopes_too()
    {
        var theirs = new FakeTokens { Token = Jwt.Create(Now.AddHours(1), mark: "a") };
        var scope = _world.Manager.ForTenant("co_2", theirs);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(scope.Changes(Shop.SalesOrders));
        _world.Join();
        theirs.Token = Jwt.Create(Now.AddHours(1), mark: "b");
        await _world.Env.RunAsync(_world.Manager.RefreshAccessTokenAsync());
        _world.Run();
        _world.Socket.Frames("access_token").Should().ContainSingle().Which.AccessToken.Should().Be(theirs.Token);
    }

    [Fact]
    public void Tokens_that_nobody_uses_are_not_refreshed()
    {
        _tokens.Token = Jwt.Create(Now.AddMinutes(10));
        Watch().Dispose();
        _world.Join();
        _world.Advance(900);
        _tokens.Asked.Should().NotContain(AccessTokenReason.Expiring);
    }

    [Fact]
    public void A_token_does_not_show_itself()
    {
        var token = Carbon.Realtime.Authentication.AccessToken.From("planted-token")!;
        token.ToString().Should().Be("***");
        $"{token}".Should().Be("***");
        token.Identity.ToString().Should().NotContain("planted");
    }

    [Fact]
    public async Task A_provider_that_throws_fails_the_refresh_and_costs_joined_channels_nothing()
    {
        _tokens.Token = "good";
        var stream = _world.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch();
        _world.Join();
        _tokens.Answer = (_, _) => throw new InvalidOperationException("the secret is s3cr3t");
        var refresh = _world.Manager.RefreshAccessTokenAsync();
        var thrown = await FluentActions.Awaiting(() => _world.Env.RunAsync(refresh)).Should().ThrowAsync<RealtimeException>();
        thrown.Which.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        thrown.Which.ToString().Should().NotContain("s3cr3t");
        stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void A_provider_that_fails_or_hangs_before_a_join_is_told_and_asked_again()
    {
        _tokens.Answer = (_, _) => new ValueTask<string?>(new TaskCompletionSource<string?>().Task);
        var stream = _world.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch();
        _world.Advance(21);
        stream.Status.State.Should().Be(RealtimeState.Recovering);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        stream.Status.Error.Message.Should().Contain("10 s");
        _world.Socket.Frames("phx_join").Should().BeEmpty("nobody joins as somebody else because a token is late");
        _tokens.Answer = null;
        _tokens.Token = "at last";
        _world.Advance(35);
        _world.Socket.Join().AccessToken.Should().Be("at last");
    }

    [Fact]
    public async Task The_provider_is_asked_one_question_at_a_time_and_a_change_during_one_is_asked_again()
    {
        _tokens.Token = "zero";
        using var seen = Watch();
        _world.Join();
        var answers = new Queue<TaskCompletionSource<string?>>();
        _tokens.Answer = (_, _) =>
        {
            var source = new TaskCompletionSource<string?>();
            answers.Enqueue(source);
            return new ValueTask<string?>(source.Task);
        };
        var first = _world.Manager.RefreshAccessTokenAsync();
        _world.Run();
        var second = _world.Manager.RefreshAccessTokenAsync();
        _world.Run();
        answers.Should().HaveCount(1);
        answers.Dequeue().SetResult("stale");
        _world.Run();
        answers.Should().HaveCount(1, "the second change may be newer than the first answer");
        _world.Socket.Frames("access_token").Should().BeEmpty("an overtaken answer is not used");
        answers.Dequeue().SetResult("newest");
        await _world.Env.RunAsync(first);
        await _world.Env.RunAsync(second);
        _world.Run();
        _world.Socket.Frames("access_token").Should().ContainSingle().Which.AccessToken.Should().Be("newest");
    }

    [Fact]
    public void A_tenant_scope_may_have_a_token_of_its_own_on_channels_of_its_own()
    {
        _tokens.Token = "mine";
        using var mine = Watch();
        var theirs = new FakeTokens { Token = "theirs" };
        var scope = _world.Manager.ForTenant("co_2", theirs);
        using var other = new StreamRecorder<TableChange<string, SalesOrder>>(scope.Changes(Shop.SalesOrders));
        _world.Join();
        var joins = _world.Socket.Frames("phx_join");
        joins.Select(j => (j.AccessToken, j.Bindings.Single().GetProperty("filter").GetString())).Should().BeEquivalentTo(
            [("mine", "companyId=eq.co_1"), ("theirs", "companyId=eq.co_2")]);
        scope.Dispose();
        _world.Run();
        other.IsCompleted.Should().BeTrue();
        mine.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Secrets_appear_in_no_log_exception_or_text()
    {
        const string Key = "planted-api-key-8d1f", Token = "planted-access-token-77aa", Other = "planted-other-token-51cc";
        var world = new World(o => o.ApiKey = Key, _tokens);
        _tokens.Token = Token;
        var texts = new List<string>();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        using var managerStatuses = new StreamRecorder<RealtimeStatus>(world.Manager.StatusChanges);
        world.Server.RefuseNext(401, $$"""{"error":"Failed to validate JWT signature"}""");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Advance(70);
        _tokens.Token = Other;
        await world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync());
        world.Socket.RefuseJoin(world.Socket.Join(), "MalformedJWT: The token provided is not a valid JWT");
        world.Socket.System(world.Socket.Join(), "system", "error", "Token has expired 0 seconds ago");
        world.Socket.CloseChannel(world.Socket.Join());
        world.Server.FailNext(new IOException("broken"));
        world.Socket.Break();
        world.Advance(70);
        _tokens.Answer = (_, _) => throw new InvalidOperationException(Token);
        await FluentActions.Awaiting(() => world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync())).Should().ThrowAsync<RealtimeException>();
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        world.Run();

        texts.AddRange(world.Log.Lines);
        texts.AddRange(statuses.Items.Concat(managerStatuses.Items).SelectMany(s => new[] { s.ToString(), s.Error?.ToString() ?? "" }));
        texts.AddRange(world.Server.Dialed.Select(d => d.ToString()));
        texts.Should().HaveCountGreaterThan(20);
        foreach (var secret in new[] { Key, Token, Other })
        {
            texts.Should().NotContain(t => t.Contains(secret));
        }
    }

    private StreamRecorder<TableChange<string, SalesOrder>> Watch() => new(_world.Manager.Changes(Shop.SalesOrders));
}
