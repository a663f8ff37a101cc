namespace Carbon.Realtime.Emulator;

/// <summary>Why an emulator cannot stand on a database.</summary>
public enum PostgresSourceReason
{
    /// <summary>Nobody answers there, or not now.</summary>
    Unreachable,

    /// <summary>The server refuses the user, the password or the database.</summary>
    AccessDenied,

    /// <summary>The server does not run with <c>wal_level=logical</c>.</summary>
    WalLevel,

    /// <summary>There is no such publication.</summary>
    PublicationMissing,

    /// <summary>The user may not replicate.</summary>
    NoReplicationPrivilege,

    /// <summary>All replication slots or senders are taken.</summary>
    NoReplicationSlot,

    /// <summary>The server said something else, which is in the message.</summary>
    Refused,
}
