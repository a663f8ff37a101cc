using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Changes;

/// <summary>Makes one signal of many: when it has been quiet for a while, or at the latest when the first has waited long enough. Under the gate.</summary>
/// <param name="owner">Clock and deadlines.</param>
/// <param name="options">How long.</param>
/// <param name="isHeld">Whether nothing may be fired now; whoever ends that calls <see cref="Release"/>.</param>
/// <param name="fire">Told under the gate: must only post.</param>
internal sealed class Debouncer(ChangeFeeds owner, RevalidationOptions options, Func<bool> isHeld, Action<Revalidation> fire)
{
    private readonly List<string> _tables = [];
    private GapReason? _gap;
    private DateTimeOffset _since;
    private long _first;
    private long _last;
    private Deadlines.Deadline? _deadline;
    private bool _isStopped;

    private TimeProvider Time => owner.Environment.TimeProvider;

    /// <summary>Something happened.</summary>
    public void Touch(string table, GapReason? gap)
    {
        if (_isStopped)
        {
            return;
        }

        _last = Time.GetTimestamp();
        if (_tables.Count == 0)
        {
            _first = _last;
            _since = Time.GetUtcNow();
        }

        if (!_tables.Contains(table))
        {
            _tables.Add(table);
        }

        _gap ??= gap;
        Arm();
    }

    /// <summary>Nothing is held any more. What came meanwhile counts from now, its longest wait too: the write's own changes are still on their way.</summary>
    public void Release()
    {
        if (_tables.Count > 0)
        {
            _first = _last = Time.GetTimestamp();
            Arm();
        }
    }

    public void Stop()
    {
        _isStopped = true;
        _tables.Clear();
        _deadline?.Cancel();
        _deadline = null;
    }

    /// <summary>A deadline that is set already stays: when it is due it looks whether it was put off. A change then costs no timer.</summary>
    private void Arm()
    {
        if (_deadline is null && !isHeld())
        {
            _deadline = owner.Deadlines.Schedule(Wait(), OnDue);
        }
    }

    private TimeSpan Wait()
    {
        var quiet = options.Debounce - Time.GetElapsedTime(_last);
        var longest = options.MaxDelay - Time.GetElapsedTime(_first);
        return quiet < longest ? quiet : longest;
    }

    private void OnDue()
    {
        _deadline = null;
        if (isHeld())
        {
            return;
        }

        if (Wait() > TimeSpan.Zero)
        {
            Arm();
            return;
        }

        var signal = new Revalidation([.. _tables], _gap, _since);
        _tables.Clear();
        _gap = null;
        fire(signal);
    }
}
