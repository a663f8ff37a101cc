namespace Carbon.Realtime.Testing;

/// <summary>What the log has of a row's old values (docs/protocol.md, "Who gets a change").</summary>
public enum EmulatorReplicaIdentity
{
    /// <summary>The primary key; nothing, for a table without one.</summary>
    Default,

    /// <summary>All columns.</summary>
    Full,

    /// <summary>Nothing: PostgreSQL refuses to update and to delete rows of such a table while it is published.</summary>
    Nothing,
}
