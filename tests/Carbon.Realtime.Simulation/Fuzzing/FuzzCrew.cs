using System.Diagnostics;
using System.Globalization;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Some threads, each with its own target, that share the inputs of one run; and who watches that they come back.</summary>
internal sealed class FuzzCrew : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly Worker[] _workers;
    private readonly FuzzLimits _limits;
    private readonly ReaderWriterLockSlim _alone = new();
    private readonly int _seed;
    private long _next;
    private long _end;

    public FuzzCrew(Func<FuzzTarget> create, int seed, long first, FuzzLimits limits)
    {
        _workers = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Worker(create()))];
        _limits = limits;
        _seed = seed;
        _next = _end = first;
    }

    /// <summary>Gives the next inputs. The threads are new ones: no synchronisation context, as a test framework has one, leads awaits away from a target's own scheduler.</summary>
    /// <returns>Whether all of them ended.</returns>
    public bool Give(int count)
    {
        _end += count;
        foreach (var worker in _workers)
        {
            worker.Thread = new Thread(() => Work(worker)) { IsBackground = true, Name = $"fuzz {worker.Target.Name}" };
            worker.Thread.Start();
        }

        foreach (var worker in _workers)
        {
            while (!worker.Thread!.Join(_limits.NoEnd < Look ? _limits.NoEnd : Look))
            {
                if (Array.Find(_workers, w => w.Since is var since && since != 0 && Stopwatch.GetElapsedTime(since) > _limits.NoEnd) is { } stuck)
                {
                    _end = 0;
                    stuck.IsStuck = true;
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>What was found out, without the counts of one that never came back.</summary>
    public void AddTo(TargetFigures figures)
    {
        foreach (var worker in _workers)
        {
            if (worker.IsStuck)
            {
                figures.Findings.Add(new Finding(worker.Target.Name, _seed, worker.Index, Finding.NoEnd, Convert.ToBase64String(worker.Input)));
            }
            else if (worker.Thread?.IsAlive != true)
            {
                figures.Add(worker.Figures);
            }
        }
    }

    public void Dispose()
    {
        foreach (var worker in _workers.Where(static w => w.Thread?.IsAlive != true))
        {
            worker.Target.Dispose();
        }
    }

    private void Work(Worker worker)
    {
        for (long index; (index = Interlocked.Increment(ref _next) - 1) < Volatile.Read(ref _end);)
        {
            TryOne(worker, index);
        }

        Interlocked.Decrement(ref _next); // what it took was nobody's: the next ones begin there
    }

    private void TryOne(Worker worker, long index)
    {
        var (target, figures) = (worker.Target, worker.Figures);
        var input = Inputs.Of(target, _seed, index);
        worker.Index = index;
        var fault = Watch(worker, input, out var verdict, out var time) ?? JudgeTime(worker, input, time);
        figures.Inputs++;
        figures.MostAllocated = Math.Max(figures.MostAllocated, target.Allocated);
        figures.MostOfBudget = Math.Max(figures.MostOfBudget, target.Allocated * 100 / Fuzzer.Limit(target, input));
        figures.SlowestMilliseconds = Math.Max(figures.SlowestMilliseconds, time.TotalMilliseconds);
        figures.Uncompared += target.TakeUncompared();
        if (fault is null)
        {
            figures.Add(verdict);
        }
        else if (Fuzzer.IsNew(figures, fault))
        {
            var shortest = fault.StartsWith("time", StringComparison.Ordinal) ? input
                : InputShrinker.Shrink(input, shorter => Watch(worker, shorter, out _, out _) is { } other ? Fuzzer.Way(other) : null, 2_000 * target.Share / 100);
            figures.Findings.Add(new Finding(target.Name, _seed, index, Watch(worker, shortest, out _, out _) ?? fault, Convert.ToBase64String(shortest)));
        }
    }

    private string? Watch(Worker worker, byte[] input, out Verdict verdict, out TimeSpan time)
    {
        _alone.EnterReadLock();
        try
        {
            worker.Input = input;
            var began = worker.Since = Stopwatch.GetTimestamp();
            var fault = Fuzzer.Try(worker.Target, input, out verdict);
            time = Stopwatch.GetElapsedTime(began);
            return fault;
        }
        finally
        {
            worker.Since = 0;
            _alone.ExitReadLock();
        }
    }

    /// <summary>That it took long may be the machine's fault. Then it is tried again while nobody else runs, and what counts is the processor's time.</summary>
    private string? JudgeTime(Worker worker, byte[] input, TimeSpan time)
    {
        if (time <= _limits.Time || worker.Figures.Findings.Exists(static f => f.What.StartsWith("time", StringComparison.Ordinal)))
        {
            return null;
        }

        _alone.EnterWriteLock();
        try
        {
            var before = Environment.CpuUsage.TotalTime;
            Fuzzer.Try(worker.Target, input, out _);
            var taken = Environment.CpuUsage.TotalTime - before;
            return taken > _limits.Time ? string.Create(CultureInfo.InvariantCulture, $"time: {time.TotalSeconds:F1} s, and alone {taken.TotalSeconds:F1} s of a processor, for an input of {input.Length}") : null;
        }
        finally
        {
            _alone.ExitWriteLock();
        }
    }

    private sealed class Worker(FuzzTarget target)
    {
        private long _since;

        public FuzzTarget Target => target;

        public TargetFigures Figures { get; } = new();

        public Thread? Thread { get; set; }

        public long Index { get; set; }

        public byte[] Input { get; set; } = [];

        public bool IsStuck { get; set; }

        /// <summary>When the input that is under way began; 0 for none.</summary>
        public long Since
        {
            get => Volatile.Read(ref _since);
            set => Volatile.Write(ref _since, value);
        }
    }
}
