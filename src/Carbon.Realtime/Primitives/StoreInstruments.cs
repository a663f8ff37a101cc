namespace Carbon.Realtime.Primitives;

/// <summary>What one store measures while it shows one user's rows. Counts may be added on any thread; levels are one thread's. Throws nothing.</summary>
internal sealed class StoreInstruments : IDisposable
{
    private readonly RealtimeMeter _meter;
    private readonly RealtimeInstruments _owner;
    private readonly string _table;
    private readonly Tally.Cell _rows;
    private readonly Tally.Cell _unverified;
    private readonly Ages.Age _age;
    private int _shown;
    private int _doubted;

    public StoreInstruments(RealtimeMeter meter, RealtimeInstruments owner, string table)
    {
        _meter = meter;
        _owner = owner;
        _table = table;
        _rows = meter.StoreRows.Of(owner.Manager, table);
        _unverified = meter.StoreUnverified.Of(owner.Manager, table);
        _age = meter.StoreStaleness.Add(owner.Manager, table, owner.Clock);
    }

    public void Events(string kind, int count)
    {
        if (count > 0)
        {
            _meter.StoreEvents.Of(_owner.Manager, _table, kind).Add(count);
        }
    }

    /// <summary>What is shown from now on has to be read.</summary>
    public void Epoch(string reason) => _meter.StoreEpochs.Of(_owner.Manager, _table, reason).Add(1);

    public void ScanEnded(string cause, string outcome, TimeSpan duration)
    {
        _meter.StoreScans.Of(_owner.Manager, _table, cause, outcome).Add(1);
        if (outcome != Operation.Abandoned && _meter.StoreScanDuration.Enabled)
        {
            RealtimeInstruments.Tell((Self: this, cause, duration), static s => s.Self._meter.StoreScanDuration.Record(
                s.duration.TotalSeconds, s.Self._owner.ManagerTag, new(TelemetryNames.Table, s.Self._table), new(TelemetryNames.ScanCause, s.cause)));
        }
    }

    /// <summary>So many keys are read by themselves.</summary>
    public void Asked(int keys) => _meter.StoreVerifications.Of(_owner.Manager, _table).Add(keys);

    public void Repaired(string kind) => _meter.StoreRepairs.Of(_owner.Manager, _table, kind).Add(1);

    public void Overflowed() => _meter.StoreOverflows.Of(_owner.Manager, _table).Add(1);

    public void Purged() => _meter.StorePurges.Of(_owner.Manager, _table).Add(1);

    public void CacheLoaded(string result) => _meter.StoreCacheLoads.Of(_owner.Manager, _table, result).Add(1);

    public void CacheSaved(string result) => _meter.StoreCacheSaves.Of(_owner.Manager, _table, result).Add(1);

    /// <summary>So many rows are shown, so many keys are in doubt, and all that is shown is of this time or newer.</summary>
    public void Now(int rows, int unverified, DateTimeOffset? asOf)
    {
        _rows.Add(rows - _shown);
        _unverified.Add(unverified - _doubted);
        (_shown, _doubted) = (rows, unverified);
        _age.Set(asOf);
    }

    /// <summary>Nothing is shown any more.</summary>
    public void Dispose()
    {
        Now(0, 0, asOf: null);
        _age.Dispose();
    }
}
