using Carbon.Realtime.Authentication;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>One user's tokens, without anything that uses them.</summary>
public sealed class TokenSessionTests
{
    private readonly SnapshotWorld _world = new();

    private DateTimeOffset Now => _world.Env.Time.GetUtcNow();

    [Fact]
    public async Task Who_is_signed_in_is_known_by_an_expired_token_also_after_the_fresh_one_failed()
    {
        _world.Tokens.Answer = (request, _) => request.MustBeFresh ? throw new HttpRequestException() : ValueTask.FromResult<string?>(Jwt.Create(Now.AddHours(-1)));
        (await _world.AskAsync(AccessTokenReason.Join)).Error.Should().NotBeNull();
        _world.Session.Identity!.Subject.Should().Be("user_1");

        var identified = _world.Session.IdentifyAsync();
        await _world.Env.RunAsync(identified);

        (await identified).Should().BeNull("that there is no fresh token is no matter of who it is");
    }

    [Fact]
    public async Task Who_is_signed_in_is_known_to_one_who_asks_while_a_question_is_under_way_that_fails()
    {
        await _world.AskAsync(AccessTokenReason.Join);
        var answer = new TaskCompletionSource<string?>();
        _world.Tokens.Answer = (_, _) => new(answer.Task);
        var refresh = _world.Session.AskAsync(AccessTokenReason.Rejected);
        _world.Env.RunUntilIdle();

        var identified = _world.Session.IdentifyAsync();
        _world.Env.RunUntilIdle();
        identified.IsCompleted.Should().BeFalse("the answer may be another user's");
        _world.Env.Scheduler.Post(() => answer.SetException(new HttpRequestException()));
        await _world.Env.RunAsync(refresh);

        (await identified).Should().BeNull();
    }

    [Fact]
    public async Task Who_asks_while_the_last_answer_is_being_told_is_answered_when_everybody_knows_of_it()
    {
        await _world.AskAsync(AccessTokenReason.Join);
        List<string> told = [];
        Task<TokenAnswer>? other = null;
        _world.Session.UserChanged = () =>
        {
            other = _world.Session.AskAsync(AccessTokenReason.Changed);
            _world.Env.RunUntilIdle(); // as another thread would, meanwhile
            told.Add(other.IsCompleted ? "answered too early" : "the other user");
        };
        _world.Session.Answered = answer => told.Add(answer.Token!.Identity.Subject!);
        _world.Tokens.Token = Jwt.Create(Now.AddHours(2), "user_2");

        await _world.AskAsync(AccessTokenReason.Changed);
        await _world.Env.RunAsync(other!);

        told.Should().Equal("the other user", "user_2", "user_2");
    }

    [Fact]
    public async Task Who_is_signed_in_is_not_known_where_nothing_but_failures_came()
    {
        _world.Tokens.Answer = static (_, _) => throw new HttpRequestException();
        var identified = _world.Session.IdentifyAsync();
        await _world.Env.RunAsync(identified);
        var failure = await identified;
        failure!.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        failure.RetryIn.Should().BePositive();
    }

    [Theory]
    [InlineData(1, "user_1")]
    [InlineData(-1, "user_2")]
    public async Task An_expired_token_names_another_user_only_where_the_last_ones_has_expired_too(int hoursLeft, string signedIn)
    {
        _world.Tokens.Token = Jwt.Create(Now.AddHours(2), "user_1");
        await _world.AskAsync(AccessTokenReason.Join);
        var told = 0;
        _world.Session.UserChanged = () => told++;
        _world.Env.Time.StepWallClock(TimeSpan.FromHours(2 - hoursLeft));

        _world.Tokens.Answer = (request, _) =>
            request.MustBeFresh ? throw new HttpRequestException() : ValueTask.FromResult<string?>(Jwt.Create(Now.AddHours(-1), "user_2"));
        await _world.AskAsync(AccessTokenReason.Changed);

        (_world.Session.Identity!.Subject, told).Should().Be((signedIn, signedIn == "user_1" ? 0 : 1));
        (_world.Session.Current is null).Should().Be(signedIn == "user_2", "one user's token must not be sent for another");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_handler_that_throws_costs_neither_the_answer_nor_the_next_question(int hours)
    {
        var told = new List<string>();
        _world.Tokens.Answer = (request, _) =>
            ValueTask.FromResult<string?>(Jwt.Create(Now.AddHours(request.MustBeFresh ? 2 : hours), $"user_{_world.Tokens.Asked.Count}"));
        _world.Session.UserChanged = () => throw new InvalidOperationException("user");
        _world.Session.Answered = _ =>
        {
            told.Add("answered");
            throw new InvalidOperationException("answered");
        };
        _world.Session.Renewed = () => told.Add("renewed");

        (await _world.AskAsync(AccessTokenReason.Connect)).Error.Should().BeNull();
        (await _world.AskAsync(AccessTokenReason.Changed)).Token!.Identity.Subject.Should().Be($"user_{_world.Tokens.Asked.Count}");

        told.Should().Equal("answered", "renewed", "answered", "renewed");
        _world.Log.Lines.Count(static l => l.Contains("[4006]")).Should().BeGreaterThanOrEqualTo(4);
    }

    [Fact]
    public async Task A_renewal_is_told_of_another_token_and_of_one_after_a_failure_and_of_nothing_else()
    {
        var told = 0;
        _world.Session.Renewed = () => told++;
        await _world.AskAsync(AccessTokenReason.Connect);
        told.Should().Be(1);
        await _world.AskAsync(AccessTokenReason.Changed);
        told.Should().Be(1, "it is the same");

        _world.Tokens.Answer = static (_, _) => throw new HttpRequestException();
        await _world.AskAsync(AccessTokenReason.Changed);
        told.Should().Be(1);
        _world.Tokens.Answer = null;
        await _world.AskAsync(AccessTokenReason.Changed);
        told.Should().Be(2);
    }
}
