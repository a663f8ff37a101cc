using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores;

/// <summary>Says what became of loads and saves: every one to the metrics, and each cause to the log once, until a save succeeds. One call at a time.</summary>
internal sealed class CacheReport(ILogger logger, string table, StoreInstruments measured)
{
    /// <summary>What was said since the last success, and is not said again.</summary>
    private string? _told;

    /// <summary>What a failure is for a person, and the file it was in, where the cache says so: it promises no key and no row. Anybody else's text may hold anything.</summary>
    public static string Describe(Exception e) => e is StoreCacheException cache ? $"{cache.Fault}. {cache.Message.TrimEnd('.')}" : e.GetType().Name;

    /// <summary>Rows were loaded, or there are none.</summary>
    public void Loaded(int? rows)
    {
        measured.CacheLoaded(rows is null ? "empty" : "ok");
        StoresLog.CacheLoaded(logger, table, rows is null ? "Empty" : "Ok", rows ?? 0);
    }

    /// <summary>It took so long that nobody waits for it.</summary>
    public void LoadTimedOut()
    {
        measured.CacheLoaded("timed_out");
        StoresLog.CacheLoaded(logger, table, "TimedOut", 0);
    }

    public void NotLoaded(Exception e)
    {
        measured.CacheLoaded(ResultOf(e));
        if (IsNew(e))
        {
            StoresLog.CacheNotLoaded(logger, table, Describe(e));
        }
    }

    public void Saved()
    {
        _told = null;
        measured.CacheSaved("ok");
    }

    /// <summary>It is tried again.</summary>
    public void NotSaved(Exception e)
    {
        measured.CacheSaved(ResultOf(e));
        if (e is StoreCacheException { Fault: StoreCacheFault.Missing })
        {
            StoresLog.CacheHadNothing(logger, table); // what took the rows away has been said, or was no fault
        }
        else if (IsNew(e))
        {
            StoresLog.CacheNotSaved(logger, table, Describe(e));
        }
    }

    /// <summary>It is not tried again.</summary>
    public void GivenUp(Exception e)
    {
        measured.CacheSaved(ResultOf(e));
        StoresLog.CacheGivenUp(logger, table, Describe(e));
    }

    private static string ResultOf(Exception e) =>
        e is StoreCacheException { Fault: var fault } && Enum.IsDefined(fault) ? TagValue.Of(fault) : "failed";

    private bool IsNew(Exception e)
    {
        var cause = e is StoreCacheException { Fault: var fault } ? fault.ToString() : e.GetType().Name;
        var isNew = cause != _told;
        _told = cause;
        return isNew;
    }
}
