using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Authentication;

/// <summary>One user's tokens: asks the provider, one question at a time, and tells the owner every answer.</summary>
/// <remarks>
/// A question put while another is under way shares its answer, unless it wants a fresh token and the running one did not: that one is then
/// followed by another, and only the last answer counts. A token that has ended by our clock is followed by the question for a fresh one, and is
/// not sent meanwhile; but whose it is, it tells at once, and still when that question fails: an expired token names its user as well as another.
/// The provider runs on the scheduler, under no lock, with a time-out. After a failure it is left alone for a while, whoever asks: channels, reads and
/// connects share one back-off. The program's own "the token changed" passes and ends it, also where something more urgent is asked for in its place,
/// and a refresh passes it without which a token would end (<see cref="Insistence"/>).
/// </remarks>
internal sealed class TokenSession(
    IAccessTokenProvider? provider, RealtimeEnvironment environment, TimeSpan timeout, Backoff failures, RealtimeInstruments instruments, ILogger logger)
{
    /// <summary>
    /// No wait for a provider that failed is longer, however long those for the server may be: live channels and reads depend on tokens that end.
    /// </summary>
    public static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closed = new();
    private readonly TokenCall _call = new(provider, environment, timeout, failures, instruments, logger);
    private TaskCompletionSource<TokenAnswer>? _running;

    /// <summary>The end of the last question, which is told before the next one is asked.</summary>
    private Task _last = Task.CompletedTask;
    private TaskCompletionSource<TokenAnswer?>? _identified;
    private SignIn _signIn = new(null, null);
    private Question _asked;
    private Question? _next;
    private long? _answeredAt;
    private bool _looksExpired;
    private bool _hasFailed;

    /// <summary>The last answer's token: one that may be sent.</summary>
    public AccessToken? Current => Volatile.Read(ref _signIn).Token;

    /// <summary>Who is signed in; <see langword="null"/> for nobody. Known also by a token that has expired, and for which there is no fresh one yet.</summary>
    public JwtIdentity? Identity => Volatile.Read(ref _signIn).Identity;

    /// <summary>Whether nobody wants an answer any more: <see cref="Current"/> says nothing then.</summary>
    public bool IsClosed => _closed.IsCancellationRequested;

    /// <summary>Told each answer, on the scheduler, before the tasks of those who asked complete.</summary>
    public Action<TokenAnswer>? Answered { get; set; }

    /// <summary>Told that <see cref="Identity"/> is another user now, or nobody; before <see cref="Answered"/>, on the scheduler.</summary>
    public Action? UserChanged { get; set; }

    /// <summary>Told that the token is another one now, or that there is one again after a failure; after <see cref="Answered"/>, on the scheduler.</summary>
    public Action? Renewed { get; set; }

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
    public Task<TokenAnswer> AskAsync(AccessTokenReason reason) =>
        AskAsync(new Question(reason, reason == AccessTokenReason.Changed ? Insistence.Anew : Insistence.None));

    /// <summary>Asks for a token that lives longer, also while the provider would be left alone: there is no time to wait for the end of that.</summary>
    /// <inheritdoc cref="AskAsync(AccessTokenReason)" path="/returns"/>
    public Task<TokenAnswer> AskUrgentlyAsync() => AskAsync(new Question(AccessTokenReason.Expiring, Insistence.Urgent));

    private Task<TokenAnswer> AskAsync(Question question)
    {
        lock (_gate)
        {
            if (_running is { } running)
            {
                if (NeedsAnother(question.Reason, _asked.Reason))
                {
                    // "The token changed" must not make a refused one good enough again.
                    var urgent = _asked.Reason == AccessTokenReason.Rejected ? question with { Reason = _asked.Reason } : question;
                    _next = _next is { } next ? next.With(urgent) : urgent;
                }

                return running.Task;
            }

            _running = new TaskCompletionSource<TokenAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            _identified = new TaskCompletionSource<TokenAnswer?>(TaskCreationOptions.RunContinuationsAsynchronously);
            _asked = question;
            var last = _last;
            _last = _running.Task;
            _ = environment.Scheduler.Start(() => RunAsync(last));
            return _running.Task;
        }
    }

    /// <summary>Finds out who is signed in: asks, unless that was answered already.</summary>
    /// <returns>Completes once <see cref="Identity"/> is known, for which no fresh token is waited; with the failure, if it is not.</returns>
    public Task<TokenAnswer?> IdentifyAsync()
    {
        lock (_gate)
        {
            if (_running is null && (_answeredAt is not null || Identity is not null))
            {
                return Task.FromResult<TokenAnswer?>(null);
            }

            _ = AskAsync(AccessTokenReason.Connect);
            return _identified!.Task;
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
            AuthenticationLog.CancellationThrew(logger, e.Flatten().InnerExceptions[0].GetType().Name);
        }
    }

    /// <summary>"The token changed" and "it was refused" were put after the running question was: its answer may be the old token.</summary>
    private static bool NeedsAnother(AccessTokenReason reason, AccessTokenReason running) =>
        reason == AccessTokenReason.Changed || (WantsFresh(reason) && !WantsFresh(running));

    private static bool WantsFresh(AccessTokenReason reason) => reason is AccessTokenReason.Expiring or AccessTokenReason.Rejected;

    private async Task RunAsync(Task last)
    {
        // An answer counts before it is told. Who asks in between must not be answered before everybody knows of the other user, nor be told before the one before.
        await last;
        var (isOfChange, isUntold) = (false, false);
        while (true)
        {
            var before = Identity; // nobody else changes it
            var (reason, insistence) = _asked;
            var answer = await _call.AskAsync(reason, insistence, _closed.Token);
            isOfChange |= insistence == Insistence.Anew;
            answer = answer with { IsOfChange = isOfChange, IsRepeated = answer.IsRepeated && !isUntold };
            TaskCompletionSource<TokenAnswer>? running = null;
            TaskCompletionSource<TokenAnswer?>? identified;
            var isRenewed = false;
            lock (_gate)
            {
                identified = _identified;
                if (Next(answer) is { } next)
                {
                    // What was asked for meanwhile may bring another user.
                    identified = _next is null && TryIdentify(answer.Token!.Identity) ? _identified : null;
                    (_asked, _next) = (next, null);
                    isUntold |= answer is { Error: not null, IsRepeated: false }; // what follows may be the same failure, which nobody knows yet
                }
                else
                {
                    running = _running!;
                    _running = null;
                    isRenewed = Keep(answer);
                }
            }

            if (!_closed.IsCancellationRequested)
            {
                if (!IsSameUser(before, Identity))
                {
                    Tell(UserChanged);
                }

                if (running is not null)
                {
                    Tell(() => Answered?.Invoke(answer));
                }

                if (isRenewed)
                {
                    Tell(Renewed);
                }
            }

            identified?.TrySetResult(running is null || answer.Error is null || Identity is not null ? null : answer);
            running?.SetResult(answer);
            if (running is not null)
            {
                return;
            }
        }
    }

    /// <summary>Tells, and goes on: a loop that one of them ended would be the last, and no token would ever be asked for again.</summary>
    private void Tell(Action? told)
    {
        try
        {
            told?.Invoke();
        }
#pragma warning disable CA1031 // Whatever it is, the others are told, and those who asked get their answer.
        catch (Exception e)
#pragma warning restore CA1031
        {
            AuthenticationLog.Thrown(logger, e);
        }
    }

    /// <returns>Whether there is another token than before, or one again.</returns>
    private bool Keep(TokenAnswer answer)
    {
        if (_closed.IsCancellationRequested)
        {
            return false;
        }

        var hadFailed = _hasFailed;
        _hasFailed = answer.Error is not null;
        if (_hasFailed)
        {
            return false;
        }

        _call.OnKept();
        var isOther = answer.Token?.Value != Current?.Value;
        Volatile.Write(ref _signIn, new SignIn(answer.Token, answer.Token?.Identity));
        _answeredAt = environment.TimeProvider.GetTimestamp();
        NoteExpiry(answer.Token);
        return isOther || hadFailed;
    }

    /// <summary>Takes an expired token's word for who is signed in, if nothing else says another.</summary>
    /// <remarks>
    /// Not beside another user's token that is still good: until there is a fresh one to take its place, everything goes on as if the provider
    /// had not answered.
    /// </remarks>
    private bool TryIdentify(JwtIdentity identity)
    {
        if (Current is { } current && !LooksExpired(current))
        {
            return current.Identity.IsSurelySameUser(identity);
        }

        Volatile.Write(ref _signIn, new SignIn(null, identity));
        _answeredAt = null; // that nobody is signed in is not true any more
        return true;
    }

    /// <summary>What must be asked before an answer counts.</summary>
    /// <remarks>
    /// An expired token is worth one more question, until it is known that fresh ones look expired too: a device whose clock is years off works,
    /// and its provider is not asked twice each time.
    /// </remarks>
    private Question? Next(TokenAnswer answer) =>
        _closed.IsCancellationRequested ? null
        : _next is { } next ? next
        : !WantsFresh(answer.Reason) && !_looksExpired && LooksExpired(answer.Token) ? new Question(AccessTokenReason.Expiring, Insistence.None)
        : null;

    private static bool IsSameUser(JwtIdentity? one, JwtIdentity? other) =>
        one is null ? other is null : other is not null && one.IsSurelySameUser(other);

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

    /// <summary>What is asked of the provider.</summary>
    private readonly record struct Question(AccessTokenReason Reason, Insistence Insistence)
    {
        /// <summary>One that serves both: for the more urgent reason, and as insistent as either.</summary>
        public Question With(Question other) => new(
            Reason > other.Reason ? Reason : other.Reason, Insistence > other.Insistence ? Insistence : other.Insistence);
    }

    /// <summary>What the answers came to. One object, so that nobody reads half of a change.</summary>
    private sealed record SignIn(AccessToken? Token, JwtIdentity? Identity);
}
