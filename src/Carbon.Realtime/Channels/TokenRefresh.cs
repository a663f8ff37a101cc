using Carbon.Realtime.Authentication;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Channels;

/// <summary>When a session's next token is asked for, ahead of the current one's end. Under the gate.</summary>
/// <remarks>
/// A moment drawn from between the margin and one and a half times the margin before the end: whoever signed in together does not ask together.
/// A token with less than twice the margin left is asked for at half of what it has left, so an answer that is no newer is asked for again,
/// more urgently each time and never in a loop. A question that failed is put again after a wait of its own, whatever the channels are doing, and not
/// before the provider may be asked again; but at half of what is left it is asked in any case, for else the token would end. After the end it is
/// the channels' to ask.
/// </remarks>
internal sealed class TokenRefresh(TokenSession session, Deadlines deadlines, RealtimeEnvironment environment, ChannelOptions options)
{
    /// <summary>A token with less than this left is not refreshed ahead: the server will end its channel, and that asks for a fresh one.</summary>
    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(2);

    private Deadlines.Deadline? _due;
    private int _failures;
    private TimeSpan _leftAlone;

    /// <summary>The provider answered, or failed.</summary>
    public void OnAnswered(TokenAnswer answer)
    {
        if (answer.IsRepeated && _due is not null)
        {
            return; // nothing new: who asks again and again must not put off what is planned
        }

        _failures = answer.Error is null ? 0 : _failures + 1;
        _leftAlone = answer.RetryIn;
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
            var (wait, isUrgent) = Wait(left);
            _due = deadlines.Schedule(wait, () =>
            {
                _due = null;
                _ = isUrgent ? session.AskUrgentlyAsync() : session.AskAsync(AccessTokenReason.Expiring);
            });
        }
    }

    public void Cancel()
    {
        _due?.Cancel();
        _due = null;
    }

    private (TimeSpan Wait, bool IsUrgent) Wait(TimeSpan left)
    {
        if (left >= options.TokenMargin * 2)
        {
            return (left - Backoff.Between(options.TokenMargin, options.TokenMargin * 1.5, environment.Randomizer), false);
        }

        var half = left / 2;
        if (_failures == 0)
        {
            return (half, true);
        }

        var ceiling = options.TokenRetry * Math.Min(_failures * 2, 4);
        var wait = Backoff.Between(options.TokenRetry, ceiling, environment.Randomizer);
        wait = wait > _leftAlone ? wait : _leftAlone;
        return wait < half ? (wait, false) : (half, true);
    }
}
