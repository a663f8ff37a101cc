using Carbon.Realtime.Changes;
using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Simulation.Model;

/// <summary>The library's own rules, driven as its stores drive them.</summary>
/// <remarks>
/// What is written down is all of <see cref="ConvergenceState{TKey, TRow}"/> that can make a difference: rows, doubts, their attempts and outdated reads, keys asked for
/// of late and how often, what the scan has seen, which keys are being asked for. Of moments only this counts: whether a key was touched after each
/// of the reads under way began (what comes later is later than all of them), and while the cache is loaded, whether it was touched at all. Of times:
/// whether the last scan, and the last answer about a key, are near. When doubts are due is left out, for the model asks at any time. A part that the
/// state is given later must be added here: a test counts them.
/// </remarks>
internal sealed class LibraryRule : ClientRule, IRowLog<int, int>
{
    private static readonly TimeSpan Start = TimeSpan.FromHours(12);

    /// <summary>Counts of tries are less than this, and one more than the most of them is too.</summary>
    private const int Tries = Doubts<int>.MaxAttempts + 1;

    private readonly int _keys;
    private readonly ConvergenceRules<int, int> _rules;
    private readonly ConvergenceState<int, int> _state;
    private readonly List<KeyValuePair<int, int>> _rows = [];
    private readonly List<int> _absent = [];
    private TimeSpan _now = Start;
    private long _pageStart;

    public LibraryRule(Scenario scenario)
    {
        _keys = scenario.Keys;
        _rules = new ConvergenceRules<int, int>(null, static (one, other) => one == other, scenario.HasVersions ? static row => row : null, scenario.Policy, this);
        _state = _rules.State;

        // The slot of a key is its number, whatever comes first: which slot it is makes no difference.
        for (var key = 0; key < _keys; key++)
        {
            _state.Rows.SlotFor(key);
        }
    }

    public override bool IsReadNear
    {
        get
        {
            var isNear = IsScanNear;
            foreach (var (at, _) in _state.Asked.Values)
            {
                isNear |= IsNear(at);
            }

            return isNear;
        }
    }

    public override int Doubted
    {
        get
        {
            var bits = 0;
            for (var key = 0; key < _keys; key++)
            {
                bits |= _rules.Doubts.Contains(key) ? 1 << key : 0;
            }

            return bits;
        }
    }

    private bool IsScanNear => _state.Scanned is { } scanned && IsNear(scanned);

    public override int Row(int key) => _rules.Rows.TryGet(key, out var row) ? row : 0;

    public override void Clear()
    {
        var nothing = new StateReader(stackalloc byte[1 + (3 * _keys)]);
        Read(ref nothing);
    }

    public override void OnEvent(RowEventKind kind, int key, int version, int commit) =>
        _rules.OnEvent(new RowEvent<int, int>(kind, key, version, null), _now);

    public override void BeginScan() => _rules.BeginScan();

    public override void BeginPage() => _pageStart = _rules.Moment;

    public override void OnPage(ReadOnlySpan<byte> rows, int mark)
    {
        Take(rows, of: -1);
        _rules.OnPage(_rows, [], _pageStart, _now, onRepair: null);
    }

    public override void EndScan()
    {
        _rules.EndScan(_now, onRepair: null);
        _pageStart = 0;
    }

    public override void AbandonScan()
    {
        _rules.AbandonScan();
        _pageStart = 0;
    }

    public override void BeginAsking(int keys) => _rules.BeginAsking(KeysOf(keys));

    public override bool OnAnswer(int keys, ReadOnlySpan<byte> rows)
    {
        Take(rows, keys);
        return _rules.OnAnswer(_rows, _absent, [], _now) > 0;
    }

    public override bool OnNoAnswer(int keys) => _rules.OnAnswer([], [], KeysOf(keys), _now) > 0;

    public override void EndAsking() => _rules.EndAsking(_now);

    public override void BeginHydration() => _rules.BeginHydration();

    public override void EndHydration(ReadOnlySpan<byte> rows)
    {
        Take(rows, of: -1);
        _rules.EndHydration(_rows);
    }

    public override void PassTime() => _now += ConvergenceRules<int, int>.LateEvents;

