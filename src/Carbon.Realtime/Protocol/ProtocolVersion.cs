namespace Carbon.Realtime;

/// <summary>The version of the Realtime protocol to speak.</summary>
public enum ProtocolVersion
{
    /// <summary>2.0.0: text arrays. Every server since November 2025.</summary>
    V2 = 0,

    /// <summary>1.0.0: objects. For self-hosted servers older than 2.63.</summary>
    V1 = 1,
}
