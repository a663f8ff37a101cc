using Carbon.Realtime.Primitives;

namespace Carbon.Realtime;

/// <summary>Time, chance and where work runs: the three things that a test owns and a program leaves at their defaults.</summary>
/// <param name="timeProvider">The clock and its timers; <see langword="null"/> means <see cref="TimeProvider.System"/>.</param>
/// <param name="scheduler">Where work runs; <see langword="null"/> means <see cref="WorkScheduler.ThreadPool"/>.</param>
/// <param name="randomizer">Jitter and nonces; <see langword="null"/> means the operating system's generator.</param>
public sealed class RealtimeEnvironment(TimeProvider? timeProvider = null, WorkScheduler? scheduler = null, IRandomizer? randomizer = null)
{
    /// <summary>System clock, thread pool, system randomness.</summary>
    public static RealtimeEnvironment Default { get; } = new();

    /// <summary>The clock and its timers.</summary>
    public TimeProvider TimeProvider { get; } = timeProvider ?? TimeProvider.System;

    /// <summary>Where work runs.</summary>
    public WorkScheduler Scheduler { get; } = scheduler ?? WorkScheduler.ThreadPool;

    /// <summary>Jitter and nonces.</summary>
    public IRandomizer Randomizer { get; } = randomizer ?? SystemRandomizer.Instance;
}
