using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Authentication;

/// <summary>What asking the provider came to.</summary>
/// <param name="Reason">Why it was asked for.</param>
/// <param name="Token">The token; <see langword="null"/> when nobody is signed in, or on failure.</param>
/// <param name="Error">Why there is none, when the provider failed.</param>
internal sealed record TokenAnswer(AccessTokenReason Reason, AccessToken? Token, RealtimeException? Error);

/// <summary>One user's tokens: asks the provider, one question at a time, and tells the owner every answer.</summary>
/// <remarks>
/// A question put while another is under way shares its answer, unless it wants a fresh token and the running one did not: that one is then
/// followed by another, and only the last answer counts. The provider runs on the scheduler, under no lock, with a time-out.
/// </remarks>
internal sealed class TokenSession(
    IAccessTokenProvider? provider, RealtimeEnvironment environment, TimeSpan timeout, RealtimeInstruments instruments, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closed = new();
    private TaskCompletionSource<TokenAnswer>? _running;
    private AccessTokenReason _asked;
    private AccessTokenReason? _next;
    private long? _answeredAt;

    /// <summary>The last answer's token.</summary>
    public AccessToken? Current { get; private set; }

    /// <summary>Told each answer, on the scheduler, before the tasks of those who asked complete.</summary>
    public Action<TokenAnswer>? Answered { get; set; }

    /// <summary>Whether the last good answer is younger than <paramref name="age"/>. Its expiry is not looked at: our clock may be wrong.</summary>
    public bool IsFresh(TimeSpan age)
    {
        lock (_gate)
        {
            return _running is null && _answeredAt is { } at && environment.TimeProvider.GetElapsedTime(at) <= age;
        }
    }

    /// <summary>Asks the provider, or shares the answer that is under way.</summary>
    /// <returns>Completes with the answer; never fails.</returns>
    public Task<TokenAnswer> AskAsync(AccessTokenReason reason)
    {
        lock (_gate)
        {
            if (_running is { } running)
            {
                if (NeedsAnother(reason, _asked))
                {
                    // The more urgent of two: "the token changed" must not make a refused one good enough again.
                    _next = _next is { } next && next > reason ? next : reason;
                }

                return running.Task;
            }

            _running = new TaskCompletionSource<TokenAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            _asked = reason;
            _ = environment.Scheduler.Start(RunAsync);
            return _running.Task;
        }
    }

    /// <summary>Forgets what was answered: the next join asks again.</summary>
    public void Expire()
    {
        lock (_gate)
        {
            _answeredAt = null;
        }
    }

    public void Close() => _closed.Cancel();

    /// <summary>"The token changed" and "it was refused" were put after the running question was: its answer may be the old token.</summary>
    private static bool NeedsAnother(AccessTokenReason reason, AccessTokenReason running) =>
        reason == AccessTokenReason.Changed || (reason is AccessTokenReason.Expiring or AccessTokenReason.Rejected && running < AccessTokenReason.Expiring);

    private async Task RunAsync()
    {
        while (true)
        {
            var answer = await AskProviderAsync(_asked);
            TaskCompletionSource<TokenAnswer> running;
            lock (_gate)
            {
                if (_next is { } next)
                {
                    _asked = next;
                    _next = null;
                    continue;
                }

                running = _running!;
                _running = null;
                if (answer.Error is null)
                {
                    Current = answer.Token;
                    _answeredAt = environment.TimeProvider.GetTimestamp();
                }
            }

            try
            {
                if (!_closed.IsCancellationRequested)
                {
                    Answered?.Invoke(answer);
                }
            }
            finally
            {
                running.SetResult(answer);
            }

            return;
        }
    }

    private async Task<TokenAnswer> AskProviderAsync(AccessTokenReason reason)
    {
        if (provider is null)
        {
            return new TokenAnswer(reason, null, null);
        }

        AuthenticationLog.Asking(logger, reason);
        using var asking = instruments.StartToken(TagValue.Of(reason));
        using var late = new CancellationTokenSource(timeout, environment.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _closed.Token);
        try
        {
            // WaitAsync, for a provider that does not look at its cancellation token must not hang us.
            var asked = provider.GetAccessTokenAsync(new AccessTokenRequest(reason), either.Token).AsTask();
            _ = asked.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            var token = await asked.WaitAsync(either.Token);
            var answer = new TokenAnswer(reason, AccessToken.From(token), null);
            asking.Succeed(answer.Token is null ? "none" : "ok");
            return answer;
        }
#pragma warning disable CA1031 // Whatever a provider throws is a failure to get a token, told as such.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // The exception's own text is the provider's: it may quote the token, so only its type is told.
            var message = late.IsCancellationRequested
                ? $"The access-token provider did not answer within {timeout.TotalSeconds:0.#} s."
                : $"The access-token provider threw {e.GetType().Name}.";
            AuthenticationLog.ProviderFailed(logger, message);
            if (!_closed.IsCancellationRequested)
            {
                asking.Fail(RealtimeErrorReason.TokenProviderFailed);
            }

            return new TokenAnswer(reason, null, new RealtimeException(RealtimeErrorReason.TokenProviderFailed, message, isTransient: true));
        }
    }
}
