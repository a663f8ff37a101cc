namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>Three columns: what a client does for every frame, whatever is in it, weighs the most here.</summary>
public sealed class SmallItem : RaceRow
{
    public bool Active { get; set; }
}
