using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Authentication;

/// <summary>Calls the provider, which is other people's code: it may hang, throw anything, look at no cancellation, and call back. One call at a time.</summary>
/// <remarks>
/// A failure stands for a while: who asks meanwhile gets it again, and the provider hears nothing of it. Whether an answer ends that is for
/// <see cref="TokenSession"/> to say, for a token that has expired is one, and worth nothing.
/// </remarks>
internal sealed class TokenCall(
    IAccessTokenProvider? provider, RealtimeEnvironment environment, TimeSpan timeout, Backoff failures, RealtimeInstruments instruments, ILogger logger)
{
    /// <summary>The calls that the running code is part of. An ended one stays behind in what a provider started and kept, and means nothing there.</summary>
    private static readonly AsyncLocal<Call?> Running = new();

    private bool _toldApiKey;
    private TokenAnswer? _failure;
    private long _askableAt;
    private string? _toldFailure;

    /// <summary>Whether the caller is the provider, inside a call that has not ended.</summary>
    public bool IsCaller => Running.Value is { HasEnded: false } call && call.Owner == this;

    /// <summary>Asks the provider.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="insistence">Whether it is asked although it has just failed.</param>
    /// <param name="closed">When nobody wants the answer any more; one without a token or an error is given then.</param>
    /// <returns>Never fails.</returns>
    public async Task<TokenAnswer> AskAsync(AccessTokenReason reason, Insistence insistence, CancellationToken closed)
    {
        if (provider is null || closed.IsCancellationRequested)
        {
            return new TokenAnswer(reason, null, null);
        }

        if (insistence == Insistence.Anew)
        {
            failures.Reset();
            _failure = null; // also for the question that the answer to this one may make necessary
        }
        else if (insistence == Insistence.None && _failure is { } failure && Left() is var left && left > TimeSpan.Zero)
        {
            return failure with { Reason = reason, RetryIn = left, IsRepeated = true };
        }

        AuthenticationLog.Asking(logger, reason);
        using var asking = instruments.StartToken(TagValue.Of(reason));
        using var late = new CancellationTokenSource(timeout, environment.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, closed);
        var call = new Call(this);
        Running.Value = call;
        try
        {
            // A task of its own and WaitAsync, for a provider that blocks, or does not look at its cancellation token, must not hang us.
            var asked = environment.Scheduler.Call(() => provider.GetAccessTokenAsync(new AccessTokenRequest(reason), either.Token).AsTask());
            _ = asked.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            var token = await asked.WaitAsync(either.Token);
            TellApiKey(token);
            var answer = new TokenAnswer(reason, AccessToken.From(token), null);
            asking.Succeed(answer.Token is null ? "none" : "ok");
            return answer;
        }
        catch (Exception) when (closed.IsCancellationRequested)
        {
            return new TokenAnswer(reason, null, null);
        }
#pragma warning disable CA1031 // Whatever a provider throws is a failure to get a token, told as such.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // The exception's own text is the provider's: it may quote the token, so only its type is told.
            var message = late.IsCancellationRequested
                ? $"The access-token provider did not answer within {timeout.TotalSeconds:0.#} s."
                : $"The access-token provider threw {e.GetType().Name}.";
            TellFailure(message);
            asking.Fail(RealtimeErrorReason.TokenProviderFailed);
            return Fail(reason, new RealtimeException(RealtimeErrorReason.TokenProviderFailed, message, isTransient: true));
        }
        finally
        {
            call.HasEnded = true;
        }
    }

    /// <summary>An answer was good: the next failure is a first one.</summary>
    public void OnKept()
    {
        failures.Reset();
        _failure = null;
        _toldFailure = null;
    }

    private TokenAnswer Fail(AccessTokenReason reason, RealtimeException error)
    {
        var wait = failures.Next(spreadOut: false);
        _askableAt = environment.TimeProvider.GetTimestamp() + (long)(wait.TotalSeconds * environment.TimeProvider.TimestampFrequency);
        _failure = new TokenAnswer(reason, null, error);
        return _failure with { RetryIn = Left() };
    }

    /// <summary>Until the provider may be asked again, in whole milliseconds: who waits so long does not come too early by a rounding.</summary>
    private TimeSpan Left() => TimeSpan.FromMilliseconds(
        Math.Ceiling(environment.TimeProvider.GetElapsedTime(environment.TimeProvider.GetTimestamp(), _askableAt).TotalMilliseconds));

    /// <summary>Once, until there is another cause or a good answer: what is asked again and again would fill the log with one fault.</summary>
    private void TellFailure(string message)
    {
        if (_toldFailure != message)
        {
            _toldFailure = message;
            AuthenticationLog.ProviderFailed(logger, message);
        }
    }

    private void TellApiKey(string? token)
    {
        if (!_toldApiKey && AccessToken.IsApiKey(token))
        {
            _toldApiKey = true;
            AuthenticationLog.ApiKeyAsToken(logger);
        }
    }

    private sealed class Call(TokenCall owner)
    {
        private bool _hasEnded;

        public TokenCall Owner => owner;

        public bool HasEnded
        {
            get => Volatile.Read(ref _hasEnded);
            set => Volatile.Write(ref _hasEnded, value);
        }
    }
}
