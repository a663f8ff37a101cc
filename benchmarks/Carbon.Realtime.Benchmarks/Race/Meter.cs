using System.Diagnostics;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>
/// Measures a contender between two event numbers. Per event it costs one increment and one comparison, and it is the same for all.
/// </summary>
/// <remarks><see cref="OnEvent"/> is called from one thread at a time, the other members from any.</remarks>
internal sealed class Meter(RunOptions options)
{
    private readonly TaskCompletionSource<RunFigures> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _next = options.Warmup;
    private long _count;
    private long _checksum;
    private Reading _start;

    /// <summary>Counts one event.</summary>
    /// <param name="weight">Something of the decoded row: equal sums show that two contenders decoded the same.</param>
    public void OnEvent(int weight)
    {
        _checksum += weight;
        if (++_count == _next) Mark();
    }

    /// <summary>Ends the run as failed.</summary>
    public void Fail(string why) => _done.TrySetException(new InvalidOperationException(why));

    /// <summary>The figures, once the last event was counted.</summary>
    /// <exception cref="InvalidOperationException">Events stopped coming, or <see cref="Fail"/> was called.</exception>
    public async Task<RunFigures> CompletionAsync()
    {
        var patience = TimeSpan.FromSeconds(10);
        for (var seen = -1L; await Task.WhenAny(_done.Task, Task.Delay(patience)) != _done.Task;)
        {
            var now = Volatile.Read(ref _count);
            if (now == seen) Fail($"No event for {patience.TotalSeconds} s; {now} of {options.Total} came.");
            seen = now;
        }

        return await _done.Task;
    }

    private void Mark()
    {
        var now = Reading.Take();
        if (_count < options.Total)
        {
            _next = options.Total;
            _start = Reading.Take(); // again: the first reading compiled the code that reads
            return;
        }

        _done.TrySetResult(new RunFigures
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
