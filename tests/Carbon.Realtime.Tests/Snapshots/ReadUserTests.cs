using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Snapshots;

/// <summary>Whose rows a read brings: nobody else's, and not those of nobody.</summary>
public sealed class ReadUserTests
{
    [Fact]
    public async Task Rows_that_come_after_the_user_signed_out_are_dropped()
    {
        var world = new SnapshotWorld();
        var gate = new TaskCompletionSource();
        world.Rest.Script = (_, _) => new HttpResponseMessage { Content = FakePostgrest.Body(new FakePostgrest.GatedStream("""[{"id":1}]"""u8.ToArray(), gate.Task)) };
        var pages = 0;
        var scan = world.Env.Environment.Scheduler.Start(() => world.Reader(SnapshotWorld.Numbers).ScanAsync(false, _ => pages++, default));
        world.Env.RunUntilIdle();
        world.Tokens.Token = null;
        _ = world.Session.AskAsync(AccessTokenReason.Changed);
        world.Env.RunUntilIdle();
        world.Env.Scheduler.Post(gate.SetResult);
        (await FluentActions.Awaiting(() => world.Env.RunAsync(scan)).Should().ThrowAsync<RealtimeException>()).Which.Message.Should().Contain("user changed");
        (pages, world.Rest.Requests.Count).Should().Be((0, 1));
    }

