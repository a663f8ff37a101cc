using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>
/// What happens to the change frames of each channel on their way to the client. Given to <see cref="EmulatorFaults.Stream"/>. Immutable.
/// </summary>
/// <remarks>
/// Which frames it happens to is drawn from <see cref="Seed"/>, channel by channel: the same seed and the same changes give the same frames, however much
/// other chance is used. A share is a number from 0 (never, the default) to 1 (always).
/// </remarks>
public sealed class StreamFaults
{
    /// <summary>Where chance begins.</summary>
    /// <value>Default 0.</value>
    public int Seed { get; init; }

    /// <summary>The share of frames that are lost.</summary>
    public double Drop { get; init; }

    /// <summary>The share of frames that come twice. The copy comes before any later frame of the same row.</summary>
    public double Duplicate { get; init; }

    /// <summary>The share of frames that are held up for <see cref="ReorderBy"/>, while those of other rows overtake them.</summary>
    public double Reorder { get; init; }

    /// <summary>How long a reordered frame is held up.</summary>
    /// <value>Default up to a second.</value>
    public EmulatorDelay ReorderBy { get; init; } = EmulatorDelay.Milliseconds(0, 1000);

    /// <summary>Whether later frames of the same row overtake a reordered one, too. The real server does not do that.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool ReordersWithinKeys { get; init; }

    /// <summary>How late every frame is; their order stays.</summary>
    /// <value>Default <see cref="EmulatorDelay.None"/>.</value>
    public EmulatorDelay Delay { get; init; }

    internal void Validate()
    {
        FaultShare.Check(Drop, nameof(Drop));
        FaultShare.Check(Duplicate, nameof(Duplicate));
        FaultShare.Check(Reorder, nameof(Reorder));
    }
}
