using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Primitives;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>A place at which the library calls other people's code.</summary>
/// <param name="Name">What <see cref="CallbackWorld.At"/> calls it.</param>
/// <param name="HasOwn">Whether it is a subscription's, which can be disposed of from within.</param>
/// <param name="GoesOn">Whether it is called again after it threw, as a handler of an event is; an observer loses its subscription.</param>
/// <param name="Says">What the log says, once, when it throws; <see langword="null"/> where nothing is promised.</param>
internal sealed record CallbackPlace(string Name, bool HasOwn = false, bool GoesOn = false, string? Says = null);

/// <summary>A way of the public API into other people's code.</summary>
/// <param name="Places">Where it is bitten at.</param>
/// <param name="Why">Why nowhere.</param>
internal sealed record CallbackWay(string[] Places, string? Why = null);

/// <summary>All places, and all ways that lead to them.</summary>
internal static class CallbackPlaces
{
    public static IReadOnlyList<CallbackPlace> All { get; } =
    [
        new("stream observer", HasOwn: true, Says: "An observer of public.part threw"),
        new("stream observer's end", HasOwn: true, Says: "An observer of public.part threw"),
        new("raw stream observer", HasOwn: true, Says: "An observer of public.part threw"),
        new("raw stream observer's end", HasOwn: true, Says: "An observer of public.part threw"),
        new("status observer", HasOwn: true, Says: "threw"),
        new("status observer's end", HasOwn: true, Says: "threw"),
        new("stream status observer", HasOwn: true, Says: "An observer of the status of public.part threw"),
        new("stream status observer's end", HasOwn: true, Says: "An observer of the status of public.part threw"),
        new("store observer", HasOwn: true, Says: "An observer of the store of public.part threw"),
        new("store observer's end", HasOwn: true, Says: "An observer of the store of public.part threw"),
        new("store status observer", HasOwn: true, Says: "An observer of the store of public.part threw"),
        new("store status observer's end", HasOwn: true, Says: "An observer of the store of public.part threw"),
        new("revalidation observer", HasOwn: true, Says: "An observer of part threw"),
        new("revalidation observer's end", HasOwn: true, Says: "An observer of part threw"),
        new("view observer", HasOwn: true, Says: "An observer of the store of public.part threw"),
        new("view observer's end", HasOwn: true, Says: "An observer of the store of public.part threw"),
        new("token callback", HasOwn: true, Says: "A change token's callback for part threw"),
        new("collection handler", HasOwn: true, GoesOn: true),
        new("property handler", HasOwn: true, GoesOn: true),
        new("updated handler", HasOwn: true, GoesOn: true),
        new("context", Says: "Bitten"),
        new("view predicate", Says: "The filter or the order of a view of public.part threw"),
        new("view comparison", Says: "The filter or the order of a view of public.part threw"),
        new("store order", Says: "The filter or the order of a view of public.part threw"),
        new("row version", Says: "when it was compared"),
        new("row equality", Says: "when it was compared"),
        new("row setter", Says: "could not be decoded"),
        new("row converter", Says: "could not be decoded"),
        new("key delegate", Says: "could not be decoded"),
        new("token provider", Says: "No access token: The access-token provider threw Bitten"),
        new("token cancellation", Says: "cancellation threw Bitten"),
        new("socket factory"),
        new("socket send"),
        new("socket receive"),
        new("socket close"),
        new("socket abort"),
        new("socket disposal"),
        new("socket cancellation"),
        new("handler factory"),
        new("handler"),
        new("read cancellation"),
        new("cache load", Says: "could not be loaded"),
        new("cache save", Says: "could not be written"),
        new("cache removal"),
        new("cache removal of a user"),
        new("logger"),
        new("log filter"),
        new("measurement"),
        new("activity sampled"),
        new("activity started"),
        new("activity stopped"),
    ];

