namespace Carbon.Realtime.Channels;

/// <summary>Spaces the tries of joins that the server keeps refusing, whichever channels they are of. Under the gate.</summary>
/// <remarks>
/// A refused join makes the server deaf to the whole socket for five seconds (docs/protocol.md, "Joins block the socket"). The slow waits of each channel
/// grow, but a few dozen refused channels together would still take a third of the socket's time from those that work.
/// </remarks>
/// <param name="clock">The clock.</param>
/// <param name="spacing">The time between two tries.</param>
internal sealed class RefusedJoinPace(TimeProvider clock, TimeSpan spacing)
{
    private long? _last;

    /// <summary>Reserves the next place for a try.</summary>
    /// <param name="wait">The wait that the channel would have by itself.</param>
    /// <returns>That wait, or one that ends the spacing after the last reserved try.</returns>
    public TimeSpan Reserve(TimeSpan wait)
    {
        var now = clock.GetTimestamp();
        var due = now + Ticks(wait);
        if (_last is { } last)
        {
            due = Math.Max(due, last + Ticks(spacing));
        }

        _last = due;
        return clock.GetElapsedTime(now, due);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * clock.TimestampFrequency);
}
