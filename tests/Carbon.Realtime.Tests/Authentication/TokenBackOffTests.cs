using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Stores;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>A provider that fails is asked by one clock, however many channels, reads and connects want a token; and is one fault in the log.</summary>
public sealed class TokenBackOffTests
{
    private readonly FakeTokens _tokens = new() { Answer = static (_, _) => throw new InvalidOperationException() };

    [Fact]
    public void However_many_want_a_token_a_provider_that_throws_is_asked_a_dozen_times_a_minute_at_most()
    {
        var world = Busy();
        world.World.Advance(60);
        _tokens.Asked.Count.Should().BeInRange(5, 12);

        world.World.Advance(3600);
        _tokens.Asked.Count.Should().BeLessThan(12 + 360, "waits of 15 s in the mean");
    }

    [Fact]
    public void One_that_has_an_expired_token_and_cannot_refresh_it_is_not_asked_more_often()
    {
        var expired = Jwt.Create(DateTimeOffset.UnixEpoch.AddYears(1));
        _tokens.Answer = (request, _) => request.MustBeFresh ? throw new HttpRequestException() : ValueTask.FromResult<string?>(expired);
        var world = Busy();
        world.World.Advance(60);
        _tokens.Asked.Count(static r => r == AccessTokenReason.Expiring).Should().BeInRange(5, 12);
        _tokens.Asked.Count.Should().BeLessThanOrEqualTo(24, "each is asked for what it has, and then for a fresh one");
    }

    [Fact]
    public void One_cause_is_one_line_of_each_who_tells_it_and_another_cause_is_another()
    {
        var world = Busy();
        world.World.Advance(300);
        (Lines(world, 4001), Lines(world, 6014)).Should().Be((1, 2));
        Lines(world, 2003).Should().Be(3, "three channels wait for a token");

        _tokens.Answer = static (_, _) => throw new HttpRequestException();
        world.World.Advance(300);
        (Lines(world, 4001), Lines(world, 2003), Lines(world, 6014)).Should().Be((2, 6, 4));
    }

    [Fact]
    public async Task Who_asks_meanwhile_gets_the_same_failure_and_later_the_provider_is_asked_again()
    {
        var world = new SnapshotWorld { Tokens = { Answer = static (_, _) => throw new InvalidOperationException() } };
        var first = await world.AskAsync(AccessTokenReason.Join);
        var second = await world.AskAsync(AccessTokenReason.Rejected);
        second.Error.Should().BeSameAs(first.Error);
        (first.IsRepeated, second.IsRepeated, second.Reason, second.RetryIn).Should().Be((false, true, AccessTokenReason.Rejected, first.RetryIn));
        world.Tokens.Asked.Should().ContainSingle();

        world.Env.Advance(first.RetryIn - TimeSpan.FromMilliseconds(1));
        (await world.AskAsync(AccessTokenReason.Read)).RetryIn.Should().Be(TimeSpan.FromMilliseconds(1));
        world.Env.Advance(TimeSpan.FromMilliseconds(1));
        (await world.AskAsync(AccessTokenReason.Read)).IsRepeated.Should().BeFalse();
        world.Tokens.Asked.Should().Equal(AccessTokenReason.Join, AccessTokenReason.Read);
    }

