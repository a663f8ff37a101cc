namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>What was done, counted over all rounds.</summary>
internal sealed class Figures
{
    private long _rounds;
    private long _acts;
    private long _subscriptions;
    private long _elements;
    private long _tasks;
    private long _bites;
    private long _writes;
    private long _switches;

    public void Round() => Interlocked.Increment(ref _rounds);

    public void Act() => Interlocked.Increment(ref _acts);

    public void Subscription() => Interlocked.Increment(ref _subscriptions);

    public void Element() => Interlocked.Increment(ref _elements);

    public void Task() => Interlocked.Increment(ref _tasks);

    public void Bite() => Interlocked.Increment(ref _bites);

    public void Write() => Interlocked.Increment(ref _writes);

    public void Switch() => Interlocked.Increment(ref _switches);

    public override string ToString() => FormattableString.Invariant(
        $"{_rounds} rounds: {_acts} acts, {_writes} writes, {_subscriptions} subscriptions, {_elements} elements, {_tasks} tasks, {_switches} changes of tenant or user, {_bites} observers that threw");
}
