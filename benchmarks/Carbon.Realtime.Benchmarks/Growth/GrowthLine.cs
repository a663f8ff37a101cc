using Carbon.Realtime.Benchmarks.Race;

namespace Carbon.Realtime.Benchmarks.Growth;

/// <summary>How one cost grows with one number: the runs at each size.</summary>
/// <param name="Name">Whose cost.</param>
/// <param name="Points">The number, and the nanoseconds of processor time of each run.</param>
internal sealed record GrowthLine(string Name, IReadOnlyList<(double Size, IReadOnlyList<double> Nanoseconds)> Points)
{
    public IEnumerable<(double Size, Spread Cost)> Spreads => Points.Select(static p => (p.Size, Spread.Of(p.Nanoseconds)));

    /// <summary>The median at a size.</summary>
    public double At(double size) => Spread.Of(Points.First(p => p.Size.Equals(size)).Nanoseconds).Median;
}

/// <summary>One chart: some lines over one number.</summary>
/// <param name="Name">Its file's.</param>
/// <param name="Title">What is measured.</param>
/// <param name="Unit">Of the number.</param>
/// <param name="Lines">The costs.</param>
/// <param name="Bends">What makes it grow, in a sentence or two.</param>
internal sealed record GrowthChart(string Name, string Title, string Unit, IReadOnlyList<GrowthLine> Lines, string Bends);
