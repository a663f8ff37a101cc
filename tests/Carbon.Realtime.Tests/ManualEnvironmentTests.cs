using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests;

public sealed class ManualEnvironmentTests
{
    [Fact]
    public void Timers_fire_in_due_order_at_their_own_time()
    {
        var time = new ManualTimeProvider();
        var fired = new List<string>();
        using var late = time.CreateTimer(_ => fired.Add($"late@{time.GetTimestamp()}"), null, TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        using var early = time.CreateTimer(_ => fired.Add($"early@{time.GetTimestamp()}"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        time.Advance(TimeSpan.FromSeconds(3));

        fired.Should().Equal($"early@{TimeSpan.TicksPerSecond}", $"late@{2 * TimeSpan.TicksPerSecond}");
        time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public async Task Awaits_come_back_to_the_manual_scheduler()
    {
        var world = new ManualEnvironment();
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var steps = new List<int>();
        var loop = world.Scheduler.Start(async () =>
        {
            steps.Add(1);
            await signal.Task;
            steps.Add(2);
        });

        steps.Should().BeEmpty("nothing runs before the test says so");
        world.RunUntilIdle();
        steps.Should().Equal(1);
        signal.SetResult();
        world.RunUntilIdle();
        steps.Should().Equal(1, 2);
        await world.RunAsync(loop);
    }

    [Fact]
    public async Task A_task_that_can_never_complete_is_reported_instead_of_waited_for()
    {
        var world = new ManualEnvironment();

        var run = () => world.RunAsync(new TaskCompletionSource().Task);

        await run.Should().ThrowAsync<InvalidOperationException>();
    }
}
