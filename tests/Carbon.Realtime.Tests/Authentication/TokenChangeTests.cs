using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>What a token that changes does to channels that are joined, or about to be.</summary>
public sealed class TokenChangeTests : TokenTestBase
{
    [Fact]
    public async Task A_changed_token_is_pushed_on_every_joined_channel_and_nothing_is_rejoined()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "a");
        using var one = Watch();
        using var two = new StreamRecorder<TableChange<long, Todo>>(World.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "other" }));
        World.Join();
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "b");
        await World.Env.RunAsync(World.Manager.RefreshAccessTokenAsync());
        World.Socket.Frames("access_token").Should().HaveCount(2).And.OnlyContain(f => f.AccessToken == Tokens.Token);
        World.Socket.Frames("phx_join").Should().HaveCount(2);
        World.Socket.Frames("phx_leave").Should().BeEmpty();
        await World.Env.RunAsync(World.Manager.RefreshAccessTokenAsync());
        World.Socket.Frames("access_token").Should().HaveCount(2, "the same token is not pushed again");
    }

    [Fact]
    public async Task Signing_out_leaves_and_joins_again_in_the_api_keys_role()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1));
        using var seen = Watch();
        World.Join();
        Tokens.Token = null;
        await World.Env.RunAsync(World.Manager.RefreshAccessTokenAsync());
        World.Run();
        World.Socket.Frames("phx_leave").Should().ContainSingle();
        World.Socket.Join().AccessToken.Should().BeNull("the server ignores a token taken away, so the channel is left");
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
        World.Advance(7200);
        Tokens.Asked.Should().NotContain(AccessTokenReason.Expiring, "there is nothing left to refresh");
    }

    [Fact]
    public async Task Another_users_token_is_not_pushed_on_the_first_ones_channels()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1), sub: "user_1");
        using var seen = Watch();
        World.Join();
        Tokens.Token = Jwt.Create(Now.AddHours(1), sub: "user_2");
        await World.Env.RunAsync(World.Manager.RefreshAccessTokenAsync());
        World.Run();
        World.Socket.Frames("access_token").Should().BeEmpty();
        World.Socket.Join().AccessToken.Should().Be(Tokens.Token);
        seen.Items.Should().HaveCount(2);
    }

    [Fact]
    public async Task Another_role_of_the_same_user_is_another_user()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1), role: "authenticated");
        using var seen = Watch();
        World.Join();
        Tokens.Token = Jwt.Create(Now.AddHours(1), role: "service_role");
        await World.Env.RunAsync(World.Manager.RefreshAccessTokenAsync());
        World.Run();
        World.Socket.Frames("access_token").Should().BeEmpty();
        seen.Items.Should().HaveCount(2);
    }

    [Theory]
    [InlineData(ProtocolVersion.V1)]
    [InlineData(ProtocolVersion.V2)]
    public async Task A_push_carries_the_reference_and_topic_of_the_join_that_is_current(ProtocolVersion version)
    {
        var world = new World(o => o.ProtocolVersion = version, Tokens);
        Tokens.Token = "one";
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.CloseChannel(world.Socket.Join());
        world.Advance(2);
        Tokens.Token = "two";
        await world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync());
        world.Run();
        var (old, current) = (world.Socket.Join(0), world.Socket.Join(1));
        var push = world.Socket.Frames("access_token").Should().ContainSingle().Subject;
        (push.JoinRef, push.Topic).Should().Be((current.Ref, current.Topic)).And.NotBe((old.Ref, old.Topic));
        push.Ref.Should().NotBe(push.JoinRef);
    }

    [Fact]
    public async Task Ten_thousand_pushes_that_nobody_answers_wait_for_nothing_and_leave_nothing()
    {
        Tokens.Token = "first";
        using var seen = Watch();
        World.Join();
        World.Advance(60);
        var before = Leftovers.Of(World);
        for (var i = 0; i < 10_000; i++)
        {
            Tokens.Token = $"token {i}";
            await RefreshAsync();
        }

        World.Run();
        Leftovers.Of(World).Should().Be(before, "a push is never answered, so nothing may wait for it");
        Pushes.Should().HaveCount(10_000);
        seen.Items.Should().ContainSingle();
        World.Manager.Changes(Shop.SalesOrders).Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public async Task One_ok_may_answer_several_pushes_and_the_next_is_the_servers_own()
    {
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        foreach (var token in new[] { "two", "three" })
        {
            Tokens.Token = token;
            await RefreshAsync();
        }

        World.Run();
        Pushes.Should().HaveCount(2);
        World.Advance(3600);
        World.Socket.Subscribed(World.Socket.Join());
        World.Run();
        seen.Items.Should().ContainSingle("the server subscribed again for the pushes, however long it took");
        World.Socket.Subscribed(World.Socket.Join());
        World.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Resubscribed)");
    }

    [Fact]
    public async Task A_push_of_an_ended_join_explains_no_ok_of_the_next()
    {
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        Tokens.Token = "two";
        await RefreshAsync();
        World.Socket.CloseChannel(World.Socket.Join());
        World.Advance(2);
        World.Socket.Subscribed(World.Socket.Join());
        World.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)", "gap (Resubscribed)");
    }

    [Fact]
    public async Task A_token_that_changes_while_its_join_is_in_flight_is_pushed_after_the_first_ok()
    {
        World.AutoJoin = false;
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "a");
        using var seen = Watch();
        World.Join();
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "b");
        await RefreshAsync();
        World.Socket.AcceptJoin(World.Socket.Join());
        World.Run();
        Pushes.Should().BeEmpty();
        World.Socket.Subscribed(World.Socket.Join());
        World.Run();
        Pushes.Should().ContainSingle().Which.AccessToken.Should().Be(Tokens.Token);
        Joins.Should().ContainSingle();
    }

    [Fact]
    public async Task Another_user_who_signs_in_while_a_join_is_in_flight_is_joined_for_before_anything_flows()
    {
        World.AutoJoin = false;
        Tokens.Token = Jwt.Create(Now.AddHours(1), sub: "user_1");
        using var seen = Watch();
        World.Join();
        Tokens.Token = Jwt.Create(Now.AddHours(1), sub: "user_2");
        await RefreshAsync();
        World.Socket.AcceptJoin(World.Socket.Join());
        World.Run();
        World.Socket.Frames("phx_leave").Should().ContainSingle().Which.JoinRef.Should().Be(World.Socket.Join(0).Ref);
        World.Socket.Join().AccessToken.Should().Be(Tokens.Token);
        World.Socket.Insert(World.Socket.Join(0), "salesOrder", """{"id":"so_1","companyId":"co_1","status":"new"}""");
        World.Run();
        seen.Items.Should().BeEmpty("that was the first user's");
    }

    [Fact]
    public async Task A_slow_old_answer_does_not_undo_a_sign_out()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1));
        using var seen = Watch();
        World.Join();
        World.Advance(60);
        var slow = new TaskCompletionSource<string?>();
        var old = Tokens.Token;
        Tokens.Answer = (_, _) => new ValueTask<string?>(slow.Task);
        using var later = new StreamRecorder<TableChange<long, Todo>>(World.Manager.Changes(Shop.Todos));
        World.Join();
        Tokens.Asked.Should().EndWith([AccessTokenReason.Join]);
        Tokens.Answer = null;
        Tokens.Token = null;
        var signedOut = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        slow.SetResult(old);
        await World.Env.RunAsync(signedOut);
        World.Run();
        Joins.Skip(1).Should().HaveCount(2).And.OnlyContain(j => j.AccessToken == null);
        World.Socket.Frames("phx_leave").Should().ContainSingle();
        Pushes.Should().BeEmpty();
    }

    [Fact]
    public async Task A_refresh_that_races_a_reconnect_is_one_question_and_its_answer_travels_in_the_join()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "a");
        using var seen = Watch();
        World.Join();
        var answer = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new ValueTask<string?>(answer.Task);
        var refreshed = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        World.Socket.Break();
        World.Advance(2);
        World.Server.Sockets.Should().HaveCount(2);
        Joins.Should().BeEmpty("nobody joins with a token that is being replaced");
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Changed);
        answer.SetResult(Jwt.Create(Now.AddHours(1), mark: "b"));
        await World.Env.RunAsync(refreshed);
        World.Run();
        Joins.Should().ContainSingle().Which.AccessToken.Should().Be(await answer.Task);
        Pushes.Should().BeEmpty();
        Tokens.Asked.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_hundred_refreshes_at_once_ask_the_provider_twice_at_most()
    {
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        var before = Tokens.Asked.Count;
        var answer = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new ValueTask<string?>(answer.Task);
        var refreshes = Enumerable.Range(0, 100).Select(_ => World.Manager.RefreshAccessTokenAsync()).ToList();
        World.Run();
        answer.SetResult("two");
        foreach (var refresh in refreshes)
        {
            await World.Env.RunAsync(refresh);
        }

        (Tokens.Asked.Count - before).Should().BeInRange(1, 2);
        World.Run();
        Pushes.Should().ContainSingle().Which.AccessToken.Should().Be("two");
    }
}
