using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Interleavings;

/// <summary>What became of one run.</summary>
/// <param name="Choices">Where more than one strand could go on.</param>
/// <param name="Fault">What was wrong; <see langword="null"/> for nothing.</param>
internal sealed record Outcome(IReadOnlyList<Decision> Choices, string? Fault);

/// <summary>A place where more than one strand could go on.</summary>
/// <param name="Options">How many.</param>
/// <param name="Chosen">Which one did, by its place among them.</param>
/// <param name="Strands">Which they were, in their order: the same list of choices must meet the same ones.</param>
internal readonly record struct Decision(int Options, int Chosen, int Strands)
{
    public static int Encode(ReadOnlySpan<int> strands)
    {
        var code = 0;
        foreach (var strand in strands)
        {
            code = (code << 4) | (strand + 1);
        }

        return code;
    }
}

/// <summary>Says who goes on.</summary>
/// <param name="at">The number of the choice.</param>
/// <param name="strands">Who can, by number; the first is who does if nothing else is said.</param>
/// <returns>Which of them, by its place there.</returns>
internal delegate int Choice(int at, ReadOnlySpan<int> strands);

/// <summary>
/// Runs some strands, one at a time, and changes over from one to another only at points: before a lock is entered, at atomic operations, and where one has to wait. Who goes on is
/// said by a list of choices, so that the same list is the same run.
/// </summary>
/// <remarks>
/// Between points nothing of another strand can be seen, if what threads share is under locks and atomic operations, as it must be: plain fields that are not are what this cannot find. It runs on
/// real threads that hand on a baton, because code that blocks is the code that ships.
/// </remarks>
internal sealed class Interleaver
{
    /// <summary>By itself no clock goes on for longer: what falls due later is beside nothing that ever takes so long.</summary>
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(1);

    private static readonly ManualResetEventSlim NoRun = new(true);

    [ThreadStatic]
    private static (Interleaver Owner, Strand Strand)? _mine;

    private readonly List<Strand> _strands = [];
    private readonly List<Decision> _choices = [];
    private readonly SemaphoreSlim _ended = new(0);
    private readonly Choice _choose;
    private readonly ManualWorkScheduler _scheduler;
    private readonly ManualTimeProvider? _time;
    private string? _fault;
    private bool _isStopping;
    private readonly long _lastTimer;
    private int _timersLeft;

    private Interleaver(ManualWorkScheduler scheduler, Choice choose, ManualTimeProvider? time, int timers)
    {
        _scheduler = scheduler;
        _choose = choose;
        _time = time;
        _timersLeft = timers;
        _lastTimer = time is null ? 0 : time.GetTimestamp() + MostTime.Ticks;
    }

    /// <summary>Who is running: a strand, or whoever prepares and judges a run.</summary>
    public static object Me => _mine is { } mine ? mine.Strand : Thread.CurrentThread;

    public static bool IsStrand => _mine is not null;

    /// <summary>Runs programs beside each other, and what they post on two workers, until nothing is left to do.</summary>
    /// <param name="scheduler">Where work is posted.</param>
    /// <param name="programs">What runs beside each other.</param>
    /// <param name="choose">Says who goes on where more than one can.</param>
    /// <param name="time">A clock that goes on by itself, beside everything else: from timer to timer, by default when nothing else is left to do.</param>
    /// <param name="timers">So many times.</param>
    public static Outcome Run(
        ManualWorkScheduler scheduler, IEnumerable<(string Name, Action Body)> programs, Choice choose, ManualTimeProvider? time = null, int timers = 0)
    {
        var run = new Interleaver(scheduler, choose, time, timers);
        foreach (var (name, body) in programs)
        {
            run._strands.Add(new Strand(name, _ => body()));
        }

        foreach (var name in (string[])["worker 1", "worker 2"])
        {
            run._strands.Add(new Strand(name, run.Work) { IsIdle = true, CanGoOn = run.HasWork });
        }

        if (time is not null)
        {
            run._strands.Add(new Strand("time", run.GoBy) { IsIdle = true, IsLast = true, CanGoOn = run.HasTimer });
        }

        foreach (var strand in run._strands)
        {
            new Thread(() => run.Live(strand), 256 * 1024) { IsBackground = true }.Start();
        }

        var first = run._strands[run.Next(null)!.Value];
        NoRun.Reset();
        first.Turn.Release();
        if (!run._ended.Wait(TimeSpan.FromMinutes(1)))
        {
            run._fault = "a strand waits for something that is neither a lock nor work: nobody goes on"; // its thread is left behind
        }

        NoRun.Set();
        return new Outcome(run._choices, run._fault);
    }

    /// <summary>Another strand may go on here; who is none waits for the end of the run.</summary>
    public static void Point()
    {
        if (_mine is var (owner, strand))
        {
            owner.Yield(strand);
        }
        else
        {
            AwaitEnd();
        }
    }