    public override void Write(ref StateWriter writer)
    {
        writer.Flags(IsScanNear, _state.IsHydrating, _state.Scan is not null, _state.Points is not null);
        for (var key = 0; key < _keys; key++)
        {
            var touched = _state.Touched.TryGetValue(key, out var moment);
            var isAsked = _state.Asked.TryGetValue(key, out var asked) && IsNear(asked.At);
            var isDoubted = _rules.Doubts.Contains(key);
            writer.Byte(Row(key));
            var outdated = _rules.Doubts.OutdatedAt(key);
            writer.Byte((isDoubted ? 1 + _rules.Doubts.AttemptsAt(key) : 0) + (Tries * (outdated + (Tries * (isAsked ? Math.Min(asked.Attempts, Doubts<int>.MaxAttempts - 1) : 0)))));
            writer.Flags(
                touched && _state.IsHydrating,
                touched && moment > _state.Scan?.Start,
                touched && _state.Scan is not null && moment > _pageStart,
                touched && moment > _state.Points?.Start,
                _state.Scan?.Seen.Contains(key) == true,
                _state.Points?.Keys.Contains(key) == true);
        }
    }

    public override void Read(ref StateReader reader)
    {
        var flags = reader.Flags();
        _now = Start;
        _state.Scanned = flags[0] ? _now : null;
        _state.IsHydrating = flags[1];
        _state.Touched.Clear();
        _state.Asked.Clear();
        _state.Doubts.Clear();
        Span<(int Touched, bool Scan, bool Page, bool Points)> touches = stackalloc (int, bool, bool, bool)[_keys];
        var (seen, asked, afterScan, afterPage, afterPoints) = (0, 0, 0, 0, 0);
        for (var key = 0; key < _keys; key++)
        {
            SetRow(key, reader.Byte());
            var counts = reader.Byte();
            if (counts % Tries is > 0 and var doubted)
            {
                _state.Doubts.Add(key, _now, isUnknown: false, doubted - 1);
            }

            for (var outdated = counts / Tries % Tries; outdated > 0; outdated--)
            {
                _state.Doubts.AddOutdated(key, _now, attempts: 0);
            }

            if (counts / (Tries * Tries) is > 0 and var tries)
            {
                _state.Asked[key] = (_now, tries);
            }

            var bits = reader.Flags();
            touches[key] = (bits[0] ? 0 : -1, bits[1], bits[2], bits[3]);
            afterScan += bits[1] ? 1 : 0;
            afterPage += bits[2] ? 1 : 0;
            afterPoints += bits[3] ? 1 : 0;
            seen |= bits[4] ? 1 << key : 0;
            asked |= bits[5] ? 1 << key : 0;
        }

        // The later a read began, the fewer keys were touched since, and they are among those touched since an earlier one.
        var (scanStart, pageStart, pointsStart) = (StartOf(afterScan), StartOf(afterPage), StartOf(afterPoints));
        for (var key = 0; key < _keys; key++)
        {
            var (touched, scan, page, points) = touches[key];
            var moment = Math.Max(touched, Math.Max(scan ? scanStart + 1 : -1, Math.Max(page ? pageStart + 1 : -1, points ? pointsStart + 1 : -1)));
            if (moment >= 0)
            {
                _state.Touched[key] = moment;
            }
        }

        _state.Moment = StartOf(0);
        _pageStart = flags[2] ? pageStart : 0;
        _state.Scan = flags[2] ? new ScanMarks(scanStart) : null;
        _state.Points = flags[3] ? new PointMarks<int>(pointsStart, [.. KeysOf(asked)]) : null;
        for (var key = 0; key < _keys && _state.Scan is not null; key++)
        {
            if (Has(seen, key))
            {
                _state.Scan.Seen.Add(key);
            }
        }
    }

    void IRowLog<int, int>.Added(int key, int row)
    {
    }

    void IRowLog<int, int>.Updated(int key, int row, int before)
    {
    }

    void IRowLog<int, int>.Removed(int key, int before)
    {
    }

    private static bool Has(int keys, int key) => (keys >> key & 1) != 0;

    /// <summary>When a read began since which so many keys were touched: as early as may be, so that the last word before it has the same moment.</summary>
    private long StartOf(int after) => _keys - after;

    private bool IsNear(TimeSpan at) => _now - at < ConvergenceRules<int, int>.LateEvents;

    private List<int> KeysOf(int bits)
    {
        List<int> keys = new(_keys);
        for (var key = 0; key < _keys; key++)
        {
            if (Has(bits, key))
            {
                keys.Add(key);
            }
        }

        return keys;
    }

    private void Take(ReadOnlySpan<byte> rows, int of)
    {
        _rows.Clear();
        _absent.Clear();
        for (var key = 0; key < _keys; key++)
        {
            if (!rows.IsEmpty && rows[key] != 0)
            {
                _rows.Add(new(key, rows[key]));
            }
            else if (Has(of, key))
            {
                _absent.Add(key);
            }
        }
    }

    private void SetRow(int key, int row)
    {
        if (row != 0)
        {
            _state.Rows.Set(key, row);
        }
        else if (_state.Rows.Holds(key))
        {
            _state.Rows.RemoveAt(key);
        }
    }
}
