namespace Carbon.Realtime;

/// <summary>Who judges a store's filter when a row changes.</summary>
/// <remarks>
/// The server judges an update by the new row alone: of one that leaves a filter it says nothing to whoever subscribed with it
/// (docs/protocol.md, "When a filter is evaluated").
/// </remarks>
public enum StoreFilterMode
{
    /// <summary>
    /// The subscription carries the tenant only, and the client judges each change: a row that leaves the filter leaves the store with that change, one that
    /// enters comes with it. The default.
    /// </summary>
    /// <remarks>
    /// It costs the changes of all the tenant's rows, which also count against the server's limit of events per second. Where the client cannot judge exactly as
    /// PostgreSQL does (patterns, arrays, the order of texts and labels, an enum's or domain's value that is neither equal nor another plain word, as it is where only the case differs or digits
    /// are in it, a column that the change does not bring) the row is read by its key, within
    /// a second and at most 100 to a request; with <see cref="StoreOptions{TRow}.SignalOnly"/> every row that changes is.
    /// </remarks>
    Client = 0,

    /// <summary>
    /// The subscription carries the filter too, and only changes of rows that match it come. For filters on columns that never change: a row whose column
    /// does change stays in the store until the next complete read.
    /// </summary>
    Server,
}
