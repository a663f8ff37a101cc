namespace Carbon.Realtime.Protocol;

/// <summary>Why a message from the server was not used. Counted, never thrown.</summary>
internal enum FrameDropReason
{
    None = 0,

    /// <summary>Not JSON, or not the JSON of a frame.</summary>
    Malformed,

    /// <summary>Ends in the middle.</summary>
    Truncated,

    /// <summary>Nested deeper than <see cref="JsonScanner.MaxDepth"/>.</summary>
    TooDeep,

    /// <summary>Larger than the inbound limit.</summary>
    TooLarge,

    /// <summary>A binary message: those come with broadcast.</summary>
    Binary,

    /// <summary>A well-formed frame of an event that this version does not use.</summary>
    UnknownEvent,

    /// <summary>A topic that is not, or no longer, joined.</summary>
    UnknownTopic,

    /// <summary>A reply to nothing we wait for, or a join reference that is not the current one.</summary>
    StaleReference,

    /// <summary>A change whose ids belong to no binding of its channel: an earlier join's.</summary>
    UnknownBinding,

    /// <summary>A row of another tenant, or outside the filter, whatever the server thought.</summary>
    ForeignRow,

    /// <summary>A change of a table that only matched because the server compares names with LIKE (docs/protocol.md, "Names").</summary>
    ForeignTable,

    /// <summary>A change that the join before had delivered already (docs/protocol.md, "Thirty facts", fact 5).</summary>
    Duplicate,
}
