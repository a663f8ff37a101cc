using Carbon.Realtime.Changes;

namespace Carbon.Realtime.Convergence;

/// <summary>What a read proved wrong: changes that the stream did not bring, or not yet.</summary>
internal enum RepairKind
{
    /// <summary>The database has the row, the store had not.</summary>
    Missing,

    /// <summary>The store had the row, the database has not.</summary>
    Extra,

    /// <summary>The store had an older row.</summary>
    Stale,
}

/// <summary>The event rule and the read rule over explicit state, <see cref="ConvergenceState{TKey, TRow}"/>. One thread; no clock, no I/O.</summary>
/// <remarks>
/// <para>
/// A read tells the truth of an instant between its sending and its answer; an event tells of an instant before its coming. Which of the two
/// is newer cannot be told, so that a key counts as settled only when its last read <em>started after</em> its last event was applied
/// (docs/convergence.md, "Events" and "Reads"). Until then the stream's word stands, and the key is in doubt and read again.
/// </para>
/// <para>
/// From this follows that the store equals the database after any fault: any read of a key that starts after the last write and the last event
/// about it makes it right, whatever was lost before (docs/convergence.md, "What follows").
/// </para>
/// <para>These very rules are what the model explores, in every order of steps (docs/reliability.md, "The model").</para>
/// </remarks>
internal sealed class ConvergenceRules<TKey, TRow>
    where TKey : notnull
{
    /// <summary>An event this soon after a read may be older than the read.</summary>
    public static readonly TimeSpan LateEvents = TimeSpan.FromSeconds(5);

    private readonly IEqualityComparer<TKey>? _comparer;
    private readonly ConvergenceState<TKey, TRow> _state;
    private readonly Func<TRow, TRow, bool> _same;
    private readonly Func<TRow, long>? _version;
    private readonly ConvergencePolicy _policy;
    private readonly IRowLog<TKey, TRow> _log;

    public ConvergenceRules(
        IEqualityComparer<TKey>? comparer, Func<TRow, TRow, bool> same, Func<TRow, long>? version, ConvergencePolicy policy, IRowLog<TKey, TRow> log)
    {
        _comparer = comparer;
        _same = same;
        _version = version;
        _policy = policy;
        _log = log;
        _state = new(comparer);
    }

    /// <summary>All that is remembered, for who explores what may become of it.</summary>
    public ConvergenceState<TKey, TRow> State => _state;

    public RowTable<TKey, TRow> Rows => _state.Rows;

    public Doubts<TKey> Doubts => _state.Doubts;

    /// <summary>Grows with every word about a key: what a read that begins now brings is newer than what was said up to here. Any thread.</summary>
    public long Moment => _state.Moment;

    public bool IsScanning => _state.Scan is not null;

    /// <summary>Whether a read brought a row that differs from the one held in its spelling only: that proves no loss. Default: never.</summary>
    public Func<TRow, TRow, bool> IsRespelled { private get; init; } = static (_, _) => false;

    private bool IsReading => _state.Scan is not null || _state.Points is not null || _state.IsHydrating;

    /// <summary>How many keys are remembered for the sake of reads under way.</summary>
    public int Touched => _state.Touched.Count;

    /// <summary>The event rule.</summary>
    /// <param name="e">The event.</param>
    /// <param name="now">The time, for what is to be asked when.</param>
    public void OnEvent(in RowEvent<TKey, TRow> e, TimeSpan now)
    {
        var moment = NextMoment();
        var isOlder = false;
        var isNews = true;
        switch (e.Kind)
        {
            case RowEventKind.Put:
                isOlder = _version is not null && Rows.TryGet(e.Key, out var held) && _version(e.Row!) < _version(held);
                if (!isOlder)
                {
                    Put(e.Key, e.Row!);
                }

                break;
            case RowEventKind.Remove:
                isNews = Remove(e.Key);
                break;
        }

        if (IsReading)
        {
            _state.Touched[e.Key] = moment;
        }

        if (e.Kind == RowEventKind.Ask)
        {
            Doubts.Add(e.Key, now, isUnknown: true, AttemptsOf(e.Key, now));
        }
        else if (isOlder || (isNews && _policy.TouchedKeysAreReread && IsReadNear(e.Key, now)) || Doubts.Contains(e.Key))
        {
            // Deletes come from every tenant: one of a row that is not here needs no reading, unless a read brings the row after all.
            Doubts.Add(e.Key, now, isUnknown: false, AttemptsOf(e.Key, now), isOlder);
        }
    }

    /// <summary>The cache is about to be read.</summary>
    public void BeginHydration() => _state.IsHydrating = true;

    /// <summary>The cache was read: whatever an event said since is newer.</summary>
    /// <param name="rows">What it held; none if it could not be read.</param>
    /// <param name="onSkipped">Told the keys of which the cache holds something else than what is known now.</param>
    public void EndHydration(IEnumerable<KeyValuePair<TKey, TRow>> rows, Action<TKey>? onSkipped = null)
    {
        foreach (var (key, row) in rows)
        {
            if (!_state.Touched.ContainsKey(key))
            {
                Put(key, row);
            }
            else
            {
                onSkipped?.Invoke(key);
            }
        }

        _state.IsHydrating = false;
        ForgetTouched();
    }

    /// <summary>Everything is about to be read: called before the first request is sent.</summary>
    public void BeginScan()
    {
        _state.Scan = new ScanMarks(Moment);
    }

    /// <summary>A page of the scan.</summary>
    /// <param name="rows">What it brought.</param>
    /// <param name="unreadable">Rows that are there and cannot be held.</param>
    /// <param name="start"><see cref="Moment"/> before the page was asked for.</param>
    /// <param name="now">The time.</param>
    /// <param name="onRepair">Told what the page put right, where no event had touched it.</param>
    public void OnPage(
        IReadOnlyList<KeyValuePair<TKey, TRow>> rows, IEnumerable<TKey> unreadable, long start, TimeSpan now, Action<TKey, RepairKind>? onRepair)
    {
        var scan = _state.Scan!;
        foreach (var (key, row) in rows)
        {
            if (ReadRow(key, row, start, now, onRepair) is var slot && slot >= 0)
            {
                scan.Seen.Add(slot);
            }

            if (_state.Points?.Keys.Contains(key) == true)
            {
                TouchByRead(key);
            }
        }

        foreach (var key in unreadable)
        {
            ReadAbsent(key, start, now, onRepair: null);
        }
    }

    /// <summary>All pages came: what none of them brought, and nothing else spoke of meanwhile, is gone.</summary>
    /// <param name="now">The time.</param>
    /// <param name="onRepair">As for <see cref="OnPage"/>.</param>
    public void EndScan(TimeSpan now, Action<TKey, RepairKind>? onRepair)
    {
        var scan = _state.Scan!;
        for (var slot = 0; slot < Rows.SlotCount && _policy.Sweeps; slot++)
        {
            if (Rows.Holds(slot) && !scan.Seen.Contains(slot))
            {
                ReadAbsent(Rows.KeyAt(slot), scan.Start, now, onRepair);
            }
        }

        foreach (var key in _state.Points?.Keys ?? [])
        {
            TouchByRead(key); // also of those that were not there
        }

        _state.Scanned = now;
        Doubts.SettleAll(key => LastWord(key) <= scan.Start);
        AbandonScan();
        if (Rows.IsSparse)
        {
            Rows.Compact();
        }
    }

    /// <summary>The scan did not come to its end: what it brought stays, what it did not says nothing.</summary>
    public void AbandonScan()
    {
        _state.Scan = null;
        ForgetTouched();
    }

    /// <summary>Some keys are about to be read: called before the request is sent.</summary>
    public void BeginAsking(IEnumerable<TKey> keys)
    {
        _state.Points = new PointMarks<TKey>(Moment, new HashSet<TKey>(keys, _comparer));
    }

    /// <summary>What asking brought.</summary>
    /// <param name="rows">Rows that are there.</param>
    /// <param name="absent">Keys that have none, or none that can be held.</param>
    /// <param name="unknown">Keys of which nothing was learnt.</param>
    /// <param name="now">The time.</param>
    /// <returns>How many keys are left to the next scan.</returns>
    public int OnAnswer(IEnumerable<KeyValuePair<TKey, TRow>> rows, IEnumerable<TKey> absent, IEnumerable<TKey> unknown, TimeSpan now)
    {
        var points = _state.Points!;
        var left = 0;
        foreach (var (key, row) in rows)
        {
            ReadRow(key, row, points.Start, now, onRepair: null);
            left += Settle(key, points, now);
        }

        foreach (var key in absent)
        {
            ReadAbsent(key, points.Start, now, onRepair: null);
            left += Settle(key, points, now);
        }

        foreach (var key in unknown)
        {
            left += Doubts.Fail(key) ? 0 : 1;
        }

        return left;
    }

    /// <summary>The keys were asked for, or asking failed.</summary>
    public void EndAsking(TimeSpan now)
    {
        _state.Points = null;
        ForgetTouched();
        foreach (var (key, asked) in _state.Asked)
        {
            if (now - asked.At > LateEvents)
            {
                _state.Asked.Remove(key);
            }
        }
    }

    /// <summary>Forgets every row: nobody may see them any more.</summary>
    public void Purge()
    {
        foreach (var (key, row) in Rows.Publish())
        {
            _log.Removed(key, row);
        }

        Rows.Clear();
        Doubts.Clear();
        _state.Asked.Clear();
        AbandonScan();
    }

    /// <returns>The row's slot; -1 if the stream has removed it meanwhile.</returns>
    private int ReadRow(TKey key, TRow row, long start, TimeSpan now, Action<TKey, RepairKind>? onRepair)
    {
        if (_policy.StreamWinsDuringReads && LastWord(key) > start)
        {
            if (_version is not null && Rows.TryGet(key, out var held) && _version(row) > _version(held))
            {
                Put(key, row);
            }

            Doubt(key, now);
            return Rows.SlotOf(key);
        }

        var slot = Rows.SlotFor(key);
        if (!Rows.TryGetAt(slot, out var before))
        {
            onRepair?.Invoke(key, RepairKind.Missing);
            Rows.Set(slot, row);
            _log.Added(key, row);
        }
        else if (IsOlder(key, row, before))
        {
            _state.Touched[key] = NextMoment(); // such a read settles nothing
            Doubts.AddOutdated(key, now, AttemptsOf(key, now));
        }
        else if (!_same(before, row))
        {
            if (onRepair is not null && !IsRespelled(before, row))
            {
                onRepair(key, RepairKind.Stale);
            }

            Rows.Set(slot, row);
            _log.Updated(key, row, before);
        }

        return slot;
    }

    /// <summary>Whether a read brought an older version than the one that is held: a replica that is behind, which the next read may not be.</summary>
    /// <remarks>
    /// Where five reads in a row say so, a quarter of a minute and longer, the version is none, as of a row that was deleted and came again: then the database is right. Only such
    /// reads count: a row that is asked for again and again because it changes was not said to be older.
    /// </remarks>
    private bool IsOlder(TKey key, TRow row, TRow held) =>
        _version is not null && _policy.TouchedKeysAreReread
        && _version(row) is > long.MinValue and var version && version < _version(held) // what no version could be told of is not older
        && Doubts.OutdatedAt(key) < Doubts<TKey>.MaxAttempts - 1;

    private void ReadAbsent(TKey key, long start, TimeSpan now, Action<TKey, RepairKind>? onRepair)
    {
        if (_policy.StreamWinsDuringReads && LastWord(key) > start)
        {
            Doubt(key, now);
        }
        else if (Remove(key))
        {
            onRepair?.Invoke(key, RepairKind.Extra);
        }
    }

    private void Doubt(TKey key, TimeSpan now)
    {
        if (_policy.TouchedKeysAreReread)
        {
            Doubts.Add(key, now, isUnknown: false, AttemptsOf(key, now));
        }
    }

    private int Settle(TKey key, PointMarks<TKey> points, TimeSpan now)
    {
        var isLastWord = LastWord(key) <= points.Start;
        if (_state.Scan is not null)
        {
            TouchByRead(key); // whatever it was worth: by its version it may have been the newer one all the same
        }

        if (!isLastWord)
        {
            return Doubts.Fail(key) ? 0 : 1;
        }

        var attempts = Doubts.Settle(key);
        _state.Asked[key] = (now, attempts + 1);
        return 0;
    }

    /// <summary>A read has brought a key while another one of it is under way: which of the two is the newer nobody can tell, and a third one is needed.</summary>
    /// <remarks>So it is with answers that overtake each other, and with a page that was made before what came first and arrives behind it.</remarks>
    private void TouchByRead(TKey key)
    {
        if (_policy.ReadsTouchEachOther)
        {
            _state.Touched[key] = NextMoment();
        }
    }

    private long NextMoment() => ++_state.Moment;

    /// <summary>Whether a read that covers the key is under way or ended just now: an event that comes then may be older than what it brings.</summary>
    private bool IsReadNear(TKey key, TimeSpan now) =>
        _state.Scan is not null || now - _state.Scanned < LateEvents || _state.Points?.Keys.Contains(key) == true
        || WasAskedNear(key, now, out _);

    /// <summary>What changes again and again while it is read is read less often; what changes once in a while is as good as new.</summary>
    private int AttemptsOf(TKey key, TimeSpan now) => WasAskedNear(key, now, out var attempts) ? Math.Min(attempts, Doubts<TKey>.MaxAttempts - 1) : 0;

    private bool WasAskedNear(TKey key, TimeSpan now, out int attempts)
    {
        // Almost always there is none: then no key is hashed for it.
        if (_state.Asked.Count > 0 && _state.Asked.TryGetValue(key, out var asked) && now - asked.At < LateEvents)
        {
            attempts = asked.Attempts;
            return true;
        }

        attempts = 0;
        return false;
    }

    private long LastWord(TKey key) => _state.Touched.TryGetValue(key, out var number) ? number : 0;

    private void ForgetTouched()
    {
        if (!IsReading)
        {
            _state.Touched.Clear();
            _state.Touched.TrimExcess(16);
        }
    }

    /// <remarks>
    /// The stream tells of changes: nothing is compared, for what is held lies cold in memory, and as JSON it took most of an event's time. A
    /// read, most of whose rows are no change, does compare.
    /// </remarks>
    private void Put(TKey key, TRow row)
    {
        var slot = Rows.SlotFor(key);
        if (!Rows.TryGetAt(slot, out var before))
        {
            Rows.Set(slot, row);
            _log.Added(key, row);
        }
        else
        {
            Rows.Set(slot, row);
            _log.Updated(key, row, before);
        }
    }

    private bool Remove(TKey key)
    {
        var slot = Rows.SlotOf(key);
        if (slot < 0)
        {
            return false;
        }

        Rows.TryGetAt(slot, out var before);
        Rows.RemoveAt(slot);
        _log.Removed(key, before!);
        return true;
    }
}
