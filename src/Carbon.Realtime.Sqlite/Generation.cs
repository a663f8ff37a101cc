namespace Carbon.Realtime.Sqlite;

/// <summary>What a file knows of the rows of one key, beside themselves. Times are ticks of UTC.</summary>
internal sealed class Generation
{
    /// <summary>Which rows are its own; 0 before it was written.</summary>
    public long Id { get; set; }

    /// <summary>The key's name, by <see cref="InstallKey.NameOf"/>.</summary>
    public required byte[] Name { get; init; }

    /// <summary>The user's name, by <see cref="InstallKey.OwnerOf"/>.</summary>
    public required byte[] Owner { get; init; }

    public required long Created { get; init; }

    /// <summary>When the store last knew that it equalled the database.</summary>
    public long Verified { get; set; }

    /// <summary>When it was last loaded or saved.</summary>
    public long Used { get; set; }

    public long Rows { get; private set; }

    /// <summary>Of keys and rows.</summary>
    public long Bytes { get; private set; }

    /// <summary>The sum of the rows' tags: a row that is lost, doubled or of another day changes it, in whatever order they are read.</summary>
    public long Digest { get; private set; }

    public static Generation Read(Statement statement) => new()
    {
        Id = statement.Number(0),
        Name = statement.Blob(1).ToArray(),
        Owner = statement.Blob(2).ToArray(),
        Created = statement.Number(3),
        Verified = statement.Number(4),
        Used = statement.Number(5),
        Rows = statement.Number(6),
        Bytes = statement.Number(7),
        Digest = statement.Number(8),
    };

    public void Add(long bytes, long tag)
    {
        Rows++;
        Bytes += bytes;
        Digest = unchecked(Digest + tag);
    }

    public void Subtract(long bytes, long tag)
    {
        Rows--;
        Bytes -= bytes;
        Digest = unchecked(Digest - tag);
    }

    /// <summary>Nothing is its own any more.</summary>
    public void Clear() => (Rows, Bytes, Digest) = (0, 0, 0);

    /// <summary>Whether nobody used it for longer than a time, or the clock was wrong by more than it when somebody did.</summary>
    public bool IsExpired(DateTimeOffset now, TimeSpan lifetime) =>
        Used < now.UtcTicks - lifetime.Ticks || Used > now.UtcTicks + lifetime.Ticks;
}
