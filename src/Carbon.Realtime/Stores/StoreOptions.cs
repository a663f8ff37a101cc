namespace Carbon.Realtime;

/// <summary>How a store reads and listens. Immutable. A store with the defaults is correct; options only make it cheaper or fit a table's ways.</summary>
/// <typeparam name="TRow">The row.</typeparam>
public sealed record StoreOptions<TRow>
{
    /// <summary>
    /// Stores of one group that start within <see cref="RealtimeOptions.GroupWindow"/> share one channel. Letters, digits, <c>-</c> and <c>_</c>;
    /// default <c>stores</c>.
    /// </summary>
    public string Group { get; init; } = "stores";

    /// <summary>
    /// What log, metrics and health check call the store beside its table, as in <c>public.salesOrder/mine</c>: two stores of one table are told apart by it. 1 to
    /// 64 letters, digits, <c>-</c> and <c>_</c>. Default: the name given to <see cref="ICarbonRealtimeBuilder.AddStore{TKey, TRow}(string, RealtimeTable{TKey, TRow})"/>, where it is such a one; else none.
    /// </summary>
    /// <remarks>It makes no other store: of two that differ in it alone there is one, called as it was first. Must say nothing that may not stand in a log.</remarks>
    public string? Name { get; init; }

    /// <summary>What is read of each row, in PostgREST's words, embedded tables included. Default: the columns that the row type maps.</summary>
    /// <remarks>A row whose mapped columns a change does not bring, as it is with embedded ones, is read by its key when it changes.</remarks>
    public string? Select { get; init; }

    /// <summary>
    /// The table whose changes tell that a row must be read, where that is not the table that is read: a view has no changes of its own. Its rows
    /// must have the key's columns, and the tenant's, under the same names. Default: none.
    /// </summary>
    public string? SignalTable { get; init; }

    /// <summary>Whether a change only tells which row to read, and its own content is not used. Default <see langword="false"/>; always so with <see cref="SignalTable"/>.</summary>
    public bool SignalOnly { get; init; }

    /// <summary>Who judges the table's filter when a row changes. Default <see cref="StoreFilterMode.Client"/>, which is right for every filter.</summary>
    /// <remarks>
    /// Reads carry the whole filter in any case, and the tenant is always the server's to judge. Without a filter there is no difference. Whether a text or an enum's label is
    /// the same as the filter's, or another one, the client judges by itself (<c>eq</c>, <c>neq</c>, <c>in</c>, negated too); their order (<c>lt</c>, <c>gt</c>) it asks the database for,
    /// row by row, as it does for patterns and arrays. With <see cref="StoreFilterMode.Server"/> a filter on an array column faults the store: sent, it would cost every client of the
    /// project changes.
    /// </remarks>
    public StoreFilterMode FilterMode { get; init; }

    /// <summary>
    /// A row's version, if the table has a true one: it must grow with every write of a row, as a trigger's <c>OLD.version + 1</c> does, and
    /// never go back. <c>updated_at = now()</c> is none: concurrent writers move it backwards. Default none.
    /// </summary>
    public Func<TRow, long>? Version { get; init; }

    /// <summary>The order of views and lists that name none. Must tell any two rows apart. Default none.</summary>
    public Comparison<TRow>? Order { get; init; }

    /// <summary>The most rows; a table that has more faults the store instead of showing a part. From 1; default 1 000 000.</summary>
    public int MaxRows { get; init; } = 1_000_000;

    /// <summary>How often everything is read although all seems well. Default: every 2 minutes up to 1 000 rows, up to 30 minutes for large tables; twice as often after a loss.</summary>
    /// <remarks>Between 30 s and 30 minutes.</remarks>
    public TimeSpan? ReconcilePeriod { get; init; }

    /// <summary>Whether rows are kept in the local cache, where there is one. Default <see langword="true"/>.</summary>
    public bool IsCached { get; init; } = true;
}
