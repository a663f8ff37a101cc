namespace Carbon.Realtime.Testing;

/// <summary>The form of the frames, asked for by <c>vsn</c>.</summary>
public enum EmulatorProtocolVersion
{
    /// <summary>1.0.0: JSON objects.</summary>
    V1 = 1,

    /// <summary>2.0.0: JSON arrays.</summary>
    V2 = 2,
}
