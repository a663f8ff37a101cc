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
            "WorkScheduler",
        ],
        ["Transport"] =
        [
            "ApiKeyPlacement",
        ],
    };
}
