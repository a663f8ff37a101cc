namespace Carbon.Realtime.Testing;

/// <summary>A whole world under the test's control: manual clock, manual scheduler, seeded chance.</summary>
public sealed class ManualEnvironment
{
    /// <summary>A world that stands still.</summary>
    /// <param name="seed">Of <see cref="Randomizer"/>.</param>
    public ManualEnvironment(int seed = 1)
    {
        Randomizer = new SeededRandomizer(seed);
        Environment = new RealtimeEnvironment(Time, Scheduler, Randomizer);
    }

    /// <summary>The clock.</summary>
    public ManualTimeProvider Time { get; } = new();

    /// <summary>Where work waits to be run.</summary>
    public ManualWorkScheduler Scheduler { get; } = new();

    /// <summary>The chance.</summary>
    public SeededRandomizer Randomizer { get; }

    /// <summary>The three together, for the client under test.</summary>
    public RealtimeEnvironment Environment { get; }

    /// <summary>Runs all work that is due now. When it returns, nothing happens any more until the clock moves or a frame comes.</summary>
    public void RunUntilIdle() => Scheduler.RunUntilIdle();

    /// <summary>Moves the clock on, running all work after each timer that fires.</summary>
    public void Advance(TimeSpan by)
    {
        RunUntilIdle();
        Time.Advance(by, RunUntilIdle);
        RunUntilIdle();
    }

    /// <summary>Runs until <paramref name="task"/> completes, moving the clock from timer to timer.</summary>
    /// <param name="task">What is waited for.</param>
    /// <param name="within">The most virtual time to spend; default ten minutes.</param>
    /// <exception cref="InvalidOperationException">Nothing is left to do, or the time is spent, and the task is still not complete: it hangs.</exception>
    public async Task RunAsync(Task task, TimeSpan? within = null)
    {
        var left = within ?? TimeSpan.FromMinutes(10);
        RunUntilIdle();
        while (!task.IsCompleted)
        {
            var next = Time.NextDue() ?? throw new InvalidOperationException("The task is not complete and nothing is left to do: it hangs.");
            left -= next;
            if (left < TimeSpan.Zero)
            {
                throw new InvalidOperationException($"The task did not complete within {within ?? TimeSpan.FromMinutes(10)} of virtual time.");
            }

            Advance(next);
        }

        await task.ConfigureAwait(true);
    }
}
