namespace Carbon.Realtime.Snapshots;

/// <summary>How many rows to ask for: fewer after a time-out, more again slowly, and no more than the server gives.</summary>
internal sealed class PageSize(SnapshotLimits limits)
{
    /// <summary>As many full pages in a row make the next one larger: a size that timed out is not tried again at once.</summary>
    private const int FullPagesToGrow = 8;

    private const int Smallest = 1;

    private int _full;
    private int? _suspected;
    private int _cap = int.MaxValue;

    public int Current { get; private set; } = limits.PageRows;

    /// <summary>A scan begins: the server's limit may have been raised since the last one.</summary>
    public void Begin()
    {
        _suspected = null;
        _cap = int.MaxValue;
    }

    /// <summary>A page came. Fewer rows than asked for are either the last ones or all that the server gives: the next page tells.</summary>
    public void OnPage(int asked, int rows)
    {
        if (rows > 0 && _suspected is { } suspected)
        {
            _cap = Math.Min(_cap, suspected);
        }

        _suspected = rows < asked ? rows : null;
        _full = rows < asked ? 0 : _full + 1;
        if (_full >= FullPagesToGrow)
        {
            _full = 0;
            Current = Math.Min(Current * 2, limits.MaxPageRows);
        }

        Current = Math.Clamp(Current, Smallest, _cap);
    }

    /// <summary>It took too long, or was too large.</summary>
    /// <returns>Whether fewer rows can be asked for.</returns>
    public bool TryShrink()
    {
        _full = 0;
        if (Current == Smallest)
        {
            return false;
        }

        Current = Math.Max(Smallest, Current / 2);
        return true;
    }
}
