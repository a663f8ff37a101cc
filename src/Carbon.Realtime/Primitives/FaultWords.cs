namespace Carbon.Realtime.Primitives;

/// <summary>What a person is told in the same words whoever found it out first: the socket or a read.</summary>
internal static class FaultWords
{
    /// <summary>Where the API key is wrong.</summary>
    public const string RefusedKey = "The server refuses the API key; set ApiKey to the project's anon or publishable key";
}
