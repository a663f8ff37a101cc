namespace Carbon.Realtime.Channels;

/// <summary>One sink's place on a channel.</summary>
internal sealed class Subscription(SubscriptionRequest request)
{
    public SubscriptionRequest Request { get; } = request;

    /// <summary>The request's, at hand: every change comes by here.</summary>
    public ISubscriptionSink Sink { get; } = request.Sink;

    /// <summary>Where it is; <see langword="null"/> while the group window is open, and after it ended.</summary>
    public Channel? Channel { get; set; }

    public bool IsEnded { get; set; }

    /// <summary>The last frame that was routed here: several ids of one frame are one change. Reader's loop only.</summary>
    public long LastFrame { get; set; }

    /// <summary>Whether a filtered binding was among those that matched the last frame. Reader's loop only.</summary>
    public bool LastVerified { get; set; }
}
