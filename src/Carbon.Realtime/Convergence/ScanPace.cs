using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Convergence;

/// <summary>Whether epochs follow each other faster than they are worth reading for: a server that says ok again and again must not cost a scan each. Pure state: time is told.</summary>
internal sealed class ScanPace(IRandomizer randomizer)
{
    /// <summary>More epochs than <see cref="FewEpochs"/> in this time wait, longer each time.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(30);

    private const int FewEpochs = 3;

    private readonly Backoff _waits = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), TimeSpan.Zero, randomizer);
    private readonly Queue<TimeSpan> _recent = [];

    /// <summary>Counts an epoch.</summary>
    /// <returns><see cref="IsHasty"/>.</returns>
    public bool Count(TimeSpan now)
    {
        if (!IsHasty(now) && _recent.Count == 0)
        {
            _waits.Reset();
        }

        _recent.Enqueue(now);
        return _recent.Count > FewEpochs;
    }

    /// <summary>Whether there were too many epochs of late.</summary>
    public bool IsHasty(TimeSpan now)
    {
        while (_recent.TryPeek(out var at) && now - at > Calm)
        {
            _recent.Dequeue();
        }

        return _recent.Count > FewEpochs;
    }

    /// <summary>How long to wait with the next scan.</summary>
    public TimeSpan NextWait() => _waits.Next(spreadOut: false);
}
