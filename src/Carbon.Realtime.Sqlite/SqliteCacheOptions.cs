namespace Carbon.Realtime;

/// <summary>How much a <see cref="SqliteStoreCache"/> keeps, for how long, and how long it waits for others.</summary>
public sealed class SqliteCacheOptions
{
    /// <summary>How many bytes of keys and rows are kept of one user in one project. The least recently used stores go first.</summary>
    /// <value>Default 40 MiB; at least 64 KiB.</value>
    /// <remarks>
    /// The file is larger by about a tenth. What one store alone cannot fit in is not kept (<see cref="StoreCacheFault.Full"/>): 40 MiB are
    /// about 60 000 rows of 700 bytes.
    /// </remarks>
    public long MaxBytesPerUser { get; set; } = 40 * 1024 * 1024;

    /// <summary>What was neither loaded nor saved for so long is not given any more, and deleted.</summary>
    /// <value>Default 30 days; at least a minute, at most 10 years.</value>
    /// <remarks>What was used so far in the <em>future</em> goes as well: the device's clock was wrong, and nobody knows when it was used.</remarks>
    public TimeSpan UnusedLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a call waits for another process that is writing, before it fails with <see cref="StoreCacheFault.Locked"/>.</summary>
    /// <value>Default 1 second; at most a minute. Zero does not wait.</value>
    /// <remarks>It blocks the calling thread. Calls of this process do not wait so: they queue.</remarks>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>For tests of a full disk: SQLite's limit of the file, in pages.</summary>
    internal int? MaxPages { get; set; }

    internal void Validate()
    {
        if (MaxBytesPerUser < 64 * 1024)
        {
            throw new ArgumentException($"{nameof(MaxBytesPerUser)} must be at least 65536 (64 KiB), not {MaxBytesPerUser}.");
        }

        if (UnusedLifetime < TimeSpan.FromMinutes(1) || UnusedLifetime > TimeSpan.FromDays(3653))
        {
            throw new ArgumentException($"{nameof(UnusedLifetime)} must be between a minute and ten years, not {UnusedLifetime}.");
        }

        if (LockTimeout < TimeSpan.Zero || LockTimeout > TimeSpan.FromMinutes(1))
        {
            throw new ArgumentException($"{nameof(LockTimeout)} must be between zero and a minute, not {LockTimeout}.");
        }
    }
}