    [Fact]
    public async Task Who_signs_in_during_a_read_of_nobodys_ends_it()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 }) { Tokens = { Token = null } };
        world.AddNumbers(3);
        world.Rest.Script = (n, request) =>
        {
            if (n == 2)
            {
                world.Tokens.Token = "token";
                _ = world.Session.AskAsync(AccessTokenReason.Changed);
                return FakePostgrest.Error(503, "PGRST001");
            }

            return null;
        };
        (await world.FailAsync()).Message.Should().Contain("user changed");
        world.Rest.Requests.Should().HaveCount(2).And.OnlyContain(r => r.Headers.Authorization == null);
    }

    [Fact]
    public async Task A_fresh_token_of_the_same_user_ends_nothing()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 });
        world.AddNumbers(3);
        world.Rest.Script = (n, request) =>
        {
            world.Tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(n), mark: $"{n}");
            _ = world.Session.AskAsync(AccessTokenReason.Changed);
            return null;
        };
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(1, 2, 3);
    }

    [Fact]
    public async Task A_disposed_scope_reads_for_nobody_and_does_not_take_the_API_keys_role()
    {
        var world = new SnapshotWorld();
        world.Session.Close();
        await FluentActions.Awaiting(() => world.ScanAsync(world.Reader(SnapshotWorld.Numbers))).Should().ThrowAsync<ObjectDisposedException>();
        world.Rest.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_scope_that_is_disposed_while_its_token_is_refused_ends_its_read_as_disposed()
    {
        var world = new SnapshotWorld();
        world.Tokens.Answer = (r, _) =>
        {
            if (r.Reason == AccessTokenReason.Rejected)
            {
                world.Session.Close();
            }

            return ValueTask.FromResult(world.Tokens.Token);
        };
        world.Rest.Script = (_, _) => FakePostgrest.Error(401, "PGRST303");
        await FluentActions.Awaiting(() => world.ScanAsync(world.Reader(SnapshotWorld.Numbers))).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task A_provider_that_fails_costs_a_read_nothing_while_the_token_is_good()
    {
        var world = new SnapshotWorld();
        world.AddNumbers(1);
        await world.KeysAsync(SnapshotWorld.Numbers);
        world.Session.Expire();
        world.Tokens.Answer = (_, _) => throw new InvalidOperationException("planted");
        var before = world.Env.Time.GetUtcNow();
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(1);
        world.Env.Time.GetUtcNow().Should().Be(before);
        world.Tokens.Asked.Should().HaveCount(2, "the second page asks in the provider's back-off").And.OnlyContain(r => r == AccessTokenReason.Read);
    }

    [Fact]
    public async Task A_provider_that_fails_after_nobody_was_signed_in_leaves_nobodys_rows_unread()
    {
        var world = new SnapshotWorld(limits: l => l with { Retries = 1 }) { Tokens = { Token = null } };
        world.AddNumbers(1);
        await world.KeysAsync(SnapshotWorld.Numbers);
        world.Rest.Requests.Clear();
        world.Session.Expire();
        world.Tokens.Answer = (_, _) => throw new InvalidOperationException("planted");
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((RealtimeErrorReason.TokenProviderFailed, true));
        world.Rest.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_token_that_looks_expired_is_asked_for_once_more_before_it_is_read_with()
    {
        var world = new SnapshotWorld();
        world.AddNumbers(1);
        world.Tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddMinutes(-1));
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(1);
        world.Tokens.Asked.Should().Equal(AccessTokenReason.Read, AccessTokenReason.Expiring);
    }

    [Fact]
    public async Task A_refused_token_is_asked_for_anew_though_a_reads_question_is_under_way()
    {
        var world = new SnapshotWorld();
        var answer = new TaskCompletionSource<string?>();
        world.Tokens.Answer = (r, _) => r.Reason == AccessTokenReason.Read ? new(answer.Task) : ValueTask.FromResult<string?>("fresh");
        var read = world.Session.AskAsync(AccessTokenReason.Read);
        world.Env.RunUntilIdle();
        var refused = world.Session.AskAsync(AccessTokenReason.Rejected);
        world.Env.Scheduler.Post(() => answer.SetResult("old"));
        await world.Env.RunAsync(refused);
        world.Tokens.Asked.Should().Equal(AccessTokenReason.Read, AccessTokenReason.Rejected);
        (await read).Token!.Value.Should().Be("fresh");
    }

    [Theory]
    [InlineData("planted\nx")]
    [InlineData("planted\u00e4")]
    [InlineData("planted x")]
    public async Task A_token_that_no_header_can_carry_is_refused_before_it_is_sent_and_not_quoted(string token)
    {
        var world = new SnapshotWorld { Tokens = { Token = token } };
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((RealtimeErrorReason.TokenRejected, false));
        error.ToString().Should().NotContain("planted");
        world.Rest.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_token_that_came_while_the_old_one_was_refused_is_used_and_none_asked_for()
    {
        var world = new SnapshotWorld();
        world.AddNumbers(1);
        var gate = new TaskCompletionSource();
        world.Rest.Script = (n, _) => n > 1 ? null : new HttpResponseMessage(System.Net.HttpStatusCode.Unauthorized)
        {
            Content = FakePostgrest.Body(new FakePostgrest.GatedStream("""{"code":"PGRST303"}"""u8.ToArray(), gate.Task)),
        };
        var scan = world.Env.Environment.Scheduler.Start(() => world.Reader(SnapshotWorld.Numbers).ScanAsync(false, _ => { }, default));
        world.Env.RunUntilIdle();
        world.Tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(2), mark: "b");
        _ = world.Session.AskAsync(AccessTokenReason.Changed);
        world.Env.RunUntilIdle();
        world.Env.Scheduler.Post(gate.SetResult);
        await world.Env.RunAsync(scan);
        world.Tokens.Asked.Should().Equal(AccessTokenReason.Read, AccessTokenReason.Changed);
        world.Rest.Requests[1].Headers.Authorization!.Parameter.Should().Be(world.Tokens.Token);
    }

    [Theory]
    [InlineData("PGRST301", 3)]
    [InlineData("PGRST302", 2)]
    public async Task New_tokens_that_come_with_every_refusal_are_tried_once_more_and_not_for_ever(string code, int requests)
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, request) =>
        {
            world.Tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(2), mark: $"{n}");
            _ = world.Session.AskAsync(AccessTokenReason.Changed);
            world.Env.RunUntilIdle();
            return n > 20 ? null : FakePostgrest.Error(401, code);
        };
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.TokenRejected);
        world.Rest.Requests.Should().HaveCount(requests);
    }
}
