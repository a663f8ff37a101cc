using Carbon.Realtime.Authentication;
using Carbon.Realtime.Stores;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Finding out whose rows are wanted: what was asked for while an answer was on its way is not lost with that answer.</summary>
public sealed class ResolutionTests
{
    private static readonly TokenAnswer Failure = new(AccessTokenReason.Connect, null, RealtimeErrors.Transient(RealtimeErrorReason.TokenProviderFailed, "planted"));

    private readonly ManualEnvironment _env = new();
    private readonly Scope _scope = new();
    private readonly List<TokenAnswer?> _resolved = [];
    private readonly Resolution _resolution;

    public ResolutionTests() => _resolution = new Resolution(_scope, _env.Scheduler, new Lock()) { OnResolved = _resolved.Add };

    [Fact]
    public void A_failure_that_is_on_its_way_when_a_token_comes_is_nobodys_last_word()
    {
        Begin();
        _scope.Asked[0].SetResult(Failure); // its continuation waits in the scheduler
        Begin();
        _scope.Asked.Should().HaveCount(2);
        _resolved.Should().BeEmpty();

        _scope.Asked[1].SetResult(null);
        _env.RunUntilIdle();
        _resolved.Should().Equal([null]);
    }

    [Fact]
    public void A_second_failure_is_told()
    {
        Begin();
        Begin();
        _scope.Asked[0].SetResult(Failure);
        _env.RunUntilIdle();
        _scope.Asked[1].SetResult(Failure);
        _env.RunUntilIdle();
        (_scope.Asked.Count, _resolved.Count).Should().Be((2, 1));
    }

    [Fact]
    public void A_good_answer_is_good_for_whoever_asked_meanwhile()
    {
        Begin();
        Begin();
        _scope.Asked[0].SetResult(null);
        _env.RunUntilIdle();
        (_scope.Asked.Count, _resolved.Count).Should().Be((1, 1));
    }

    [Fact]
    public void What_was_cancelled_is_not_asked_again()
    {
        Begin();
        Begin();
        _resolution.Cancel();
        _scope.Asked[0].SetResult(Failure);
        _env.RunUntilIdle();
        (_scope.Asked.Count, _resolved.Count).Should().Be((1, 1));
    }

    private void Begin()
    {
        _resolution.Begin();
        _env.RunUntilIdle();
    }

    private sealed class Scope : IStoreScope
    {
        public List<TaskCompletionSource<TokenAnswer?>> Asked { get; } = [];

        public StoreIdentity? Identity => null;

        public TimeSpan Linger => TimeSpan.Zero;

        public Task<TokenAnswer?> PrepareAsync()
        {
            Asked.Add(new TaskCompletionSource<TokenAnswer?>(TaskCreationOptions.RunContinuationsAsynchronously));
            return Asked[^1].Task;
        }

        public IDisposable Later(TimeSpan wait, Action action) => throw new NotSupportedException();
    }
}
