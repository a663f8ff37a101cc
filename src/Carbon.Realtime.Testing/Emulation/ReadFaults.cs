using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>What happens to reads by chance. Given to <see cref="EmulatorFaults.Reads"/>; <see cref="EmulatorFaults.FailReads(int, EmulatorReadFault)"/> comes first. Immutable.</summary>
/// <remarks>
/// Which reads it happens to is drawn from <see cref="Seed"/> in the order of their arrival. A share is a number from 0 (never, the default) to 1 (always).
/// </remarks>
public sealed class ReadFaults
{
    /// <summary>Where chance begins.</summary>
    /// <value>Default 0.</value>
    public int Seed { get; init; }

    /// <summary>The share of reads that fail, each with one of <see cref="Errors"/>.</summary>
    public double Fail { get; init; }

    /// <summary>How reads fail.</summary>
    /// <value>
    /// Default <see cref="EmulatorReadFault.StatementTimeout"/>, <see cref="EmulatorReadFault.DatabaseUnavailable"/> and
    /// <see cref="EmulatorReadFault.Unreachable"/>. At least one.
    /// </value>
    public IReadOnlyList<EmulatorReadFault> Errors { get; init; } =
        [EmulatorReadFault.StatementTimeout, EmulatorReadFault.DatabaseUnavailable, EmulatorReadFault.Unreachable];

    /// <summary>The share of reads whose answer breaks off after at most a hundred bytes.</summary>
    public double Truncate { get; init; }

    /// <summary>The share of reads whose answer pauses after its first bytes for <see cref="SlowBy"/>.</summary>
    public double Slow { get; init; }

    /// <summary>How long a slow answer pauses.</summary>
    /// <value>Default up to five seconds.</value>
    public EmulatorDelay SlowBy { get; init; } = EmulatorDelay.Milliseconds(0, 5000);

    internal void Validate()
    {
        FaultShare.Check(Fail, nameof(Fail));
        FaultShare.Check(Truncate, nameof(Truncate));
        FaultShare.Check(Slow, nameof(Slow));
        ArgumentNullException.ThrowIfNull(Errors);
        ArgumentOutOfRangeException.ThrowIfZero(Errors.Count, nameof(Errors));
    }
}
