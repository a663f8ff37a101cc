namespace Carbon.Realtime.Tests.House;

/// <summary>The rooms of the core, lowest first, and which rooms each may use directly. Its words are in docs/architecture.md.</summary>
internal static class Rooms
{
    /// <summary>The front door: what lies directly under src/Carbon.Realtime.</summary>
    public const string Root = "Root";

    public static readonly IReadOnlyDictionary<string, string[]> MayUse = new Dictionary<string, string[]>
    {
        ["Primitives"] = [],
        ["Protocol"] = ["Primitives"],
        ["Transport"] = ["Primitives"],
        ["Authentication"] = ["Primitives"],
        ["Filters"] = ["Primitives"],
        ["Tables"] = ["Filters", "Primitives"],
        ["Connection"] = ["Protocol", "Transport", "Authentication", "Primitives"],
        ["Channels"] = ["Connection", "Protocol", "Authentication", "Filters", "Primitives"],
        ["Changes"] = ["Channels", "Protocol", "Tables", "Filters", "Primitives"],
        ["Snapshots"] = ["Authentication", "Tables", "Filters", "Primitives"],
        ["Caching"] = ["Primitives"],
        ["Convergence"] = ["Changes", "Primitives"],
        ["Stores"] = ["Convergence", "Changes", "Snapshots", "Caching", "Authentication", "Tables", "Filters", "Primitives"],
        ["CoreStores"] = ["Stores", "Tables"],
        [Root] =
        [
            "Primitives", "Protocol", "Transport", "Authentication", "Filters", "Tables", "Connection", "Channels", "Changes", "Snapshots",
            "Caching", "Convergence", "Stores", "CoreStores",
        ],
        ["Hosting"] =
        [
            "Primitives", "Protocol", "Transport", "Authentication", "Filters", "Tables", "Connection", "Channels", "Changes", "Snapshots",
            "Caching", "Convergence", "Stores", "CoreStores", Root,
        ],
    };
}
