using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>The client's cache on a disk that fails in every way a disk fails, and outlives a process that crashed.</summary>
internal sealed class SimulatedDisk
{
    private readonly TimeProvider _time;
    private InMemoryStoreCache _cache = new();
    private TimeSpan _busyUntil;
    private bool _wasDamaged;
    private bool _wasForged;

    public SimulatedDisk(TimeProvider time)
    {
        _time = time;
        Attach();
    }

    /// <summary>As the process sees it.</summary>
    public InMemoryStoreCache Cache => _cache;

    /// <summary>The next saves find no space.</summary>
    public int ToRefuse { get; set; }

    /// <summary>What each load and save takes.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>How long it is still at what it was asked for.</summary>
    public TimeSpan BusyFor => _busyUntil - _time.GetElapsedTime(0) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    public void FailNextLoad() => _cache.FailNextLoad(new StoreCacheException(StoreCacheFault.Locked, "Another process holds it.", null));

    public void FailAfterNextSave() => _cache.FailAfterNextSave(new StoreCacheException(StoreCacheFault.Unavailable, "The power went.", null));

    public void Corrupt(int argument)
    {
        _wasDamaged = true;
        With(argument, _cache.CorruptRow);
    }

    /// <summary>Somebody who may write the file changes a row: it may be shown as stale, never as live.</summary>
    public void Forge(int argument) => With(argument, (key, row) =>
    {
        _wasForged = true;
        _cache.ForgeRow(key, row, _cache.Images[key].Rows[row].Replace("\"s", "\"forged", StringComparison.Ordinal));
    });

    /// <summary>Whether it may hold nothing where a store has saved something.</summary>
    public bool HasLost => _wasDamaged || _cache.Removals > 0;

    /// <summary>Whether rows were changed behind the store's back, or damaged: they stay on the disk until the store loads them and finds out.</summary>
    public bool WasTouched => _wasDamaged || _wasForged;

    /// <summary>The process is gone, and what was to fail in it: what it had not saved is lost, what it still tries to save reaches nothing.</summary>
    public void Crash()
    {
        _cache = _cache.Clone();
        _busyUntil = default;
        Attach();
    }

    public void Heal()
    {
        ToRefuse = 0;
        Delay = TimeSpan.Zero;
    }

    private void Attach()
    {
        _cache.Loading = (_, cancellationToken) => Wait(cancellationToken);
        _cache.Saving = (_, _, cancellationToken) =>
        {
            if (ToRefuse > 0)
            {
                ToRefuse--;
                throw new StoreCacheException(StoreCacheFault.Full, "The disk is full.", null);
            }

            return Wait(cancellationToken);
        };
    }

    /// <summary>One thing after the other, as a database's lock has it: nothing passes what is slow.</summary>
    private ValueTask Wait(CancellationToken cancellationToken)
    {
        var wait = BusyFor + Delay;
        wait += wait > TimeSpan.Zero ? TimeSpan.FromMilliseconds(1) : TimeSpan.Zero; // or two would end in one moment, in any order
        _busyUntil = _time.GetElapsedTime(0) + wait;
        return wait > TimeSpan.Zero ? new ValueTask(Task.Delay(wait, _time, cancellationToken)) : default;
    }

    private void With(int argument, Action<StoreCacheKey, string> act)
    {
        if (_cache.Images.OrderBy(static i => i.Key.ToString(), StringComparer.Ordinal).ToList() is { Count: > 0 } images
            && images[argument % images.Count] is var (key, image) && image.Rows.Count > 0)
        {
            act(key, image.Rows.Keys.ElementAt(argument % image.Rows.Count));
        }
    }
}
