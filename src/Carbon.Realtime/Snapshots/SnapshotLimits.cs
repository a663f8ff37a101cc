namespace Carbon.Realtime.Snapshots;

/// <summary>What a read may take. A server that is broken or hostile costs no more.</summary>
internal sealed record SnapshotLimits
{
    public static SnapshotLimits Default { get; } = new();

    /// <summary>Rows asked for by the first page; Supabase's own limit.</summary>
    public int PageRows { get; init; } = 1000;

    /// <summary>The most rows a page grows to.</summary>
    public int MaxPageRows { get; init; } = 4000;

    /// <summary>A longer row is told by its key alone.</summary>
    public int MaxRowBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Of a page, after decompression; a longer one is asked for again with fewer rows.</summary>
    public long MaxPageBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>From the request to the last byte of its answer. Longer than the server lets a statement run (8 s for signed-in users).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a request is repeated for reasons that pass by themselves, before the read fails with the last of them.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>The shortest wait before a repetition.</summary>
    public TimeSpan RetryDelayMin { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait, whatever the server asks for.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(30);
}
