namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// A counter of the server's, of joins, changes or broadcasts: an average a second over the ticks of five seconds that there were, the last twelve at most.
/// It is worked out at each tick, so that a burst is noticed late and remembered long (transcript 21). Guarded by the emulator's lock.
/// </summary>
internal sealed class EmulatorRate(TimeProvider time, int? limit)
{
    private const int TicksOfAverage = 12;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(5);

    private readonly Queue<(long Tick, int Count)> _counted = new();
    private long? _start;
    private long _current;
    private int _count;

    /// <summary>How many a second are let through; none for any number. What is counted does not depend on it.</summary>
    public int? Limit { get; set; } = limit;

    public bool IsExceeded
    {
        get
        {
            Roll();
            var ticks = Math.Min(_current, TicksOfAverage);
            return ticks > 0 && _counted.Sum(static c => c.Count) / (ticks * Tick.TotalSeconds) > Limit;
        }
    }

    /// <summary>The counter's process starts: with the first client, or with what makes it first.</summary>
    public void Start() => _start ??= time.GetTimestamp();

    public void Add(int count)
    {
        Roll();
        _count += count;
    }

    private void Roll()
    {
        Start();
        var current = (long)(time.GetElapsedTime(_start!.Value) / Tick);
        if (current > _current)
        {
            _counted.Enqueue((_current, _count));
            (_current, _count) = (current, 0);
        }

        while (_counted.TryPeek(out var oldest) && oldest.Tick < _current - TicksOfAverage)
        {
            _counted.Dequeue();
        }
    }
}
