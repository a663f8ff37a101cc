using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Changes;

/// <summary>One subscriber. Changes before its first gap are not for it: it has not read anything yet that they could change.</summary>
internal sealed class FeedObserver<TKey, TRow>(IDelivery<TableChange<TKey, TRow>> delivery, FeedTally tally)
    where TKey : notnull
{
    private readonly Lock _starting = new();
    private bool _hasStarted;

    /// <summary>What brings it what it gets.</summary>
    public IDelivery<TableChange<TKey, TRow>> Delivery => delivery;

    public IDisposable? Interest { get; set; }

    /// <summary>Brings the first gap; if it came already, another one or none.</summary>
    public void Start(GapReason? otherwise)
    {
        lock (_starting)
        {
            if (!_hasStarted)
            {
                delivery.Post([new Gap<TKey, TRow>(GapReason.Started)]);
                tally.Told(GapReason.Started);
                _hasStarted = true;
            }
            else if (otherwise is { } reason)
            {
                delivery.Post([new Gap<TKey, TRow>(reason)]);
                tally.Told(reason);
            }
        }
    }

    /// <summary>Brings elements, once started. The lock makes the gap and what follows it one: nothing can fall in between.</summary>
    /// <returns>Whether it has started.</returns>
    public bool Post(ReadOnlySpan<TableChange<TKey, TRow>> elements)
    {
        lock (_starting)
        {
            if (_hasStarted)
            {
                delivery.Post(elements);
            }

            return _hasStarted;
        }
    }

    public void End(Exception? error, bool discard) => delivery.End(error, discard);
}
