namespace Carbon.Realtime;

/// <summary>What is known of kept rows beside themselves.</summary>
/// <param name="AsOf">When the store last knew that it equalled the database, UTC.</param>
public sealed record StoreCacheHeader(DateTimeOffset AsOf);