    public static IReadOnlyDictionary<string, CallbackWay> Ways { get; } = new Dictionary<string, CallbackWay>
    {
        ["IChangeStream"] = new(["stream observer", "stream observer's end", "raw stream observer", "raw stream observer's end"]),
        ["IChangeStream.StatusChanges"] = new(["stream status observer", "stream status observer's end"]),
        ["IRealtimeChannelManager.StatusChanges"] = new(["status observer", "status observer's end"]),
        ["ILiveStore.Changes"] = new(["store observer", "store observer's end"]),
        ["ILiveStore.StatusChanges"] = new(["store status observer", "store status observer's end"]),
        ["IRevalidations"] = new(["revalidation observer", "revalidation observer's end"]),
        ["IStoreView.Changes"] = new(["view observer", "view observer's end"]),
        ["IChangeSource.ChangeToken"] = new(["token callback"]),
        ["BoundCollection.Updated"] = new(["collection handler", "property handler", "updated handler"]),
        ["IStoreView.BindTo(context)"] = new(["context"]),
        ["LiveStoreViews.BindTo(context)"] = new(["context"]),
        ["IStoreView.Where(predicate)"] = new(["view predicate"]),
        ["LiveStoreViews.Where(predicate)"] = new(["view predicate"]),
        ["IStoreView.OrderBy(comparison)"] = new(["view comparison"]),
        ["LiveStoreViews.OrderBy(comparison)"] = new(["view comparison"]),
        ["StoreOptions.Order"] = new(["store order"]),
        ["StoreOptions.Version"] = new(["row version"]),
        ["RealtimeTable.Define(key)"] = new(["key delegate"]),
        ["RealtimeTable.Define(row)"] = new(["row setter", "row converter", "row equality"]),
        ["IAccessTokenProvider"] = new(["token provider", "token cancellation"]),
        ["AccessTokenProvider.Of(accessToken)"] = new(["token provider"]),
        ["RealtimeDependencies.AccessTokens"] = new(["token provider"]),
        ["IRealtimeChannelManager.ForTenant(accessTokens)"] = new(["token provider"]),
        ["ICarbonRealtimeBuilder.UseAccessToken(accessToken)"] = new(["token provider"]),
        ["IRealtimeSocketFactory"] = new(["socket factory"]),
        ["RealtimeDependencies.SocketFactory"] = new(["socket factory"]),
        ["IRealtimeSocket"] = new(["socket send", "socket receive", "socket close", "socket abort", "socket disposal", "socket cancellation"]),
        ["RealtimeDependencies.HttpMessageHandler"] = new(["handler factory", "handler", "read cancellation"]),
        ["IStoreCache"] = new(["cache load", "cache save", "cache removal", "cache removal of a user"]),
        ["RealtimeDependencies.StoreCache"] = new(["cache load"]),
        ["RealtimeDependencies.LoggerFactory"] = new(["logger", "log filter"]),
        ["RealtimeDependencies.MeterFactory"] = new(["measurement", "activity sampled", "activity started", "activity stopped"]),
        ["RealtimeEnvironment.new(timeProvider)"] = new([], World),
        ["RealtimeEnvironment.new(scheduler)"] = new([], World),
        ["RealtimeEnvironment.new(randomizer)"] = new([], World),
        ["IRandomizer"] = new([], World),
        ["WorkScheduler.Post(action)"] = new([], World),
        ["WorkScheduler.Post(item)"] = new([], World),
        ["CarbonRealtimeServiceCollectionExtensions.AddCarbonRealtime(services)"] = new([], "before there is a manager"),
        ["CarbonRealtimeServiceCollectionExtensions.AddCarbonRealtime(configure)"] = new([], "before there is a manager"),
        ["CarbonRealtimeServiceCollectionExtensions.AddCarbonRealtime(configuration)"] = new([], "before there is a manager"),
        ["IStoreCache.LoadAsync(onRow)"] = new([], "the library's own, given to a cache"),
        ["IChangeSource.ChangeToken(tables)"] = new([], Ours),
        ["IChangeSource.Revalidations(tables)"] = new([], Ours),
        ["CoreStoreExtensions.CoreStores(source)"] = new([], Ours),
        ["CoreStoreExtensions.MesStores(source)"] = new([], Ours),
        ["LiveStoreViews.BindTo(store)"] = new([], Ours),
        ["LiveStoreViews.OrderBy(store)"] = new([], Ours),
        ["LiveStoreViews.Where(store)"] = new([], Ours),
        ["RealtimeHealthCheck.new(manager)"] = new([], Ours),
        ["ICarbonRealtimeBuilder"] = new([], Ours),
        ["IChangeSource"] = new([], Ours),
        ["ICoreStores"] = new([], Ours),
        ["ILiveStore"] = new([], Ours),
        ["IMesStores"] = new([], Ours),
        ["IRealtimeChannelManager"] = new([], Ours),
        ["IRealtimeTable"] = new([], Ours),
        ["IStoreView"] = new([], Ours),
        ["ITenantContext"] = new([], Ours),
        ["ITenantScope"] = new([], Ours),
    };

    /// <summary>Interfaces; delegates, interfaces, abstract classes, contexts and metadata of rows that are taken; observables, tokens and events that are given. Collections are data.</summary>
    public static IEnumerable<string> WaysOf(Assembly assembly)
    {
        foreach (var type in assembly.GetExportedTypes().Where(static t => !t.IsEnum && !t.IsSubclassOf(typeof(Delegate))))
        {
            var name = NameOf(type);
            if (type.IsInterface)
            {
                yield return name;
            }

            foreach (var property in type.GetProperties(Declared).Where(p => !IsImplementation(type, p.GetMethod ?? p.SetMethod!)))
            {
                if (IsSource(property.PropertyType) || (property.SetMethod is { IsPublic: true } && IsTaken(property.PropertyType)))
                {
                    yield return $"{name}.{property.Name}";
                }
            }

            foreach (var happening in type.GetEvents(Declared))
            {
                yield return $"{name}.{happening.Name}";
            }

            foreach (var method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)).Where(m => (m.IsConstructor || !m.IsSpecialName) && !IsImplementation(type, m)))
            {
                foreach (var parameter in method.GetParameters().Where(static p => IsTaken(p.ParameterType)))
                {
                    yield return $"{name}.{(method.IsConstructor ? "new" : method.Name)}({parameter.Name})";
                }

                if (method is MethodInfo { ReturnType: var returned } && (IsSource(returned) || returned == typeof(IChangeToken)))
                {
                    yield return $"{name}.{method.Name}";
                }
            }
        }
    }

    private const string World = "time, chance and scheduler are the world that a manager lives in";

    private const string Ours = "the library implements it";

    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    private static bool IsSource(Type type) => type is { IsInterface: true, IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(IObservable<>);

    private static bool IsTaken(Type type) =>
        !type.IsGenericParameter
        && type.Namespace?.StartsWith("System.Collections", StringComparison.Ordinal) != true
        && (type == typeof(SynchronizationContext) || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(JsonTypeInfo<>)) || (type.IsArray && IsTaken(type.GetElementType()!)) || type.IsSubclassOf(typeof(Delegate)) || type.IsInterface || type.IsAbstract);

    /// <summary>What an interface of ours asks for is said of there.</summary>
    private static bool IsImplementation(Type type, MethodBase method) =>
        !type.IsInterface && method is MethodInfo && type.GetInterfaces().Any(i => type.GetInterfaceMap(i).TargetMethods.Contains(method));
}
