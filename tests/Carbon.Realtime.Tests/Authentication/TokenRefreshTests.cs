using Carbon.Realtime.Authentication;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>Tokens are asked for ahead of their end: spread, urgent when they must be, and never in a loop.</summary>
public sealed class TokenRefreshTests : TokenTestBase
{
    [Fact]
    public void A_token_is_refreshed_a_minute_to_a_minute_and_a_half_before_it_expires_and_pushed_without_a_rejoin_or_a_gap()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "a");
        using var seen = Watch();
        World.Join();
        Tokens.Token = Jwt.Create(Now.AddHours(2), mark: "b");
        World.Advance(3600 - 91);
        Tokens.Asked.Should().NotContain(AccessTokenReason.Expiring);
        World.Advance(31);
        Tokens.Asked.Should().EndWith([AccessTokenReason.Expiring]);
        var push = World.Socket.Frames("access_token").Should().ContainSingle().Subject;
        push.AccessToken.Should().Be(Tokens.Token);
        push.JoinRef.Should().Be(World.Socket.Join().Ref);

        World.Socket.Subscribed(World.Socket.Join());
        World.Run();
        World.Socket.Frames("phx_join").Should().HaveCount(1);
        seen.Items.Should().ContainSingle("our push explains the repeated ok");
        World.Socket.Subscribed(World.Socket.Join());
        World.Run();
        seen.Items.Should().HaveCount(2, "it explains one ok, not the next");
    }

    [Fact]
    public void A_provider_that_keeps_giving_the_same_token_is_asked_ever_more_urgently_but_never_in_a_loop()
    {
        Tokens.Token = Jwt.Create(Now.AddMinutes(10));
        using var seen = Watch();
        World.Join();
        World.Advance(700);
        Tokens.Asked.Count(r => r == AccessTokenReason.Expiring).Should().BeInRange(2, 8);
        World.Socket.Frames("access_token").Should().BeEmpty("the server ignores the same token");
    }

    [Fact]
    public void Tokens_that_nobody_uses_are_not_refreshed()
    {
        Tokens.Token = Jwt.Create(Now.AddMinutes(10));
        Watch().Dispose();
        World.Join();
        World.Advance(900);
        Tokens.Asked.Should().NotContain(AccessTokenReason.Expiring);
    }

    [Fact]
    public void Who_signed_in_at_the_same_moment_does_not_ask_at_the_same_moment()
    {
        var expiry = Now.AddHours(1);
        var asked = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            var mark = i;
            var theirs = new FakeTokens();
            theirs.Answer = (request, _) =>
            {
                if (request.Reason == AccessTokenReason.Expiring)
                {
                    asked.Add((expiry - Now).TotalSeconds);
                }

                return ValueTask.FromResult<string?>(Jwt.Create(request.MustBeFresh ? expiry.AddHours(1) : expiry, mark: $"{mark}"));
            };
            World.Manager.ForTenant("co_1", theirs).Changes(Shop.SalesOrders).Subscribe(new Nobody());
        }

        World.Join();
        World.Advance(3600);
        asked.Should().HaveCount(60).And.OnlyContain(left => left >= 60 && left <= 90);
        asked.GroupBy(static left => (int)left).Max(static second => second.Count()).Should().BeLessThan(10, "30 s are shared by 60");
        (asked.Max() - asked.Min()).Should().BeGreaterThan(20);
    }

    [Fact]
    public void A_token_that_lives_less_than_twice_the_margin_is_asked_for_at_half_of_what_it_has_left()
    {
        var expiry = Now.AddSeconds(64);
        var asked = TimesOf(AccessTokenReason.Expiring, () => Jwt.Create(expiry));
        using var seen = Watch();
        World.Advance(600);
        asked.Select(at => (expiry - at).TotalSeconds).Should().Equal(32, 16, 8, 4, 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_refresh_that_fails_is_put_again_after_a_wait_of_its_own_for_as_long_as_the_token_lives(bool hangs)
    {
        var expiry = Now.AddHours(1);
        Tokens.Token = Jwt.Create(expiry);
        var stream = World.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch();
        World.Join();
        var asked = TimesOf(AccessTokenReason.Expiring, () => hangs ? null : throw new InvalidOperationException());
        World.Advance(7200);

        var lasts = hangs ? 10 : 0;
        var waits = asked.Zip(asked.Skip(1), (one, next) => (next - one).TotalSeconds - lasts).ToList();
        waits.Should().HaveCountGreaterThan(1).And.OnlyContain(wait => wait >= 1 && wait <= 20);
        waits[0].Should().BeInRange(5, 10);
        if (!hangs)
        {
            waits.Count(wait => wait > 10).Should().BePositive("they grow a little");
            asked.Should().HaveCountLessThan(16, "no more than every five seconds of ninety, but for the very end");
        }

        asked.Should().OnlyContain(at => at < expiry, "after the end the channels ask, when the server has ended them");
        (expiry - asked[^1]).TotalSeconds.Should().BeLessThan(20, "as long as there is time left it is asked for");
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Should().ContainSingle();
        Joins.Should().ContainSingle();
    }

    [Fact]
    public void A_refresh_that_fails_is_put_again_before_the_token_ends_although_the_provider_should_be_left_alone_for_longer()
    {
        var world = new World(static o => (o.ReconnectDelayMin, o.ReconnectDelayMax) = (TimeSpan.FromMinutes(1), TimeSpan.FromHours(1)), Tokens);
        var expiry = world.Env.Time.GetUtcNow().AddSeconds(80);
        Tokens.Token = Jwt.Create(expiry);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Run();
        var asked = new List<double>();
        Tokens.Answer = (_, _) =>
        {
            asked.Add((expiry - world.Env.Time.GetUtcNow()).TotalSeconds);
            throw new HttpRequestException();
        };
        world.Advance(79);
        asked.Should().Equal([40, 20, 10, 5, 2.5, 1.25], "the token that channels live by must not end because its provider failed a minute before");
    }

    [Fact]
    public async Task A_failure_that_is_told_again_and_again_does_not_put_off_the_refresh()
    {
        var world = new SnapshotWorld();
        world.Tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddSeconds(100));
        await world.AskAsync(AccessTokenReason.Connect);
        Deadlines? deadlines = null;
        deadlines = new Deadlines(world.Env.Environment, () => deadlines!.RunDue());
        var refresh = new TokenRefresh(world.Session, deadlines, world.Env.Environment, new ChannelOptions
        {
            GroupWindow = TimeSpan.Zero,
            JoinTimeout = TimeSpan.Zero,
            MaxChannels = 1,
            ReconnectMin = TimeSpan.Zero,
            ReconnectMax = TimeSpan.Zero,
            ReturnSpread = TimeSpan.Zero,
            IsPrivate = false,
            TopicPrefix = "",
        });
        var error = new RealtimeException(RealtimeErrorReason.TokenProviderFailed, "down", isTransient: true);
        var failure = new TokenAnswer(AccessTokenReason.Read, null, error) with { RetryIn = TimeSpan.FromSeconds(1) };
        refresh.OnAnswered(failure);
        for (var second = 0; second < 11; second++)
        {
            refresh.OnAnswered(failure with { IsRepeated = true });
            world.Env.Advance(TimeSpan.FromSeconds(1));
        }

        world.Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Expiring);
    }

    [Fact]
    public void A_refresh_that_succeeds_after_failures_is_pushed_and_begins_a_new_life()
    {
        var expiry = Now.AddHours(1);
        Tokens.Token = Jwt.Create(expiry);
        using var seen = Watch();
        World.Join();
        var fresh = Jwt.Create(expiry.AddHours(1), mark: "b");
        var failures = 3;
        var asked = TimesOf(AccessTokenReason.Expiring, () => failures-- > 0 ? throw new InvalidOperationException() : fresh);
        World.Advance(3600);
        asked.Should().HaveCount(4);
        Pushes.Should().ContainSingle().Which.AccessToken.Should().Be(fresh);
        World.Advance(3600 - 91);
        asked.Should().HaveCount(4, "the new token has an hour of its own");
        World.Advance(31);
        asked.Should().HaveCountGreaterThan(4);
    }

    [Fact]
    public async Task A_failure_long_before_the_end_asks_for_nothing_ahead_of_time()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1));
        using var seen = Watch();
        World.Join();
        Tokens.Answer = (_, _) => throw new InvalidOperationException();
        await FluentActions.Awaiting(RefreshAsync).Should().ThrowAsync<RealtimeException>();
        World.Advance(3400);
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Changed);
    }

    [Fact]
    public void A_failed_refresh_of_a_session_that_nobody_uses_any_more_is_not_put_again()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1));
        var seen = Watch();
        World.Join();
        Tokens.Answer = (_, _) => throw new InvalidOperationException();
        World.Advance(3600 - 60);
        Tokens.Asked.Should().Contain(AccessTokenReason.Expiring);
        seen.Dispose();
        World.Advance(5);
        var asked = Tokens.Asked.Count;
        World.Advance(3600);
        Tokens.Asked.Should().HaveCount(asked);
    }

    [Fact]
    public void A_token_that_cannot_be_read_works_and_is_not_refreshed_ahead()
    {
        Tokens.Token = "opaque";
        using var seen = Watch();
        World.Advance(100_000);
        World.Socket.Join().AccessToken.Should().Be("opaque");
        World.Manager.Changes(Shop.SalesOrders).Status.State.Should().Be(RealtimeState.Live);
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect);
    }

    /// <summary>When the provider was asked for a reason; <paramref name="answer"/> is what it says to any, and null never comes.</summary>
    private List<DateTimeOffset> TimesOf(AccessTokenReason reason, Func<string?> answer)
    {
        var times = new List<DateTimeOffset>();
        Tokens.Answer = (request, _) =>
        {
            if (request.Reason == reason)
            {
                times.Add(Now);
            }

            return answer() is { } token ? ValueTask.FromResult<string?>(token) : new ValueTask<string?>(new TaskCompletionSource<string?>().Task);
        };
        return times;
    }

    private sealed class Nobody : IObserver<TableChange<string, SalesOrder>>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(TableChange<string, SalesOrder> value)
        {
        }
    }
}
