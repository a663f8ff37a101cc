using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>What a join is answered with instead of <c>ok</c>. Given to <see cref="EmulatorFaults.FailJoins"/>. Immutable.</summary>
/// <remarks>The answer takes <see cref="EmulatorTiming.JoinErrorDelay"/>, in which the whole socket stands still (docs/protocol.md, "Join errors").</remarks>
public sealed class EmulatorJoinFault
{
    private EmulatorJoinFault(string? reason, int? closeCode = null)
    {
        Reason = reason;
        CloseCode = closeCode;
    }

    /// <summary>Too many joins a second: the socket is closed with 1001, too.</summary>
    public static EmulatorJoinFault TooManyJoins { get; } = new("ClientJoinRateLimitReached: Too many joins per second", closeCode: 1001);

    /// <summary>Too many channels on the socket.</summary>
    public static EmulatorJoinFault TooManyChannels { get; } = new("ChannelRateLimitReached: Too many channels");

    /// <summary>Too many sockets.</summary>
    public static EmulatorJoinFault TooManyUsers { get; } = new("ConnectionRateLimitReached: Too many connected users");

    /// <summary>The server is about to restart.</summary>
    public static EmulatorJoinFault Restarting { get; } = new("RealtimeRestarting: Realtime is restarting, please standby");

    /// <summary>The server cannot reach the database.</summary>
    public static EmulatorJoinFault DatabaseUnavailable { get; } =
        new("UnableToConnectToProject: Realtime was unable to connect to the project database");

    /// <summary>The database accepts no more connections.</summary>
    public static EmulatorJoinFault NoConnectionToSpare { get; } =
        new("DatabaseLackOfConnections: Database can't accept more connections, Realtime won't connect");

    /// <summary>The server has no connection to the database yet.</summary>
    public static EmulatorJoinFault Initializing { get; } = new("InitializingProjectConnection: Realtime is initializing the project connection");

    /// <summary>The channel's process crashed while it joined.</summary>
    public static EmulatorJoinFault Crashed { get; } = new("join crashed");

    /// <summary>The join is never answered, and the socket goes on; the client loses patience first.</summary>
    public static EmulatorJoinFault NoAnswer { get; } = new(null);

    internal string? Reason { get; }

    internal int? CloseCode { get; }

    /// <summary>Any reason, as the server would word it: <c>Code: message</c>, or a message alone, as servers before 2025 did.</summary>
    public static EmulatorJoinFault Of(string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        return new(reason);
    }

    /// <summary>The same, and then the server closes the socket.</summary>
    /// <exception cref="InvalidOperationException">The fault has no answer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">No close frame has such a code.</exception>
    public EmulatorJoinFault ThenClose(int code)
    {
        CloseFrame.Check(code);
        return new(Reason ?? throw new InvalidOperationException("A join without an answer closes nothing."), code);
    }
}
