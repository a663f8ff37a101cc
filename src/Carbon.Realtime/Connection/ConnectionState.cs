namespace Carbon.Realtime.Connection;

internal enum ConnectionState
{
    /// <summary>Nobody needs a socket.</summary>
    Idle,

    /// <summary>A socket is being opened.</summary>
    Dialing,

    Open,

    /// <summary>The socket is being closed, politely or not; its reader has not ended yet.</summary>
    Closing,

    /// <summary>Waiting to dial again.</summary>
    Waiting,

    Disposed,
}
