namespace Carbon.Realtime.Channels;

internal enum ChannelState
{
    /// <summary>Wants to join and waits for the socket, a token, its turn or the end of a back-off.</summary>
    Waiting,

    /// <summary>The join was sent.</summary>
    Joining,

    /// <summary>The server answered ok, which does not mean that changes flow.</summary>
    Joined,

    /// <summary>The server said that changes flow.</summary>
    Live,

    /// <summary>Left for good.</summary>
    Ended,
}
