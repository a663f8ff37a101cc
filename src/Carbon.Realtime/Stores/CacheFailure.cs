using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Stores;

/// <summary>What a cache's failure is called: its text is other people's, and may hold anything.</summary>
internal static class CacheFailure
{
    /// <summary>In the log.</summary>
    public static string NameOf(Exception e) => e is StoreCacheException cache ? cache.Fault.ToString() : e.GetType().Name;

    /// <summary>In a metric.</summary>
    public static string ResultOf(Exception e) =>
        e is StoreCacheException { Fault: var fault } && Enum.IsDefined(fault) ? TagValue.Of(fault) : "failed";
}
