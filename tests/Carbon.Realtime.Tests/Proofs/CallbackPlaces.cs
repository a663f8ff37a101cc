using System.Reflection;
using Microsoft.Extensions.Primitives;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>A place at which the library calls other people's code.</summary>
/// <param name="Name">What <see cref="CallbackWorld.At"/> calls it.</param>
/// <param name="HasOwn">Whether it is a subscription's, which can be disposed of from within.</param>
/// <param name="Says">What the log says, once, when it throws; <see langword="null"/> where nothing is promised.</param>
internal sealed record CallbackPlace(string Name, bool HasOwn = false, string? Says = null);

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
        new("collection handler", HasOwn: true),
        new("property handler", HasOwn: true),
        new("updated handler", HasOwn: true),
        new("context", Says: "Bitten"),
        new("view predicate", Says: "The filter or the order of a view of public.part threw"),
        new("view comparison", Says: "The filter or the order of a view of public.part threw"),
        new("store order", Says: "The filter or the order of a view of public.part threw"),
        new("row version", Says: "when it was compared"),
        new("row equality", Says: "when it was compared"),
        new("row setter", Says: "could not be decoded"),
        new("row converter", Says: "could not be decoded"),
        new("key delegate", Says: "could not be decoded"),
        new("token provider", Says: "The access-token provider threw Bitten"),
        new("token cancellation", Says: "Bitten"),
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
    };

    /// <summary>Delegates, interfaces and abstract classes that are taken, and observables, tokens and events that are given. Collections are data.</summary>
    public static IEnumerable<string> WaysOf(Assembly assembly)
    {
        foreach (var type in assembly.GetExportedTypes().Where(static t => !t.IsEnum && !t.IsSubclassOf(typeof(Delegate))))
        {
            var name = NameOf(type);
            if (type.GetInterfaces().Any(IsSource) && type.IsInterface)
            {
                yield return $"{name} : IObservable";
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

    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    private static bool IsSource(Type type) => type is { IsInterface: true, IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(IObservable<>);

    private static bool IsTaken(Type type) =>
        !type.IsGenericParameter
        && type.Namespace?.StartsWith("System.Collections", StringComparison.Ordinal) != true
        && (type.IsArray ? IsTaken(type.GetElementType()!) : type.IsSubclassOf(typeof(Delegate)) || type.IsInterface || type.IsAbstract);

    /// <summary>What an interface of ours asks for is said of there.</summary>
    private static bool IsImplementation(Type type, MethodBase method) =>
        !type.IsInterface && method is MethodInfo && type.GetInterfaces().Any(i => type.GetInterfaceMap(i).TargetMethods.Contains(method));
}
