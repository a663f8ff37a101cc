namespace Carbon.Realtime.Stores;

/// <summary>What a store that was dropped still writes into the cache.</summary>
/// <param name="Done">Completes when nothing more is written, after two seconds at the latest: a cache that does not answer must keep nobody.</param>
/// <param name="End">Completes when nothing more is written, whenever that is.</param>
internal readonly record struct StoreFlush(Task Done, Task End);
