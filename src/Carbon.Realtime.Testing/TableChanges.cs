namespace Carbon.Realtime.Testing;

/// <summary>Makes the elements of change streams, whose constructors are not public, for tests of code that consumes them.</summary>
public static class TableChanges
{
    /// <summary>A row was inserted.</summary>
    public static Inserted<TKey, TRow> Inserted<TKey, TRow>(TKey key, TRow row, DateTimeOffset? committedAt)
        where TKey : notnull => new(key, row, committedAt);

    /// <inheritdoc cref="Inserted{TKey, TRow}(TKey, TRow, DateTimeOffset?)"/>
    public static Inserted<TKey, TRow> Inserted<TKey, TRow>(TKey key, TRow row)
        where TKey : notnull => Inserted(key, row, committedAt: null);

    /// <summary>A row was updated; its key stayed, and the old row was not sent.</summary>
    public static Updated<TKey, TRow> Updated<TKey, TRow>(TKey key, TRow row, DateTimeOffset? committedAt)
        where TKey : notnull => new(key, row, key, default, hasOldRow: false, committedAt);

    /// <inheritdoc cref="Updated{TKey, TRow}(TKey, TRow, DateTimeOffset?)"/>
    public static Updated<TKey, TRow> Updated<TKey, TRow>(TKey key, TRow row)
        where TKey : notnull => Updated(key, row, committedAt: null);

    /// <summary>A row was updated, and the old row was sent.</summary>
    public static Updated<TKey, TRow> Updated<TKey, TRow>(TKey key, TRow row, TKey oldKey, TRow oldRow, DateTimeOffset? committedAt)
        where TKey : notnull => new(key, row, oldKey, oldRow, hasOldRow: true, committedAt);

    /// <summary>A row was deleted; the server matched it, and sent its key only.</summary>
    public static Deleted<TKey, TRow> Deleted<TKey, TRow>(TKey key, DateTimeOffset? committedAt)
        where TKey : notnull => new(key, default, hasOldRow: false, isVerified: true, committedAt);

    /// <inheritdoc cref="Deleted{TKey, TRow}(TKey, DateTimeOffset?)"/>
    public static Deleted<TKey, TRow> Deleted<TKey, TRow>(TKey key)
        where TKey : notnull => Deleted<TKey, TRow>(key, committedAt: null);

    /// <summary>Everything is to be read again.</summary>
    public static Gap<TKey, TRow> Gap<TKey, TRow>(GapReason reason)
        where TKey : notnull => new(reason);

    /// <summary>One row is to be read again.</summary>
    public static Gap<TKey, TRow> Gap<TKey, TRow>(GapReason reason, TKey key)
        where TKey : notnull => new(reason, key);

    /// <summary>Changes made what was read from these tables stale.</summary>
    public static Revalidation Revalidation(DateTimeOffset since, params string[] tables) => new([.. tables], null, since);

    /// <summary>Changes of these tables may have been missed.</summary>
    public static Revalidation Revalidation(GapReason gap, DateTimeOffset since, params string[] tables) => new([.. tables], gap, since);

    /// <summary>A status.</summary>
    public static RealtimeStatus Status(RealtimeState state, DateTimeOffset since) => new(state, since);

    /// <summary>A status with the error it tells.</summary>
    public static RealtimeStatus Status(RealtimeState state, DateTimeOffset since, RealtimeErrorReason reason, string message) =>
        new(state, since, new RealtimeException(reason, message, isTransient: state != RealtimeState.Faulted));
}
