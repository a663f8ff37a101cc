using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>
/// A program starts with a stored token that has expired: whose rows are wanted is known by it, and they are shown; it is sent to nobody, and whoever
/// turns out to be signed in instead sees nothing of them.
/// </summary>
public sealed class OfflineStartTests
{
    private static readonly string Expired = Jwt.Create(DateTimeOffset.UnixEpoch.AddYears(1), "user_1");

    private readonly InMemoryStoreCache _cache = Filled();

    /// <summary>Gives the stored token, and what <see cref="_refresh"/> says when a fresh one is wanted.</summary>
    private readonly FakeTokens _tokens = new();

    private Func<ValueTask<string?>> _refresh = static () => throw new HttpRequestException("no route");

    public OfflineStartTests() => _tokens.Answer = (request, _) => request.MustBeFresh ? _refresh() : ValueTask.FromResult<string?>(Expired);

    [Fact]
    public void Without_a_network_what_the_cache_keeps_is_shown_and_the_store_says_that_it_is_offline()
    {
        var world = Offline(new StoreWorld(tokens: _tokens, cache: _cache)).Live();
        world.Shown.Should().Be("a=v1");
        world.State.Should().Be(StoreState.Stale);

        world.World.Advance(3600);
        world.Shown.Should().Be("a=v1");
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Stale, StoreReason.Offline));
        world.Rest.Requests.Should().BeEmpty("the token has expired");
        _tokens.Asked.Should().HaveCountLessThan(3600, "less than one question in a second, each of two");
    }

    [Fact]
    public void A_sign_in_that_is_down_while_the_server_is_there_leaves_the_rows_stale_for_want_of_a_token()
    {
        var world = new StoreWorld(tokens: _tokens, cache: _cache).Write("a", "v2").Live();
        for (var second = 0; second < 60; second++)
        {
            (world.State, world.Store.Status.Reason).Should().Be((StoreState.Stale, StoreReason.Auth), "it is known at once, and no network's fault");
            world.World.Advance(1);
        }

        (world.Shown, world.State, world.Store.Status.Reason).Should().Be(("a=v1", StoreState.Stale, StoreReason.Auth));
        world.Store.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        (world.Rest.Requests.Count, world.World.Server.Sockets.SelectMany(static s => s.Frames("phx_join")).Count()).Should().Be((0, 0));

        _refresh = static () => ValueTask.FromResult<string?>(Fresh("user_1"));
        world.World.Advance(150);
        world.World.Join();
        (world.Shown, world.State).Should().Be(("a=v2", StoreState.Live));
        world.Rest.Requests.Should().OnlyContain(static r => r.Headers.Authorization!.Parameter != Expired);
    }

    [Fact]
    public void A_store_that_has_nothing_to_show_and_no_token_says_so()
    {
        var world = new StoreWorld(tokens: _tokens).Write("a", "v1").Live();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.NeedsAuth, StoreReason.Auth), "it is known at once, and no network's fault");
        world.World.Advance(60);
        (world.Shown, world.State, world.Store.Status.Reason).Should().Be(("", StoreState.NeedsAuth, StoreReason.Auth));

        _refresh = static () => ValueTask.FromResult<string?>(Fresh("user_1"));
        world.World.Advance(150);
        world.World.Join();
        (world.Shown, world.State).Should().Be(("a=v1", StoreState.Live));
    }

    [Fact]
    public void What_the_cache_keeps_does_not_wait_for_the_fresh_token_and_nothing_else_is_done_without_it()
    {
        var gate = new TaskCompletionSource();
        var world = Waiting(gate, Fresh("user_1"));
        world.Write("a", "v2").Live();
        (world.Shown, world.State, world.Store.Status.Reason).Should().Be(("a=v1", StoreState.Stale, StoreReason.Cache));
        (world.Rest.Requests.Count, world.World.Server.Sockets.SelectMany(static s => s.Frames("phx_join")).Count()).Should().Be((0, 0));

        gate.SetResult();
        world.Settle();
        (world.Shown, world.State).Should().Be(("a=v2", StoreState.Live));
        _tokens.Asked.Count(static r => r == AccessTokenReason.Expiring).Should().Be(1);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("user_2")]
    public void Who_turns_out_to_be_signed_in_sees_nothing_of_the_one_whose_token_had_expired(string? user)
    {
        var gate = new TaskCompletionSource();
        var world = Waiting(gate, user is null ? null : Fresh(user));
        var late = new List<string>();
        world.Erase("a").Write("x", "v1").Live();
        world.Shown.Should().Be("a=v1");
        using var watching = world.Store.Changes.Subscribe(new Keys(late));
        world.World.Run();
        late.Clear();

        gate.SetResult();
        world.Settle();
        world.World.Advance(3);

        late.Should().NotContain("a").And.Contain("x");
        world.Shown.Should().Be("x=v1");
        _cache.Images.Keys.Should().OnlyContain(k => k.Subject == user, "that user signed out");
    }

    [Fact]
    public void Who_signs_out_before_there_was_a_fresh_token_leaves_nothing()
    {
        var world = Offline(new StoreWorld(tokens: _tokens, cache: _cache)).Live();
        world.World.Advance(30);
        world.Shown.Should().Be("a=v1");

        _tokens.Answer = null;
        _tokens.Token = null;
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.World.Run();

        world.Shown.Should().BeEmpty();
        _cache.Images.Should().BeEmpty();
    }

    [Fact]
    public void Somebody_elses_expired_token_changes_nothing_while_the_last_users_is_good()
    {
        _tokens.Answer = null;
        _tokens.Token = Fresh("user_1");
        var world = new StoreWorld(tokens: _tokens, cache: _cache).Write("a", "v1").Live();
        world.State.Should().Be(StoreState.Live);

        _tokens.Answer = (request, _) => request.MustBeFresh ? _refresh() : ValueTask.FromResult<string?>(Jwt.Create(DateTimeOffset.UnixEpoch.AddYears(1), "user_2"));
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.World.Advance(3);

        (world.Shown, world.State).Should().Be(("a=v1", StoreState.Live));
    }

    private static string Fresh(string user) => Jwt.Create(DateTimeOffset.UtcNow.AddYears(5), user);

    private static InMemoryStoreCache Filled()
    {
        var cache = new InMemoryStoreCache();
        new StoreWorld(tokens: new FakeTokens { Token = Fresh("user_1") }, cache: cache).Write("a", "v1").Live().World.Advance(3);
        cache.Images.Should().ContainSingle();
        return cache.Clone();
    }

    private static StoreWorld Offline(StoreWorld world)
    {
        world.Rest.Script = static (_, _) => throw new HttpRequestException("no route");
        for (var i = 0; i < 1000; i++)
        {
            world.World.Server.FailNext(new IOException("no route"));
        }

        return world;
    }

    /// <summary>The fresh token takes as long as the test wants.</summary>
    private StoreWorld Waiting(TaskCompletionSource gate, string? fresh)
    {
        _refresh = async () =>
        {
            await gate.Task;
            return fresh;
        };
        return new StoreWorld(tokens: _tokens, cache: _cache);
    }

    private sealed class Keys(List<string> seen) : IObserver<StoreChangeSet<string, SalesOrder>>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(StoreChangeSet<string, SalesOrder> value) => seen.AddRange(value.Snapshot.Keys);
    }
}
