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
/// followed by another, and only the last answer counts. A token that has ended by our clock is followed by the question for a fresh one. The
/// provider runs on the scheduler, under no lock, with a time-out.
/// </remarks>
internal sealed class TokenSession(
    IAccessTokenProvider? provider, RealtimeEnvironment environment, TimeSpan timeout, RealtimeInstruments instruments, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closed = new();
    private readonly TokenCall _call = new(provider, environment, timeout, instruments, logger);
    private TaskCompletionSource<TokenAnswer>? _running;
    private AccessTokenReason _asked;
    private AccessTokenReason? _next;
    private long? _answeredAt;
    private bool _looksExpired;

    /// <summary>The last answer's token.</summary>
    public AccessToken? Current { get; private set; }

    /// <summary>Whether nobody wants an answer any more: <see cref="Current"/> says nothing then.</summary>
    public bool IsClosed => _closed.IsCancellationRequested;

    /// <summary>Told each answer, on the scheduler, before the tasks of those who asked complete.</summary>
    public Action<TokenAnswer>? Answered { get; set; }

    /// <summary>Told that <see cref="Current"/> is another user's now, or nobody's; before <see cref="Answered"/>, on the scheduler.</summary>
    public Action? UserChanged { get; set; }

    /// <summary>Whether the caller is the provider, answering: to ask again and wait for it would be waiting for itself.</summary>
    public bool IsAnswering => _call.IsCaller;

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
                    // The most urgent of all: "the token changed" must not make a refused one good enough again.
                    var urgent = _asked == AccessTokenReason.Rejected ? _asked : reason;
                    _next = _next is { } next && next > urgent ? next : urgent;
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

    /// <summary>Ends the running question, if there is one; no further one reaches the provider, and no answer counts.</summary>
    public void Close()
    {
        try
        {
            _closed.Cancel();
        }
        catch (AggregateException e)
        {
            AuthenticationLog.CancellationThrew(logger, e.InnerExceptions[0].GetType().Name);
        }
    }

    /// <summary>"The token changed" and "it was refused" were put after the running question was: its answer may be the old token.</summary>
    private static bool NeedsAnother(AccessTokenReason reason, AccessTokenReason running) =>
        reason == AccessTokenReason.Changed || (WantsFresh(reason) && !WantsFresh(running));

    private static bool WantsFresh(AccessTokenReason reason) => reason is AccessTokenReason.Expiring or AccessTokenReason.Rejected;

    private async Task RunAsync()
    {
        while (true)
        {
            var answer = await _call.AskAsync(_asked, _closed.Token);
            TaskCompletionSource<TokenAnswer> running;
            var isOther = false;
            lock (_gate)
            {
                if (Next(answer) is { } next)
                {
                    _asked = next;
                    _next = null;
                    continue;
                }

                running = _running!;
                _running = null;
                if (answer.Error is null && !_closed.IsCancellationRequested)
                {
                    isOther = !IsSameUser(Current, answer.Token);
                    Current = answer.Token;
                    _answeredAt = environment.TimeProvider.GetTimestamp();
                    NoteExpiry(answer.Token);
                }
            }

            try
            {
                if (!_closed.IsCancellationRequested)
                {
                    if (isOther)
                    {
                        UserChanged?.Invoke();
                    }

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

    /// <summary>What must be asked before an answer counts.</summary>
    /// <remarks>
    /// An expired token is worth one more question, until it is known that fresh ones look expired too: a device whose clock is years off works,
    /// and its provider is not asked twice each time.
    /// </remarks>
    private AccessTokenReason? Next(TokenAnswer answer) =>
        _closed.IsCancellationRequested ? null
        : _next is { } next ? next
        : !WantsFresh(answer.Reason) && !_looksExpired && LooksExpired(answer.Token) ? AccessTokenReason.Expiring
        : null;

    private static bool IsSameUser(AccessToken? one, AccessToken? other) =>
        one is null ? other is null : other is not null && one.Identity.IsSameUser(other.Identity);

    private bool LooksExpired(AccessToken? token) => token?.Identity.ExpiresAt <= environment.TimeProvider.GetUtcNow();

    private void NoteExpiry(AccessToken? token)
    {
        if (token is null)
        {
            return;
        }

        var expired = LooksExpired(token);
        if (expired && !_looksExpired)
        {
            AuthenticationLog.LooksExpired(logger, token.Identity.ExpiresAt!.Value, environment.TimeProvider.GetUtcNow());
        }

        _looksExpired = expired;
    }
}