    [Fact]
    public async Task The_programs_own_word_asks_at_once_and_makes_the_waits_short_again()
    {
        var world = new SnapshotWorld { Tokens = { Answer = static (_, _) => throw new InvalidOperationException() } };
        for (var i = 0; i < 12; i++)
        {
            world.Env.Advance((await world.AskAsync(AccessTokenReason.Read)).RetryIn);
        }

        await world.AskAsync(AccessTokenReason.Read);
        world.Tokens.Asked.Should().HaveCount(13);
        var asked = await world.AskAsync(AccessTokenReason.Changed);
        (asked.IsRepeated, world.Tokens.Asked.Count).Should().Be((false, 14));
        asked.RetryIn.Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(1), "what was wrong may be mended");
    }

    [Fact]
    public async Task A_question_that_cannot_wait_is_put_all_the_same_and_makes_no_wait_short_again()
    {
        var world = new SnapshotWorld { Tokens = { Answer = static (_, _) => throw new InvalidOperationException() } };
        for (var i = 0; i < 12; i++)
        {
            world.Env.Advance((await world.AskAsync(AccessTokenReason.Read)).RetryIn);
        }

        var waits = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            var asked = world.Session.AskUrgentlyAsync();
            await world.Env.RunAsync(asked);
            (await asked).IsRepeated.Should().BeFalse();
            waits.Add((await asked).RetryIn.TotalSeconds);
        }

        world.Tokens.Asked.Skip(12).Should().HaveCount(8).And.OnlyContain(static r => r == AccessTokenReason.Expiring);
        waits.Average().Should().BeGreaterThan(5, "they are drawn from up to half a minute");
        (await world.AskAsync(AccessTokenReason.Expiring)).IsRepeated.Should().BeTrue();
    }

    [Fact]
    public async Task The_programs_own_word_also_passes_for_the_fresh_token_that_its_answer_makes_necessary()
    {
        var world = new SnapshotWorld { Tokens = { Answer = static (_, _) => throw new HttpRequestException() } };
        (await world.AskAsync(AccessTokenReason.Expiring)).Error.Should().NotBeNull();
        var (expired, fresh) = (Jwt.Create(world.Env.Time.GetUtcNow().AddHours(-1)), Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1)));
        world.Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(request.MustBeFresh ? fresh : expired);

        var answer = await world.AskAsync(AccessTokenReason.Changed);

        (answer.Error, answer.Token?.Value).Should().Be((null, fresh));
        world.Tokens.Asked.Should().Equal(AccessTokenReason.Expiring, AccessTokenReason.Changed, AccessTokenReason.Expiring);
    }

    [Theory]
    [InlineData(AccessTokenReason.Rejected, null)]
    [InlineData(AccessTokenReason.Join, AccessTokenReason.Rejected)]
    public async Task The_programs_own_word_passes_also_where_something_more_urgent_takes_its_place(AccessTokenReason running, AccessTokenReason? besides)
    {
        var world = new SnapshotWorld();
        var slow = new TaskCompletionSource<string?>();
        world.Tokens.Answer = (_, _) => new(slow.Task);
        _ = world.Session.AskAsync(running);
        world.Env.RunUntilIdle();
        var changed = world.Session.AskAsync(AccessTokenReason.Changed);
        _ = besides is { } more ? world.Session.AskAsync(more) : changed;
        world.Tokens.Answer = null;
        world.Env.Scheduler.Post(() => slow.SetException(new HttpRequestException()));
        await world.Env.RunAsync(changed, TimeSpan.FromSeconds(1));

        ((await changed).Error, (await changed).Token?.Value).Should().Be((null, world.Tokens.Token));
        world.Tokens.Asked.Should().Equal(running, AccessTokenReason.Rejected);
    }

    [Fact]
    public async Task A_failure_that_another_question_followed_is_new_to_those_who_are_told_it_after_that_one()
    {
        var world = new SnapshotWorld();
        var slow = new TaskCompletionSource<string?>();
        world.Tokens.Answer = (_, _) => new(slow.Task);
        var told = new List<bool>();
        world.Session.Answered = answer => told.Add(answer.IsRepeated);
        _ = world.Session.AskAsync(AccessTokenReason.Join);
        world.Env.RunUntilIdle();
        var refused = world.Session.AskAsync(AccessTokenReason.Rejected);
        world.Env.Scheduler.Post(() => slow.SetException(new HttpRequestException()));
        await world.Env.RunAsync(refused, TimeSpan.FromSeconds(1));

        world.Tokens.Asked.Should().Equal([AccessTokenReason.Join], "the back-off has begun");
        told.Should().Equal(false);
    }

    [Fact]
    public void A_provider_is_left_alone_for_half_a_minute_at_most_however_long_reconnects_may_wait()
    {
        var world = new World(static o => o.ReconnectDelayMax = TimeSpan.FromHours(1), _tokens);
        var stream = world.Manager.Changes(Shop.Todos);
        stream.Subscribe(static _ => { });
        world.Advance(3600);

        for (var i = 0; i < 60; i++)
        {
            world.Advance(31);
            (stream.Status.NextRetry - world.Env.Time.GetUtcNow()).Should().BePositive().And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public async Task A_good_answer_makes_the_waits_short_again()
    {
        var world = new SnapshotWorld();
        var failing = world.Tokens.Answer = static (_, _) => throw new InvalidOperationException();
        for (var i = 0; i < 12; i++)
        {
            world.Env.Advance((await world.AskAsync(AccessTokenReason.Read)).RetryIn);
        }

        world.Tokens.Answer = null;
        (await world.AskAsync(AccessTokenReason.Read)).Error.Should().BeNull();
        world.Tokens.Answer = failing;
        (await world.AskAsync(AccessTokenReason.Read)).RetryIn.Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(1));
        world.Log.Lines.Count(static l => l.Contains("[4001]")).Should().Be(2, "the same cause after a good answer is told anew");
    }

    [Fact]
    public void Who_signs_in_has_everything_at_once_whatever_wait_is_running()
    {
        var world = Busy().Write("a", "v1");
        world.World.Advance(120);
        world.State.Should().Be(StoreState.NeedsAuth);

        _tokens.Answer = null;
        _tokens.Token = Jwt.Create(DateTimeOffset.UtcNow.AddYears(5));
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.Settle();
        (world.State, world.Shown).Should().Be((StoreState.Live, "a=v1"));
        world.World.Manager.Changes(Shop.Todos).Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void Who_is_nobody_after_all_has_everything_at_once_too()
    {
        var world = Busy().Write("a", "v1");
        world.World.Advance(120);

        _tokens.Answer = null;
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.Settle();
        (world.State, world.Shown).Should().Be((StoreState.Live, "a=v1"));
    }

    /// <summary>Two stores, and streams on three channels.</summary>
    private StoreWorld Busy()
    {
        var world = new StoreWorld(tokens: _tokens);
        world.World.Manager.Changes(Shop.Employees, new ChangeStreamOptions { Group = "one" }).Subscribe(static _ => { });
        world.World.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "two" }).Subscribe(static _ => { });
        world.World.Manager.Changes(Shop.Todos).Subscribe(static _ => { });
        world.World.Manager.Store(Shop.SalesOrders.Where("status=eq.open")).Start();
        return world.Live();
    }

    private static int Lines(StoreWorld world, int id) => world.World.Log.Lines.Count(l => l.Contains($"[{id}]"));
}
