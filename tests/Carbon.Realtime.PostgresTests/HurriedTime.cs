namespace Carbon.Realtime.PostgresTests;

/// <summary>The system's clock, whose timers fire a hundred times sooner than asked for: a database cannot be put on a clock of the tests' own, and nobody wants to wait.</summary>
internal sealed class HurriedTime : TimeProvider
{
    public static RealtimeEnvironment Environment { get; } = new(new HurriedTime());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, Hurry(dueTime), Hurry(period));

    private static TimeSpan Hurry(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / 100;
}
