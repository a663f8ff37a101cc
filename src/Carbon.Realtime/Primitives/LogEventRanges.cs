namespace Carbon.Realtime.Primitives;

/// <summary>Where each room's log event ids begin. A room owns the thousand from its constant on; a house test holds it to that.</summary>
/// <remarks>
/// Write ids as <c>EventId = LogEventRanges.Connection + 1</c>. An id, once shipped, keeps its meaning: people filter by it.
/// A constant's name is its room's name.
/// </remarks>
internal static class LogEventRanges
{
    public const int Size = 1000;

    public const int Connection = 1000;
    public const int Channels = 2000;
    public const int Changes = 3000;
    public const int Authentication = 4000;
    public const int Hosting = 5000;
    public const int Stores = 6000;
    public const int Snapshots = 7000;
    public const int Caching = 8000;
    public const int Root = 9000;
}
