namespace Carbon.Realtime.Sqlite;

/// <summary>What SQLite gave is not what was saved. Leaves the package as a <see cref="StoreCacheException"/>.</summary>
internal sealed class DamagedCacheException(string message) : Exception(message);
