using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Stores;

/// <summary>What happens at a time of its own.</summary>
internal enum Alarm
{
    /// <summary>Keys in doubt are due.</summary>
    Ask,

    /// <summary>Everything is to be read again.</summary>
    Reconcile,

    /// <summary>There is no epoch: rows are read without one.</summary>
    Poll,

    /// <summary>A repair is clear.</summary>
    Suspicion,

    /// <summary>Changed rows go into the cache.</summary>
    Save,

    /// <summary>The status says something else although nothing happened.</summary>
    Status,
}

/// <summary>One time for each thing that has one; a second one replaces the first. On the actor's thread.</summary>
internal sealed class Alarms(Deadlines deadlines)
{
    private readonly Deadlines.Deadline?[] _set = new Deadlines.Deadline?[Enum.GetValues<Alarm>().Length];

    /// <param name="alarm">Which.</param>
    /// <param name="wait">From now on; what is past comes at once.</param>
    /// <param name="action">What happens then.</param>
    public void Set(Alarm alarm, TimeSpan wait, Action action)
    {
        Clear(alarm);
        _set[(int)alarm] = deadlines.Schedule(wait < TimeSpan.Zero ? TimeSpan.Zero : wait, () =>
        {
            _set[(int)alarm] = null;
            action();
        });
    }

    public bool IsSet(Alarm alarm) => _set[(int)alarm] is not null;

    public void Clear(Alarm alarm)
    {
        _set[(int)alarm]?.Cancel();
        _set[(int)alarm] = null;
    }
}