    /// <summary>
    /// What a program awaits without a context goes on on the thread pool, where nobody decides when: it has to wait until the run is over, as if it had taken that long to get there.
    /// </summary>
    public static void AwaitEnd() => NoRun.Wait();

    public static void WaitFor(Lock @lock)
    {
        var (owner, strand) = _mine!.Value;
        owner.Wait(strand, () => @lock.Owner is null, $"{@lock.Name}, which {@lock.Owner} holds");
    }

    private void Live(Strand strand)
    {
        strand.Turn.Wait();
        strand.CanGoOn = null;
        _mine = (this, strand);
        try
        {
            strand.Body(strand);
        }
#pragma warning disable CA1031 // Whatever it is, it is what was looked for.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _fault ??= $"{strand} threw {e}";
        }

        strand.IsDone = true;
        if (!_isStopping)
        {
            HandOn(null);
        }
        else if (_strands.TrueForAll(static s => s.IsDone))
        {
            _ended.Release();
        }
        else
        {
            _strands.First(static s => !s.IsDone).Turn.Release();
        }
    }

    private void Work(Strand strand)
    {
        while (!_isStopping)
        {
            if (_scheduler.Pending > 0)
            {
                strand.IsIdle = false;
                _scheduler.RunOne();
                strand.IsIdle = true;
            }
            else
            {
                Wait(strand, HasWork, "work");
            }
        }
    }

    private bool HasWork() => _isStopping || _scheduler.Pending > 0;

    /// <summary>The next timer falls due, and what it calls runs here; between one and the next all others may go on.</summary>
    private void GoBy(Strand strand)
    {
        while (!_isStopping)
        {
            if (HasTimer())
            {
                strand.IsIdle = false;
                _timersLeft--;
                _time!.Advance(_time.NextDue()!.Value);
                strand.IsIdle = true;
            }

            Wait(strand, HasTimer, "a timer");
        }
    }

    private bool HasTimer() => _isStopping || (_timersLeft > 0 && _time!.NextDue() is { } due && _time.GetTimestamp() + due.Ticks <= _lastTimer);

    private void Yield(Strand strand)
    {
        if (!_isStopping && Next(strand) is { } next && _strands[next] != strand)
        {
            _strands[next].Turn.Release();
            strand.Turn.Wait();
        }
    }

    private void Wait(Strand strand, Func<bool> canGoOn, string waitsFor)
    {
        (strand.CanGoOn, strand.WaitsFor) = (canGoOn, waitsFor);
        if (HandOn(strand) != strand)
        {
            strand.Turn.Wait();
        }

        (strand.CanGoOn, strand.WaitsFor) = (null, null);
    }

    /// <summary>The strand cannot go on; another one does, or all is done.</summary>
    private Strand? HandOn(Strand? waiting)
    {
        if (Next(waiting) is { } next)
        {
            if (_strands[next] != waiting)
            {
                _strands[next].Turn.Release();
            }

            return _strands[next];
        }

        var stuck = _strands.Where(static s => !s.IsDone && !s.IsIdle).ToList();
        if (stuck.Count > 0)
        {
            // Their threads are left behind: what they wait for never comes.
            _fault = $"locked up: {string.Join("; ", stuck.Select(static s => $"{s} waits for {s.WaitsFor}"))}";
            _ended.Release();
            return null;
        }

        _isStopping = true;
        if (_strands.Find(static s => !s.IsDone) is not { } last)
        {
            _ended.Release();
        }
        else if (last != waiting)
        {
            last.Turn.Release();
        }
        else
        {
            return waiting;
        }

        return null;
    }

    /// <summary>Who goes on: the one that runs, if it can, else the next in the round, or whom the choice says.</summary>
    private int? Next(Strand? running)
    {
        var count = _strands.Count;
        var first = running is null ? 0 : _strands.IndexOf(running);
        Span<int> enabled = stackalloc int[count];
        var options = 0;
        var hasIdleWorker = false;
        int? last = null;
        for (var i = 0; i < count; i++)
        {
            var at = (first + i) % count;
            var strand = _strands[at];
            if (!strand.IsEnabled)
            {
                continue;
            }

            if (strand is { IsIdle: true, IsLast: true })
            {
                last = at;
                continue;
            }

            // Of two workers that have nothing to do one is as good as the other.
            if (!strand.IsIdle || !hasIdleWorker)
            {
                enabled[options++] = at;
            }

            hasIdleWorker |= strand.IsIdle;
        }

        if (last is { } idle)
        {
            enabled[options++] = idle;
        }

        if (options == 0)
        {
            return null;
        }

        if (options == 1)
        {
            return enabled[0];
        }

        var chosen = _choose(_choices.Count, enabled[..options]);
        if (chosen < 0 || chosen >= options)
        {
            _fault ??= $"choice {_choices.Count} is {chosen}, of {options}";
            chosen = 0;
        }

        _choices.Add(new Decision(options, chosen, Decision.Encode(enabled[..options])));
        return enabled[chosen];
    }
}
