using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>Whom the provider is asked for, when, and what travels.</summary>
public sealed class TokenTests : TokenTestBase
{
    [Fact]
    public void The_provider_is_asked_before_the_connect_and_its_token_travels_in_the_join()
    {
        Tokens.Token = "the-token";
        using var seen = Watch();
        World.Run();
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect);
        World.Join();
        Tokens.Asked.Should().Equal([AccessTokenReason.Connect], "an answer of a moment ago serves the join");
        World.Socket.Join().AccessToken.Should().Be("the-token");
    }

    [Fact]
    public void The_provider_is_asked_before_a_later_join_and_before_every_reconnect()
    {
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        World.Advance(60);
        Tokens.Token = "two";
        using var other = new StreamRecorder<TableChange<long, Todo>>(World.Manager.Changes(Shop.Todos));
        World.Join();
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Join);
        World.Socket.Join().AccessToken.Should().Be("two");
        World.Socket.Frames("access_token").Should().ContainSingle("the joined channel gets the new token too");

        Tokens.Token = "three";
        World.Socket.Break();
        World.Advance(2);
        Tokens.Asked.Should().EndWith([AccessTokenReason.Connect]);
        World.Socket.Frames("phx_join").Should().HaveCount(2).And.OnlyContain(j => j.AccessToken == "three");
    }

    [Fact]
    public void Without_a_token_the_join_goes_out_in_the_api_keys_role()
    {
        using var seen = Watch();
        World.Join();
        World.Socket.Join().Payload.TryGetProperty("access_token", out _).Should().BeFalse();
    }

    [Fact]
    public void An_api_key_given_as_access_token_is_not_sent_as_one()
    {
        Tokens.Token = "sb_publishable_abc";
        using var seen = Watch();
        World.Join();
        World.Socket.Join().AccessToken.Should().BeNull();
    }

    [Theory]
    [InlineData("sb_publishable_abc")]
    [InlineData(" sb_secret_abc")]
    public async Task An_api_key_given_as_access_token_is_told_to_the_log_once_with_what_to_do(string key)
    {
        Tokens.Token = key;
        using var seen = Watch();
        World.Join();
        for (var i = 0; i < 5; i++)
        {
            await RefreshAsync();
        }

        World.Run();
        World.Socket.Join().AccessToken.Should().BeNull();
        World.Log.Lines.Should().ContainSingle(l => l.Contains("sb_"))
            .Which.Should().StartWith("Warning Carbon.Realtime.Authentication").And.Contain("null while nobody is signed in").And.NotContain("abc");
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
    public async Task Secrets_appear_in_no_log_exception_or_text()
    {
        const string Key = "planted-api-key-8d1f", Token = "planted-access-token-77aa", Other = "planted-other-token-51cc";
        var world = new World(o => o.ApiKey = Key, Tokens);
        Tokens.Token = Token;
        var texts = new List<string>();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        using var managerStatuses = new StreamRecorder<RealtimeStatus>(world.Manager.StatusChanges);
        world.Server.RefuseNext(401, $$"""{"error":"Failed to validate JWT signature"}""");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Advance(70);
        Tokens.Token = Other;
        await world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync());
        world.Socket.RefuseJoin(world.Socket.Join(), "MalformedJWT: The token provided is not a valid JWT");
        world.Socket.System(world.Socket.Join(), "system", "error", "Token has expired 0 seconds ago");
        world.Socket.CloseChannel(world.Socket.Join());
        world.Server.FailNext(new IOException("broken"));
        world.Socket.Break();
        world.Advance(70);
        Tokens.Answer = (_, _) => throw new InvalidOperationException(Token);
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
}
