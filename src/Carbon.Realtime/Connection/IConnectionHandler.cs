using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Connection;

/// <summary>What sits on a connection. Channels implements it.</summary>
internal interface IConnectionHandler
{
    /// <summary>Whether a join waits for its reply: the server reads and sends nothing meanwhile (docs/protocol.md, "Joins block the socket").</summary>
    /// <remarks>Called under the gate.</remarks>
    bool IsJoining { get; }

    /// <summary>Before a dial: get tokens. Outside the gate; must not throw.</summary>
    Task PrepareAsync();

    /// <summary>The socket is open. Under the gate.</summary>
    void OnOpened();

    /// <summary>The state changed in another way: dialling, closed, waiting. Under the gate.</summary>
    /// <param name="wasOpen">Whether a socket was lost by it.</param>
    void OnChanged(bool wasOpen);

    /// <summary>A frame came, in arrival order. On the reader's loop, outside the gate; must not throw.</summary>
    void OnFrame(in Frame frame);

    /// <summary>A message came that could not be read; it may have been anybody's change. On the reader's loop, outside the gate.</summary>
    void OnUnreadable(FrameDropReason reason);

    /// <summary>The machine or the process had slept, and the socket survived: what went between, nobody knows. On the reader's loop, outside the gate.</summary>
    void OnSuspended();

    /// <summary>The wall clock was set, or ran on while the machine slept: what was computed from it is wrong. Under the gate.</summary>
    void OnClockChanged();

    /// <summary>Nothing more has arrived for now: publish what was gathered. The handler may do so earlier. On the reader's loop, outside the gate.</summary>
    void OnBurstEnd();
}
