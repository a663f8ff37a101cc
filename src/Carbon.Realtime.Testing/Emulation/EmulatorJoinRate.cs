namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// The server's limit of joins and connects: an average over up to a minute that is worked out every five seconds, so that a burst is noticed late
/// and remembered long (transcript 21). Guarded by the emulator's lock.
/// </summary>
internal sealed class EmulatorJoinRate(TimeProvider time, int? limit)
{
    private const int TicksOfAverage = 12;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(5);

    private readonly Queue<(long Tick, int Count)> _counted = new();
    private long? _start;
    private long _current;
    private int _count;

    public bool IsExceeded
    {
        get
        {
            Roll();
            var ticks = Math.Min(_current, TicksOfAverage);
            return ticks > 0 && _counted.Sum(static c => c.Count) / (ticks * Tick.TotalSeconds) > limit;
        }
    }

    public void Add()
    {
        if (limit is not null)
        {
            Roll();
            _count++;
        }
    }

    private void Roll()
    {
        // The counter's process starts with the first client.
        _start ??= time.GetTimestamp();
        var current = (long)(time.GetElapsedTime(_start.Value) / Tick);
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
