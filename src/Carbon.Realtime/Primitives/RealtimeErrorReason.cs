namespace Carbon.Realtime;

/// <summary>What went wrong, in terms a program can act on.</summary>
public enum RealtimeErrorReason
{
    /// <summary>The server said something that this version does not know. The message carries its words.</summary>
    Unknown = 0,

    /// <summary>The socket ended or the server did not answer; the client reconnects by itself.</summary>
    ConnectionLost,

    /// <summary>The server could not be reached: no such host, refused, TLS failure, time-out of the connect; or something between answers in its place.</summary>
    ServerUnreachable,

    /// <summary>The server or its database cannot serve right now; the client tries again by itself.</summary>
    ServerUnavailable,

    /// <summary>The server asks to slow down; the client tries again by itself, later.</summary>
    RateLimited,

    /// <summary>The API key is missing, malformed, expired or signed with another secret: set the right key.</summary>
    InvalidApiKey,

    /// <summary>The address answers, but not for a known project: check the URL.</summary>
    ProjectNotFound,

    /// <summary>The project is paused or Realtime is switched off for it.</summary>
    ProjectDisabled,

    /// <summary>The access token expired before the provider gave a new one.</summary>
    TokenExpired,

    /// <summary>The server refuses the access token for good: malformed, wrong signature, claims missing.</summary>
    TokenRejected,

    /// <summary>The access-token provider threw or did not answer in time.</summary>
    TokenProviderFailed,

    /// <summary>The signed-in user may not read this channel.</summary>
    PermissionDenied,

    /// <summary>The server refuses the subscription: table not published, unknown column, bad filter. The message says which.</summary>
    SubscriptionRefused,

    /// <summary>The change could not be sent to this role: no permission on the key (401) or no primary key (400).</summary>
    TableMisconfigured,

    /// <summary>The ambient tenant changed; the stream of the old tenant ended. Take a new stream.</summary>
    TenantChanged,

    /// <summary>The server does not speak the protocol as documented.</summary>
    ProtocolViolation,

    /// <summary>
    /// The stream's filter cannot stay: it is on an array column, which would make the server lose changes for every client of the project, or a
    /// condition that the server does not take is one the client cannot judge exactly. The message says which, and what to do.
    /// </summary>
    UnsafeFilter,
}
