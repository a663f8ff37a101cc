using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>
/// What happens to the frames that the server sends, whatever they say. Given to <see cref="EmulatorFaults.Wire"/>. Immutable.
/// </summary>
/// <remarks>
/// Which frames it happens to is drawn from <see cref="Seed"/> in the order in which they are sent. A share is a number from 0 (never, the default) to 1
/// (always).
/// </remarks>
public sealed class WireFaults
{
    /// <summary>Where chance begins.</summary>
    /// <value>Default 0.</value>
    public int Seed { get; init; }

    /// <summary>The share of frames that end somewhere in the middle: the message is complete for the socket, and its JSON is not.</summary>
    public double Cut { get; init; }

    /// <summary>The share of frames before which the client gets a message that is no frame: no JSON, JSON of another shape, no UTF-8, nothing at all.</summary>
    public double Garbage { get; init; }

    /// <summary>The share of frames before which the client gets one of <see cref="HugeBytes"/>, for a topic that nobody has joined.</summary>
    public double Huge { get; init; }

    /// <summary>How large a huge frame is.</summary>
    /// <value>Default 9 MiB: more than the 8 MiB that the client takes by default. At least 100.</value>
    public int HugeBytes { get; init; } = 9 * 1024 * 1024;

    /// <summary>
    /// The share of frames that arrive in pieces of <see cref="FragmentBytes"/>, as WebSocket allows. Only a client of a host can see that: in memory a
    /// message is always whole.
    /// </summary>
    public double Fragment { get; init; }

    /// <summary>How large a piece is.</summary>
    /// <value>Default 7: letters beyond ASCII are cut, too. At least 1.</value>
    public int FragmentBytes { get; init; } = 7;

    internal void Validate()
    {
        FaultShare.Check(Cut, nameof(Cut));
        FaultShare.Check(Garbage, nameof(Garbage));
        FaultShare.Check(Huge, nameof(Huge));
        FaultShare.Check(Fragment, nameof(Fragment));
        ArgumentOutOfRangeException.ThrowIfLessThan(HugeBytes, 100);
        ArgumentOutOfRangeException.ThrowIfLessThan(FragmentBytes, 1);
    }
}
