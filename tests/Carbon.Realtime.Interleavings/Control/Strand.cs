namespace Carbon.Realtime.Interleavings;

/// <summary>A thread that runs only when it is its turn.</summary>
internal sealed class Strand(string name, Action<Strand> body)
{
    public string Name => name;

    public Action<Strand> Body => body;

    /// <summary>Whether it goes on, by itself, only when nobody else can.</summary>
    public bool IsLast { get; init; }

    /// <summary>Whether it runs what is posted, or what falls due, and runs nothing now.</summary>
    public bool IsIdle { get; set; }

    public SemaphoreSlim Turn { get; } = new(0);

    public bool IsDone { get; set; }

    /// <summary>What must hold before it can go on; <see langword="null"/> for nothing.</summary>
    public Func<bool>? CanGoOn { get; set; }

    /// <summary>What it waits for, in words.</summary>
    public string? WaitsFor { get; set; }

    public bool IsEnabled => !IsDone && CanGoOn?.Invoke() != false;

    public override string ToString() => name;
}
