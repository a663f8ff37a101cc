using System.Collections.Immutable;

namespace Carbon.Realtime.Testing;

/// <summary>What an <see cref="InMemoryStoreCache"/> keeps of one key, at one moment.</summary>
/// <param name="Header">What is known of the rows.</param>
/// <param name="Rows">JSON by row key, in ordinal order.</param>
public sealed record StoreCacheImage(StoreCacheHeader Header, ImmutableSortedDictionary<string, string> Rows)
{
    internal static ImmutableSortedDictionary<string, string> NoRows { get; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}
