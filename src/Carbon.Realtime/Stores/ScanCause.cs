namespace Carbon.Realtime.Stores;

/// <summary>Why everything is read.</summary>
internal enum ScanCause
{
    /// <summary>The server said ok.</summary>
    Epoch,

    /// <summary>Something was lost while changes flowed.</summary>
    Missed,

    /// <summary>Soon after an ok, and then from time to time.</summary>
    Reconcile,

    /// <summary>There is no epoch.</summary>
    Poll,

    /// <summary>Somebody asked.</summary>
    Verify,

    /// <summary>The last one failed.</summary>
    Retry,
}
