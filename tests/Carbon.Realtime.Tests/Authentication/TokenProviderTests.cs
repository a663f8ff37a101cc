using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>Providers are other people's code.</summary>
public sealed class TokenProviderTests : TokenTestBase
{
    [Fact]
    public async Task A_provider_that_throws_fails_the_refresh_and_costs_joined_channels_nothing()
    {
        Tokens.Token = "good";
        var stream = World.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch();
        World.Join();
        Tokens.Answer = (_, _) => throw new InvalidOperationException("the secret is s3cr3t");
        var refresh = World.Manager.RefreshAccessTokenAsync();
        var thrown = await FluentActions.Awaiting(() => World.Env.RunAsync(refresh)).Should().ThrowAsync<RealtimeException>();
        thrown.Which.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        thrown.Which.ToString().Should().NotContain("s3cr3t");
        stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void A_provider_that_fails_or_hangs_before_a_join_is_told_and_asked_again()
    {
        Tokens.Answer = (_, _) => new ValueTask<string?>(new TaskCompletionSource<string?>().Task);
        var stream = World.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch();
        World.Advance(21);
        stream.Status.State.Should().Be(RealtimeState.Recovering);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        stream.Status.Error.Message.Should().Contain("10 s");
        World.Socket.Frames("phx_join").Should().BeEmpty("nobody joins as somebody else because a token is late");
        Tokens.Answer = null;
        Tokens.Token = "at last";
        World.Advance(35);
        World.Socket.Join().AccessToken.Should().Be("at last");
    }

    [Fact]
    public async Task The_provider_is_asked_one_question_at_a_time_and_a_change_during_one_is_asked_again()
    {
        Tokens.Token = "zero";
        using var seen = Watch();
        World.Join();
        var answers = new Queue<TaskCompletionSource<string?>>();
        Tokens.Answer = (_, _) =>
        {
            var source = new TaskCompletionSource<string?>();
            answers.Enqueue(source);
            return new ValueTask<string?>(source.Task);
        };
        var first = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        var second = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        answers.Should().HaveCount(1);
        answers.Dequeue().SetResult("stale");
        World.Run();
        answers.Should().HaveCount(1, "the second change may be newer than the first answer");
        World.Socket.Frames("access_token").Should().BeEmpty("an overtaken answer is not used");
        answers.Dequeue().SetResult("newest");
        await World.Env.RunAsync(first);
        await World.Env.RunAsync(second);
        World.Run();
        World.Socket.Frames("access_token").Should().ContainSingle().Which.AccessToken.Should().Be("newest");
    }

    public static TheoryData<string> Failures => ["throws", "throws later", "is cancelled by itself", "gives a cancelled task", "gives up when it is cancelled"];

    [Theory]
    [MemberData(nameof(Failures))]
    public void However_a_provider_fails_the_channels_wait_say_why_and_join_when_it_answers(string how)
    {
        Tokens.Answer = (_, token) => how switch
        {
            "throws" => throw new InvalidOperationException(),
            "throws later" => new ValueTask<string?>(Task.FromException<string?>(new HttpRequestException())),
            "is cancelled by itself" => throw new OperationCanceledException(),
            "gives a cancelled task" => new ValueTask<string?>(Task.FromCanceled<string?>(new CancellationToken(true))),
            _ => UntilCancelled(token),
        };
        var stream = World.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch();
        World.Advance(25);
        stream.Status.State.Should().Be(RealtimeState.Recovering);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        stream.Status.Error.Message.Should().Contain(how == "gives up when it is cancelled" ? "did not answer within 10 s" : "threw");
        Joins.Should().BeEmpty();
        Tokens.Answer = null;
        Tokens.Token = "at last";
        World.Advance(40);
        World.Socket.Join().AccessToken.Should().Be("at last");
        seen.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_provider_that_hangs_leaves_nothing_behind_and_its_late_answer_is_not_heard()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "a");
        using var seen = Watch();
        World.Join();
        World.Advance(60);
        var before = (Leftovers.Of(World), World.Env.Time.ArmedTimers);
        var late = new List<TaskCompletionSource<string?>>();
        Tokens.Answer = (_, _) =>
        {
            late.Add(new TaskCompletionSource<string?>());
            return new ValueTask<string?>(late[^1].Task);
        };
        for (var i = 0; i < 50; i++)
        {
            var refresh = World.Manager.RefreshAccessTokenAsync();
            World.Advance(11);
            refresh.IsFaulted.Should().BeTrue();
        }

        (Leftovers.Of(World), World.Env.Time.ArmedTimers).Should().Be(before);
        Tokens.Answer = null;
        Tokens.Token = Jwt.Create(Now.AddHours(1), mark: "b");
        _ = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        late[0].SetResult(Jwt.Create(Now.AddHours(1), mark: "late"));
        late[1].SetException(new InvalidOperationException());
        World.Run();
        Pushes.Should().ContainSingle().Which.AccessToken.Should().Be(Tokens.Token);
    }

    [Fact]
    public void An_answer_from_another_thread_is_used_where_the_client_runs()
    {
        var answer = new TaskCompletionSource<string?>();
        Tokens.Answer = (_, _) => new ValueTask<string?>(answer.Task);
        using var seen = Watch();
        World.Join();
        var thread = new Thread(() => answer.SetResult("from elsewhere"));
        thread.Start();
        thread.Join();
        Joins.Should().BeEmpty("the other thread does none of our work");
        World.Run();
        World.Socket.Join().AccessToken.Should().Be("from elsewhere");
    }

