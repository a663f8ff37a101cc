using System.Globalization;
using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>All runs of one race, and what can be said of them.</summary>
/// <param name="Options">What was compared.</param>
/// <param name="Runs">Each contender's, in the order of the rounds.</param>
internal sealed record RaceResult(RaceOptions Options, IReadOnlyList<IReadOnlyList<RunFigures>> Runs)
{
    /// <summary>The object graph of one row.</summary>
    public double RowBytes { get; } = RowGraph.BytesPerRow(Options.Load.Row);

    /// <summary>NaN where it was not measured.</summary>
    public Spread Of(int contender, Func<RunFigures, double> figure) => Spread.Of(Runs[contender].Select(figure));

    /// <summary>The ratio of two contenders' medians.</summary>
    public double Ratio(int contender, int other, Func<RunFigures, double> figure) => Of(contender, figure).Median / Of(other, figure).Median;

    /// <summary>The same of every round by itself.</summary>
    public Spread RoundRatios(int contender, int other, Func<RunFigures, double> figure) =>
        Spread.Of(Runs[contender].Zip(Runs[other], (a, b) => figure(a) / figure(b)));

    /// <summary>What is allocated per event beside the rows that the contender decodes; NaN where it decodes none or is not measured.</summary>
    public double BytesBesideRows(int contender) => Runs[contender][0].Checksum == 0
        ? double.NaN
        : Of(contender, Bytes).Median - (RowBytes * (DecodesBoth(contender) ? 2 : 1));

    /// <summary>The place of a contender that raced, else -1.</summary>
    public int IndexOf(string contender) => Options.Contenders.ToList().IndexOf(contender);

    /// <summary>A contender's name; one that races against itself (which shows the noise) gets a number.</summary>
    public string Name(int contender)
    {
        var name = Options.Contenders[contender];
        var earlier = Options.Contenders.Take(contender).Count(c => c == name);
        return earlier == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name} #{earlier + 1}");
    }

    public static double Speed(RunFigures run) => run.EventsPerSecond;

    public static double Cpu(RunFigures run) => run.CpuMicrosecondsPerEvent;

    public static double Bytes(RunFigures run) => run.BytesPerEvent ?? double.NaN;

    /// <summary>Of an update under the full identity, the limit decodes the new record only.</summary>
    private bool DecodesBoth(int contender) => Options.Load.Kind == ChangeKind.UpdateFull && Options.Contenders[contender] != Contenders.Limit;
}
