namespace Carbon.Realtime.Convergence;

/// <summary>Rows that are lent: made into an image by the first who takes them. Any thread.</summary>
internal sealed class LazyImage<TKey, TRow>
    where TKey : notnull
{
    private readonly RowTable<TKey, TRow>? _table;
    private RowImage<TKey, TRow>? _image;

    public LazyImage(RowTable<TKey, TRow> table, int count)
    {
        _table = table;
        Count = count;
    }

    /// <summary>Rows of which there is an image.</summary>
    public LazyImage(RowImage<TKey, TRow> image)
    {
        _image = image;
        Count = image.Count;
    }

    public static LazyImage<TKey, TRow> Empty { get; } = new(RowImage<TKey, TRow>.Empty);

    /// <summary>How many rows there were when they were lent.</summary>
    public int Count { get; }

    /// <summary>What was lent after it, if it was not taken by then. Under the table's lock.</summary>
    internal LazyImage<TKey, TRow>? Next { get; set; }

    /// <summary>The image that whoever needed one first made. Set under the table's lock.</summary>
    internal RowImage<TKey, TRow>? Image
    {
        get => Volatile.Read(ref _image);
        set => Volatile.Write(ref _image, value);
    }

    /// <summary>The rows. May wait while a burst of changes is applied.</summary>
    public RowImage<TKey, TRow> Take() => Image ?? _table!.Take(this);
}
