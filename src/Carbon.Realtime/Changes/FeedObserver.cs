namespace Carbon.Realtime.Changes;

internal delegate void PostElements<TKey, TRow>(ReadOnlySpan<TableChange<TKey, TRow>> elements)
    where TKey : notnull;

/// <summary>One subscriber. Changes before its first gap are not for it: it has not read anything yet that they could change.</summary>
internal sealed class FeedObserver<TKey, TRow>(PostElements<TKey, TRow> post, Action<Exception?, bool> end, FeedTally tally)
    where TKey : notnull
{
    private readonly Lock _starting = new();
    private bool _hasStarted;

    public IDisposable? Interest { get; set; }

    /// <summary>Brings the first gap; if it came already, another one or none.</summary>
    public void Start(GapReason? otherwise)
    {
        lock (_starting)
        {
            if (!_hasStarted)
            {
                post([new Gap<TKey, TRow>(GapReason.Started)]);
                tally.Told(GapReason.Started);
                _hasStarted = true;
            }
            else if (otherwise is { } reason)
            {
                post([new Gap<TKey, TRow>(reason)]);
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
                post(elements);
            }

            return _hasStarted;
        }
    }

    public void End(Exception? error, bool discard) => end(error, discard);
}
