namespace Carbon.Realtime.Testing.Emulation;

/// <summary>The server's limit of changes: an average over a minute, counted for each subscription that a change goes to. Guarded by the emulator's lock.</summary>
internal sealed class EmulatorRate(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Queue<(long At, int Count)> _delivered = new();
    private long _sum;

    /// <summary>Changes per second; none for no limit.</summary>
    public int? Limit { get; set; }

    public bool IsExceeded
    {
        get
        {
            while (_delivered.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At) >= Window)
            {
                _delivered.Dequeue();
                _sum -= oldest.Count;
            }

            return _sum / Window.TotalSeconds > Limit;
        }
    }

    public void Add(int count)
    {
        if (Limit is not null && count > 0)
        {
            _delivered.Enqueue((time.GetTimestamp(), count));
            _sum += count;
        }
    }
}
