namespace Carbon.Realtime.Snapshots;

/// <summary>Notices that a scan goes round: the key that a page ends with is behind those of all pages before, so that none can come twice.</summary>
/// <remarks>
/// Only the database can compare keys by its order, so that they are compared for equality: with one that is remembered, and forgotten for the
/// current one after one, two, four, eight … pages (Brent). A round of any length is noticed before it is gone twice, with the memory of one key.
/// </remarks>
internal struct LoopWatch
{
    private byte[][]? _remembered;
    private int _pages;
    private int _until;

    /// <param name="last">The key that a page ended with.</param>
    /// <param name="table">Its table.</param>
    /// <exception cref="RealtimeException">It has been there before.</exception>
    public void Add(byte[][] last, string table)
    {
        if (_remembered is not null && last.Zip(_remembered).All(static parts => parts.First.AsSpan().SequenceEqual(parts.Second)))
        {
            throw new RealtimeException(RealtimeErrorReason.ProtocolViolation,
                $"The server's pages of {table} go round and would never end: something between here and the database drops or changes parts of the address.", isTransient: false);
        }

        if (_pages++ == _until)
        {
            (_remembered, _until) = (last, (_until * 2) + 1);
        }
    }
}
