using System.Diagnostics;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;
using Carbon.Realtime.Benchmarks.Sender;

namespace Carbon.Realtime.Benchmarks.Latency;

/// <summary>How old each row's stamp is when the contender has the row. Reads the clock once and a name of nineteen digits, for all alike.</summary>
internal sealed class LatencyMeter(RunOptions options) : IMeter
{
    private readonly RunCompletion<LatencyFigures> _completion = new(options.Total);
    private readonly long[] _ages = new long[options.Events];
    private long _count;

    public void OnRow(RaceRow row)
    {
        var now = Stopwatch.GetTimestamp();
        var measured = _count++ - options.Warmup;
        if (measured < 0 || measured >= _ages.Length) return;
        _ages[measured] = now - Stamp.Read(row.Name);
        if (measured == _ages.Length - 1) _completion.Succeed(Figures());
    }

    public void Fail(string why) => _completion.Fail(why);

    /// <summary>The figures, once the last row was there.</summary>
    /// <exception cref="InvalidOperationException">Events stopped coming, or <see cref="Fail"/> was called.</exception>
    public Task<LatencyFigures> CompletionAsync() => _completion.WaitAsync(() => Volatile.Read(ref _count));

    private LatencyFigures Figures()
    {
        Array.Sort(_ages);
        return new LatencyFigures { P50 = Percentile(0.5), P99 = Percentile(0.99), P999 = Percentile(0.999) };
    }

    /// <summary>The smallest age that at least this share of all did not exceed, in microseconds.</summary>
    private double Percentile(double share) =>
        _ages[Math.Max(0, (int)Math.Ceiling(share * _ages.Length) - 1)] * 1e6 / Stopwatch.Frequency;
}
