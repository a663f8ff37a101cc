namespace Carbon.Realtime;

/// <summary>How a bound collection gathers changes. Immutable.</summary>
public sealed record StoreBindingOptions
{
    /// <summary>Batches of 40 ms, a reset from the twenty-sixth change on.</summary>
    public static StoreBindingOptions Default { get; } = new();

    /// <summary>
    /// Changes are gathered for this long before the collection is touched, and batches are at least this far apart. Between 30 and 50 ms: shorter
    /// is work that no eye sees, longer is seen. Default 40 ms.
    /// </summary>
    public TimeSpan BatchWindow { get; init; } = TimeSpan.FromMilliseconds(40);

    /// <summary>
    /// A batch that would take more events than this replaces all rows and raises one reset instead: a control lays itself out once, but forgets
    /// its selection and place. From 0, which is always a reset; default 25.
    /// </summary>
    public int ResetThreshold { get; init; } = 25;

    internal static void Check(StoreBindingOptions options)
    {
        if (options.BatchWindow < TimeSpan.FromMilliseconds(30) || options.BatchWindow > TimeSpan.FromMilliseconds(50))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.BatchWindow, "BatchWindow must be between 30 and 50 ms.");
        }

        if (options.ResetThreshold < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.ResetThreshold, "ResetThreshold must be at least 0.");
        }
    }
}
