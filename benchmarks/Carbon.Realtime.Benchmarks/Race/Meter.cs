using System.Diagnostics;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>
/// Measures a contender between two event numbers. Per event it costs one increment and one comparison, and it is the same for all
/// (for realtime-js, <c>meter.mjs</c> is). Between warm-up and measurement nothing is under way: rows that were made before it and waited
/// in a queue would count as free.
/// </summary>
/// <remarks><see cref="OnRow"/> and <see cref="OnEvent"/> are called from one thread at a time, the other members from any.</remarks>
internal sealed class Meter(RunOptions options) : IMeter
{
    private readonly RunCompletion<RunFigures> _completion = new(options.Total);
    private readonly RunCompletion<bool> _warmth = new(options.Warmup);
    private long _next = options.Warmup;
    private long _count;
    private long _checksum;
    private Reading _start;

    /// <summary>Counts one event. Equal sums show that two contenders decoded the same.</summary>
    public void OnRow(RaceRow row) => OnEvent(row.Id.Length + row.Name.Length);

    /// <summary>Counts one event.</summary>
    /// <param name="weight">Something of the decoded row.</param>
    public void OnEvent(int weight)
    {
        _checksum += weight;
        if (++_count == _next) Mark();
    }

    public void Fail(string why)
    {
        _warmth.Fail(why);
        _completion.Fail(why);
    }

    /// <summary>Completes when the warm-up's last event was counted.</summary>
    /// <exception cref="InvalidOperationException">Events stopped coming, or <see cref="Fail"/> was called.</exception>
    public Task WarmUpAsync() => _warmth.WaitAsync(() => Volatile.Read(ref _count));

    /// <summary>Begins the measurement; no event is under way.</summary>
    public void Start()
    {
        Reading.Take(); // the first reading compiles the code that reads
        _start = Reading.Take();
    }

    /// <summary>The figures, once the last event was counted.</summary>
    /// <exception cref="InvalidOperationException">Events stopped coming, or <see cref="Fail"/> was called.</exception>
    public Task<RunFigures> CompletionAsync() => _completion.WaitAsync(() => Volatile.Read(ref _count));

    private void Mark()
    {
        if (_count < options.Total)
        {
            _next = options.Total;
            _warmth.Succeed(true);
            return;
        }

        var now = Reading.Take();
        _completion.Succeed(new RunFigures
        {
            EventsPerSecond = options.Events / Stopwatch.GetElapsedTime(_start.Timestamp, now.Timestamp).TotalSeconds,
            CpuMicrosecondsPerEvent = (now.Cpu - _start.Cpu).TotalMicroseconds / options.Events,
            BytesPerEvent = (double)(now.Allocated - _start.Allocated) / options.Events,
            Checksum = _checksum,
        });
    }

    /// <summary>The machine's counters at one moment.</summary>
    /// <param name="Timestamp">The wall clock.</param>
    /// <param name="Cpu">
    /// User and system time of the whole process: JIT, GC and pool threads included. From <c>getrusage</c>, in microseconds;
    /// <c>Process.TotalProcessorTime</c> is the same figure rounded to 10 ms.
    /// </param>
    /// <param name="Allocated">Bytes allocated by all threads, exactly.</param>
    private readonly record struct Reading(long Timestamp, TimeSpan Cpu, long Allocated)
    {
        public static Reading Take()
        {
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            return new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, allocated);
        }
    }
}
