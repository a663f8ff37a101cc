namespace Carbon.Realtime.IntegrationTests.EndToEnd;

public sealed class SignedInTests : IAsyncLifetime
{
    private LiveProject _project = null!;

    public async Task InitializeAsync() => _project = await LiveProject.StartAsync();

    public async Task DisposeAsync() => await _project.DisposeAsync();

    [Fact]
    public async Task An_expired_token_is_replaced_and_the_channel_joined_again()
    {
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));
        _project.Tokens.Asked.Clear();

        _project.Emulator.CloseChannels("Token has expired 0 seconds ago");
        await orders.GapAsync(GapReason.Rejoined);

        _project.Tokens.Asked.Should().StartWith([AccessTokenReason.Rejected]);
        _project.InsertOrder("so_1");
        (await orders.InsertAsync()).Key.Should().Be("so_1");
        _project.Emulator.Connections.Should().ContainSingle("the socket has nothing to do with it").Which.Id.Should().Be(1);
    }

    [Fact]
    public async Task A_join_refused_for_its_token_is_tried_with_a_fresh_one()
    {
        _project.Tokens.Answer = request => request.Reason == AccessTokenReason.Rejected
            ? _project.TokenFor("co_1")
            : _project.Emulator.IssueToken("user_1", expiresIn: TimeSpan.FromMinutes(-1));

        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));
        _project.InsertOrder("so_1");

        (await orders.InsertAsync()).Key.Should().Be("so_1");
        _project.Tokens.Asked.Should().Contain(AccessTokenReason.Rejected);
    }

    [Fact]
    public async Task A_changed_token_of_the_same_user_is_pushed_and_nothing_is_rejoined()
    {
        _project.Tokens.Answer = _ => _project.TokenFor("co_9");
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));

        var allowed = _project.TokenFor("co_1");
        _project.Tokens.Answer = _ => allowed;
        await _project.Manager.RefreshAccessTokenAsync(_project.Hang);

        // Frames keep their order: when this later join is live, the server has the token.
        await _project.FollowAsync(_project.Manager.Changes(Tables.Notes));
        _project.InsertOrder("so_1");
        (await orders.InsertAsync()).Key.Should().Be("so_1", "the new token may see it, and no gap came before");
        _project.Sent("access_token").Should().ContainSingle().Which[4]!["access_token"]!.GetValue<string>().Should().Be(allowed);
        _project.Sent("phx_leave").Should().BeEmpty();
    }

    [Fact]
    public async Task Signing_out_leaves_and_joins_in_the_role_of_the_API_key()
    {
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));
        var notes = await _project.FollowAsync(_project.Manager.Changes(Tables.Notes));

        _project.Tokens.Answer = _ => null;
        await _project.Manager.RefreshAccessTokenAsync(_project.Hang);
        await orders.GapAsync(GapReason.Rejoined);
        await notes.GapAsync(GapReason.Rejoined);

        _project.InsertOrder("so_1");
        _project.InsertNote(1, "co_1", "for everybody");
        (await notes.InsertAsync()).Key.Should().Be(1);
        _project.Sent("phx_leave").Should().NotBeEmpty();
        _project.Sent("phx_join")[^1][4]!.AsObject().ContainsKey("access_token").Should().BeFalse();

        var token = _project.TokenFor("co_1");
        _project.Tokens.Answer = _ => token;
        await _project.Manager.RefreshAccessTokenAsync(_project.Hang);
        await orders.GapAsync(GapReason.Rejoined);
        _project.InsertOrder("so_2");
        (await orders.InsertAsync()).Key.Should().Be("so_2", "nobody saw so_1");
    }

    [Fact]
    public async Task Another_user_is_a_new_join()
    {
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));

        _project.Tokens.Answer = _ => _project.TokenOf("user_2", "co_1");
        await _project.Manager.RefreshAccessTokenAsync(_project.Hang);

        await orders.GapAsync(GapReason.Rejoined);
        _project.Sent("phx_leave").Should().ContainSingle();
    }

    [Fact]
    public async Task A_sign_in_that_fails_is_asked_again()
    {
        var failures = 2;
        _project.Tokens.Answer = _ => Interlocked.Decrement(ref failures) >= 0
            ? throw new InvalidOperationException("The sign-in is down.")
            : _project.TokenFor("co_1");

        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));
        _project.InsertOrder("so_1");

        (await orders.InsertAsync()).Key.Should().Be("so_1");
    }
}
