using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Interleavings;

/// <summary>What became of one run.</summary>
/// <param name="Choices">Where more than one strand could go on: how many, and which one did.</param>
/// <param name="Fault">What was wrong; <see langword="null"/> for nothing.</param>
internal sealed record Outcome(IReadOnlyList<(int Options, int Chosen)> Choices, string? Fault);

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
    private static readonly ManualResetEventSlim NoRun = new(true);

    [ThreadStatic]
    private static (Interleaver Owner, Strand Strand)? _mine;

    private readonly List<Strand> _strands = [];
    private readonly List<(int Options, int Chosen)> _choices = [];
    private readonly SemaphoreSlim _ended = new(0);
    private readonly Choice _choose;
    private readonly ManualWorkScheduler _scheduler;
    private string? _fault;
    private bool _isStopping;

    private Interleaver(ManualWorkScheduler scheduler, Choice choose)
    {
        _scheduler = scheduler;
        _choose = choose;
    }

    /// <summary>Who is running: a strand, or whoever prepares and judges a run.</summary>
    public static object Me => _mine is { } mine ? mine.Strand : Thread.CurrentThread;

    public static bool IsStrand => _mine is not null;

    /// <summary>Runs programs beside each other, and what they post on two workers, until nothing is left to do.</summary>
    /// <param name="scheduler">Where work is posted.</param>
    /// <param name="programs">What runs beside each other.</param>
    /// <param name="choose">Says who goes on where more than one can.</param>
    public static Outcome Run(ManualWorkScheduler scheduler, IEnumerable<(string Name, Action Body)> programs, Choice choose)
    {
        var run = new Interleaver(scheduler, choose);
        foreach (var (name, body) in programs)
        {
            run._strands.Add(new Strand(name, _ => body()));
        }

        foreach (var name in (string[])["worker 1", "worker 2"])
        {
            run._strands.Add(new Strand(name, run.Work) { IsIdle = true, CanGoOn = run.HasWork });
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

    /// <summary>Another strand may go on here.</summary>
    public static void Point()
    {
        if (_mine is var (owner, strand))
        {
            owner.Yield(strand);
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
        for (var i = 0; i < count; i++)
        {
            var at = (first + i) % count;
            var strand = _strands[at];
            if (!strand.IsEnabled)
            {
                continue;
            }

            // Of two workers that have nothing to do one is as good as the other.
            if (!strand.IsIdle || !hasIdleWorker)
            {
                enabled[options++] = at;
            }

            hasIdleWorker |= strand.IsIdle;
        }

        if (options == 0)
        {
            return null;
        }

        if (options == 1)
        {
            return enabled[0];
        }

        var chosen = Math.Min(_choose(_choices.Count, enabled[..options]), options - 1);
        _choices.Add((options, chosen));
        return enabled[chosen];
    }
}
