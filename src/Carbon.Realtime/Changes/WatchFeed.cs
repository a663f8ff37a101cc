using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Changes;

/// <summary>A table's changes for those who only want to know that there were some: judged by their bytes, never made into rows.</summary>
internal sealed class WatchFeed : TableFeed
{
    private readonly string _name;
    private readonly RowGuard _row;
    private readonly RowGuard _deletedRow;
    private Watch[] _watches = [];
    private int _touched;

    public WatchFeed(ChangeFeeds owner, FeedKey key, IRealtimeTable table)
        : base(owner, key, table)
    {
        _name = table.Schema == "public" ? table.Name : $"{table.Schema}.{table.Name}";
        _row = RowGuard.Of(Plan.All);
        _deletedRow = RowGuard.Of(Plan.All);
    }

    /// <summary>What signals call the table.</summary>
    public string Name => _name;

    protected override bool HasObservers => Volatile.Read(ref _watches).Length > 0;

    /// <summary>Adds a watcher until it disposes the result. Under the gate.</summary>
    /// <param name="watcher">Who.</param>
    /// <param name="isToldIfLive">Whether the watcher must hear of the time before now even if changes flow already.</param>
    public IDisposable Add(ITableWatcher watcher, bool isToldIfLive)
    {
        var watch = new Watch(this, watcher) { IsSilent = !isToldIfLive };
        if (IsEnded)
        {
            Owner.EndLater(() => watcher.OnEnded(EndedBy));
            return watch;
        }

        Volatile.Write(ref _watches, [.. _watches, watch]);
        watch.Interest = Use();
        if (IsReady)
        {
            watch.Start(otherwise: null);
        }

        watch.IsSilent = false;
        return watch;
    }

    public override void OnBurstEnd()
    {
        if (_touched > 0)
        {
            _touched = 0;
            Tell(gap: null);
        }
    }

    /// <remarks>Absent columns and unmatched deletes cannot be judged: rather a reload too many.</remarks>
    protected override bool Take(in ChangeFrame change, bool verified)
    {
        var verdict = change.Type == ChangeType.Delete
            ? _deletedRow.Judge(change.OldRecord, change.OldRecordIndex, change.Columns)
            : _row.Judge(change.Record, change.RecordIndex, change.Columns);
        if (verdict == Filters.FilterVerdict.No)
        {
            Owner.Registry.Drops.Count(FrameDropReason.ForeignRow);
            ChangesLog.Dropped(Owner.Logger, _name, FrameDropReason.ForeignRow);
            return false;
        }

        // One entry into the gate for a burst, however many changes it has.
        if (++_touched < BurstSize)
        {
            return _touched == 1;
        }

        OnBurstEnd();
        return false;
    }

    protected override void TellGap(GapReason reason) => Tell(reason);

    protected override void StartObservers(GapReason? otherwise)
    {
        foreach (var watch in _watches)
        {
            watch.Start(otherwise);
        }
    }

    protected override void EndEach(Exception? error)
    {
        var ended = _watches;
        Volatile.Write(ref _watches, []);
        foreach (var watch in ended)
        {
            watch.Watcher.OnEnded(error);
        }
    }

    /// <remarks>Whatever is sent, all conditions are judged here.</remarks>
    protected override void OnPlanChanged()
    {
    }

    private void Tell(GapReason? gap)
    {
        lock (Owner.Gate)
        {
            foreach (var watch in _watches)
            {
                watch.Tell(gap);
            }
        }
    }

    private void Remove(Watch watch)
    {
        lock (Owner.Gate)
        {
            Volatile.Write(ref _watches, [.. _watches.Where(w => w != watch)]);
            watch.Interest?.Dispose();
        }
    }

    /// <summary>One watcher's place. It hears nothing before the feed is ready: reading would not be safe yet.</summary>
    private sealed class Watch(WatchFeed feed, ITableWatcher watcher) : IDisposable
    {
        private bool _hasStarted;

        public ITableWatcher Watcher => watcher;

        public IDisposable? Interest { get; set; }

        /// <summary>Whether the start goes without saying.</summary>
        public bool IsSilent { get; set; }

        public void Start(GapReason? otherwise)
        {
            if (_hasStarted)
            {
                if (otherwise is { } gap)
                {
                    watcher.OnTouched(feed._name, gap);
                }

                return;
            }

            _hasStarted = true;
            if (!IsSilent)
            {
                watcher.OnTouched(feed._name, GapReason.Started);
            }
        }

        public void Tell(GapReason? gap)
        {
            if (_hasStarted)
            {
                watcher.OnTouched(feed._name, gap);
            }
        }

        public void Dispose() => feed.Remove(this);
    }
}
