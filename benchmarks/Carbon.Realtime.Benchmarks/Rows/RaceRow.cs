namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>What every row of the race has, whatever its size: the contenders' sums are over these.</summary>
public abstract class RaceRow
{
    public string Id { get; set; } = "";
    public string Name { get; set; } = "";
}
