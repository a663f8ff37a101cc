namespace Carbon.Realtime.Channels;

/// <summary>Spaces the tries of joins that the server refused, whichever channels they are of. Under the gate.</summary>
/// <remarks>
/// A refused join makes the server deaf to the whole socket for five seconds (docs/protocol.md, "Joins block the socket"). The waits of each channel
/// grow, but a few dozen refused channels together would still take the socket's time from those that work, or all of it. A turn is taken when a
/// channel's own wait is over and not before, so that one that goes away meanwhile costs the others nothing.
/// </remarks>
/// <param name="clock">The clock.</param>
/// <param name="spacing">The time between two tries.</param>
internal sealed class RefusedJoinPace(TimeProvider clock, TimeSpan spacing)
{
    private long? _last;

    /// <summary>Takes the next turn, if it has come.</summary>
    /// <param name="left">How long it takes otherwise.</param>
    public bool TryTakeTurn(out TimeSpan left)
    {
        left = _last is { } last ? spacing - clock.GetElapsedTime(last) : TimeSpan.Zero;
        if (left > TimeSpan.Zero)
        {
            return false;
        }

        _last = clock.GetTimestamp();
        return true;
    }

    /// <summary>The next turn may be taken at once.</summary>
    public void Lift() => _last = null;
}
