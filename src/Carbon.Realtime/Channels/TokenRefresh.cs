using Carbon.Realtime.Authentication;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Channels;

/// <summary>When a session's next token is asked for, ahead of the current one's end. Under the gate.</summary>
/// <remarks>
/// A moment drawn from between the margin and one and a half times the margin before the end: whoever signed in together does not ask together.
/// A token with less than twice the margin left is asked for at half of what it has left, so an answer that is no newer is asked for again,
/// more urgently each time and never in a loop. A question that failed is put again after a wait of its own, whatever the channels are doing;
/// after the end it is theirs to ask.
/// </remarks>
internal sealed class TokenRefresh(TokenSession session, Deadlines deadlines, RealtimeEnvironment environment, ChannelOptions options)
{
    /// <summary>A token with less than this left is not refreshed ahead: the server will end its channel, and that asks for a fresh one.</summary>
    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(2);

    private Deadlines.Deadline? _due;
    private int _failures;

    /// <summary>The provider answered, or failed.</summary>
    public void OnAnswered(bool failed)
    {
        _failures = failed ? _failures + 1 : 0;
        Schedule();
    }

    /// <summary>Looks at the token and the clock anew.</summary>
    public void Schedule()
    {
        Cancel();
        if (session.Current?.Identity.ExpiresAt is not { } expiry)
        {
            return;
        }

        var left = expiry - environment.TimeProvider.GetUtcNow();
        if (left > TooLate)
        {
            _due = deadlines.Schedule(Wait(left), () => _ = session.AskAsync(AccessTokenReason.Expiring));
        }
    }

    public void Cancel()
    {
        _due?.Cancel();
        _due = null;
    }

    private TimeSpan Wait(TimeSpan left)
    {
        if (left >= options.TokenMargin * 2)
        {
            return left - Backoff.Between(options.TokenMargin, options.TokenMargin * 1.5, environment.Randomizer);
        }

        var half = left / 2;
        if (_failures == 0)
        {
            return half;
        }

        var ceiling = options.TokenRetry * Math.Min(_failures * 2, 4);
        var wait = Backoff.Between(options.TokenRetry, ceiling, environment.Randomizer);
        return wait < half ? wait : half;
    }
}
