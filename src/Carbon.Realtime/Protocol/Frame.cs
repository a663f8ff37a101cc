namespace Carbon.Realtime.Protocol;

/// <summary>What a frame is about, decided by its event name.</summary>
internal enum FrameEvent
{
    Unknown = 0,
    PostgresChanges,
    Reply,
    System,
    Error,
    Close,
    Broadcast,
    PresenceState,
    PresenceDiff,

    /// <summary>A change as the old API sends it: to topics that were joined without a <c>config</c>, which we never do.</summary>
    LegacyChange,
}

/// <summary>A server frame as slices of the receive buffer: valid for the duration of the call that got it.</summary>
internal readonly ref struct Frame
{
    /// <summary>The join this frame belongs to; empty where the frame carries none (docs/protocol.md, "Frames").</summary>
    public ReadOnlySpan<byte> JoinRef { get; init; }

    /// <summary>The push this frame answers; empty for server pushes.</summary>
    public ReadOnlySpan<byte> Ref { get; init; }

    public ReadOnlySpan<byte> Topic { get; init; }

    public FrameEvent Event { get; init; }

    /// <summary>The payload's JSON text, not looked into.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }
}
