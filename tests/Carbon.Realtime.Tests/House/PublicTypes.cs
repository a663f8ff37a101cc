namespace Carbon.Realtime.Tests.House;

/// <summary>Which room the everyday public types belong to: those in the namespace Carbon.Realtime, where the name does not say it.</summary>
/// <remarks>
/// One type a line, by metadata name (<c>TableChange`2</c>); a public type in a foreign namespace by its full name. A public type that
/// is missing here, and a row without a type, fails the architecture test.
/// </remarks>
internal static class PublicTypes
{
    public static readonly IReadOnlyDictionary<string, string[]> ByRoom = new Dictionary<string, string[]>
    {
        ["Primitives"] =
        [
            "IRandomizer",
            "RealtimeEnvironment",
            "RealtimeErrorReason",
            "RealtimeException",
            "RealtimeState",
            "RealtimeStatus",
            "WorkScheduler",
        ],
        ["Protocol"] =
        [
            "ProtocolVersion",
        ],
        ["Transport"] =
        [
            "ApiKeyPlacement",
        ],
        ["Authentication"] =
        [
            "AccessTokenProvider",
            "AccessTokenReason",
            "AccessTokenRequest",
            "IAccessTokenProvider",
        ],
        ["Filters"] =
        [
            "FilterColumn",
            "FilterIs",
            "FilterValue",
            "RealtimeFilter",
        ],
        ["Tables"] =
        [
            "IRealtimeTable",
            "RealtimeTable",
            "RealtimeTable`2",
        ],
        ["Changes"] =
        [
            "ChangeStreamOptions",
            "Deleted`2",
            "Gap`2",
            "GapReason",
            "IChangeStream`2",
            "IRevalidations",
            "Inserted`2",
            "Revalidation",
            "RevalidationOptions",
            "TableChange`2",
            "Updated`2",
        ],
        ["Caching"] =
        [
            "IStoreCache",
            "StoreCacheChanges",
            "StoreCacheException",
            "StoreCacheFault",
            "StoreCacheHeader",
            "StoreCacheKey",
            "StoreCacheRow",
            "StoreCacheRowHandler",
        ],
        ["Stores"] =
        [
            "BoundCollection`1",
            "ILiveStore",
            "ILiveStore`2",
            "IStoreView`1",
            "LiveStoreViews",
            "StoreBindingOptions",
            "StoreChange`2",
            "StoreChangeKind",
            "StoreChangeSet`2",
            "StoreFilterMode",
            "StoreOptions`1",
            "StoreReason",
            "StoreSnapshot`2",
            "StoreState",
            "StoreStatus",
            "StoreViewChange`1",
            "StoreViewChangeKind",
            "StoreViewChangeSet`1",
            "StoreViewSnapshot`1",
        ],
        ["Hosting"] =
        [
            "ICarbonRealtimeBuilder",
            "RealtimeHealthCheck",
            "Microsoft.Extensions.DependencyInjection.CarbonRealtimeServiceCollectionExtensions",
        ],
        [Rooms.Root] =
        [
            "CoreStoreExtensions",
            "IChangeSource",
            "IRealtimeChannelManager",
            "ITenantContext",
            "ITenantScope",
            "RealtimeChannelManager",
            "RealtimeDependencies",
            "RealtimeOptions",
        ],
    };
}