    [Fact]
    public async Task An_answer_after_disposal_is_not_heard_and_disposal_is_not_a_failure_of_the_provider()
    {
        var answer = new TaskCompletionSource<string?>();
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        Tokens.Answer = (_, _) => new ValueTask<string?>(answer.Task);
        var refresh = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        await World.Env.RunAsync(World.Manager.DisposeAsync().AsTask(), TimeSpan.FromSeconds(3));
        answer.SetResult("two");
        World.Run();
        await refresh.Invoking(t => t).Should().ThrowAsync<ObjectDisposedException>();
        Pushes.Should().BeEmpty();
        World.Log.Lines.Should().NotContain(l => l.Contains("No access token"));
        World.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public async Task A_provider_whose_cancellation_throws_does_not_stop_the_disposal()
    {
        Tokens.Answer = (_, token) =>
        {
            token.Register(static () => throw new InvalidOperationException("planted"));
            return new ValueTask<string?>(new TaskCompletionSource<string?>().Task);
        };
        using var seen = Watch();
        World.Join();
        await World.Env.RunAsync(World.Manager.DisposeAsync().AsTask(), TimeSpan.FromSeconds(3));
        World.Run();
        seen.IsCompleted.Should().BeTrue();
        World.Socket.IsDisposed.Should().BeTrue();
        World.Log.Lines.Should().ContainSingle(l => l.Contains("cancellation threw")).Which.Should().Contain("InvalidOperationException").And.NotContain("planted");
    }

    [Fact]
    public async Task A_provider_may_call_back_and_does_not_wait_for_itself()
    {
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        var calledBack = 0;
        StreamRecorder<TableChange<long, Todo>>? inner = null;
        Tokens.Answer = async (_, _) =>
        {
            calledBack++;
            await World.Manager.RefreshAccessTokenAsync(CancellationToken.None);
            inner ??= new StreamRecorder<TableChange<long, Todo>>(World.Manager.Changes(Shop.Todos));
            return "two";
        };
        await World.Env.RunAsync(World.Manager.RefreshAccessTokenAsync(), TimeSpan.FromSeconds(5));
        World.Join();
        calledBack.Should().Be(1, "the answer that is on its way is the refresh");
        Pushes.Should().ContainSingle().Which.AccessToken.Should().Be("two");
        inner!.Items.Should().ContainSingle();
        inner.Dispose();
    }

    [Fact]
    public async Task A_provider_that_tells_of_each_new_token_does_not_ask_for_ever()
    {
        Tokens.Token = "one";
        using var seen = Watch();
        World.Join();
        Tokens.Answer = (_, _) =>
        {
            // As an auth client's "token refreshed" event does, which comes while the provider refreshes.
            _ = World.Manager.RefreshAccessTokenAsync(CancellationToken.None);
            return ValueTask.FromResult<string?>($"token {Tokens.Asked.Count}");
        };
        await RefreshAsync();
        World.Advance(10);
        Tokens.Asked.Should().HaveCount(2);
        Pushes.Should().ContainSingle();
    }

    [Fact]
    public async Task What_a_provider_started_and_kept_may_ask_for_a_refresh_later()
    {
        ExecutionContext? kept = null;
        Tokens.Answer = (_, _) =>
        {
            kept ??= ExecutionContext.Capture();
            return ValueTask.FromResult<string?>($"token {Tokens.Asked.Count}");
        };
        using var seen = Watch();
        World.Join();
        Task? refresh = null;
        ExecutionContext.Run(kept!, _ => refresh = World.Manager.RefreshAccessTokenAsync(), null);
        await World.Env.RunAsync(refresh!);
        World.Run();
        Tokens.Asked.Should().EndWith([AccessTokenReason.Changed]);
        Pushes.Should().ContainSingle();
    }

    private static async ValueTask<string?> UntilCancelled(CancellationToken token)
    {
        var cancelled = new TaskCompletionSource<string?>();
        using var registration = token.Register(() => cancelled.TrySetCanceled(token));
        return await cancelled.Task;
    }

    [Fact]
    public async Task A_provider_that_blocks_its_thread_is_timed_out_too()
    {
        using var release = new ManualResetEventSlim();
        var blocking = new FakeTokens
        {
            Answer = (_, _) =>
            {
                release.Wait(CancellationToken.None);
                return ValueTask.FromResult<string?>("late");
            },
        };
        var manager = new RealtimeChannelManager(
            new RealtimeOptions { Url = new Uri("http://127.0.0.1:54321"), ApiKey = "k", Tenant = "co_1", AccessTokenTimeout = TimeSpan.FromMilliseconds(100) },
            new RealtimeDependencies { SocketFactory = new FakeRealtimeServer(), AccessTokens = blocking });
        var told = new TaskCompletionSource();
        var stream = manager.Changes(Shop.SalesOrders);
        using var following = stream.StatusChanges.Subscribe(status =>
        {
            if (status.Error?.Reason == RealtimeErrorReason.TokenProviderFailed)
            {
                told.TrySetResult();
            }
        });
        using var seen = stream.Subscribe(static _ => { });
        try
        {
            await told.Task.WaitAsync(TimeSpan.FromMinutes(1));
        }
        finally
        {
            release.Set();
        }

        await manager.DisposeAsync();
    }
}
