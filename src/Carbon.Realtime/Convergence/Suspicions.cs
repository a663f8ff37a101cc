namespace Carbon.Realtime.Convergence;

/// <summary>What to do about a stream that loses changes.</summary>
internal enum StreamCure
{
    None,

    /// <summary>Join the channel again: cures a subscription that the server forgot.</summary>
    Rejoin,

    /// <summary>Open another socket.</summary>
    Reconnect,

    /// <summary>Neither helped: rely on reads.</summary>
    Poll,
}

/// <summary>What reads put right, until it is clear whether the change was lost or only late; and what follows. Pure state: time is told.</summary>
/// <remarks>A repair is the only proof there is that the stream lost something (docs/convergence.md, "Suspicions").</remarks>
internal sealed class Suspicions<TKey>(IEqualityComparer<TKey>? comparer)
    where TKey : notnull
{
    /// <summary>An event that comes later than this after the read was lost.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>So soon after an ok the server may not capture changes yet; joining again would not help.</summary>
    public static readonly TimeSpan Suspicious = TimeSpan.FromSeconds(90);

    /// <summary>So many passes without a loss make a stream good again.</summary>
    private const int CleanPasses = 3;

    /// <summary>More are not remembered: one is enough.</summary>
    private const int MostRemembered = 1000;

    private readonly Dictionary<TKey, (TimeSpan At, RepairKind Kind, bool IsProof)> _repaired = new(comparer);
    private int _strikes;
    private int _clean;

    /// <summary>When the oldest repair is clear; <see langword="null"/> if there is none.</summary>
    public TimeSpan? NextDue => _repaired.Count == 0 ? null : _repaired.Values.Min(static r => r.At) + Grace;

    public bool IsLossy => _strikes > 2;

    /// <summary>A read put a row right.</summary>
    /// <param name="key">Which.</param>
    /// <param name="kind">How.</param>
    /// <param name="isProof">Whether only a loss explains it. A row that left the filter, or a joined table's column, comes without a word.</param>
    /// <param name="now">The time.</param>
    public void OnRepair(TKey key, RepairKind kind, bool isProof, TimeSpan now)
    {
        if (_repaired.Count < MostRemembered)
        {
            _repaired.TryAdd(key, (now, kind, isProof));
        }
    }

    /// <summary>The stream said something of a key: it was only late.</summary>
    public void OnEvent(TKey key)
    {
        if (_repaired.Count > 0)
        {
            _repaired.Remove(key);
        }
    }

    /// <summary>Counts what is clear now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="epochAge">How long ago the server said ok.</param>
    /// <param name="onClear">Told each repair that is one.</param>
    /// <returns>How many changes were lost for certain, and what to do about it.</returns>
    public (int Lost, StreamCure Cure) Look(TimeSpan now, TimeSpan epochAge, Action<RepairKind> onClear)
    {
        var lost = 0;
        foreach (var (key, repair) in _repaired)
        {
            if (now - repair.At >= Grace)
            {
                _repaired.Remove(key);
                lost += repair.IsProof ? 1 : 0;
                onClear(repair.Kind);
            }
        }

        if (lost == 0)
        {
            return (0, StreamCure.None);
        }

        _clean = 0;
        if (epochAge < Suspicious)
        {
            return (lost, StreamCure.None);
        }

        _strikes++;
        return (lost, _strikes switch
        {
            1 => StreamCure.Rejoin,
            2 => StreamCure.Reconnect,
            _ => StreamCure.Poll,
        });
    }

    /// <summary>Everything was read.</summary>
    public void OnPass()
    {
        if (_repaired.Count == 0 && ++_clean >= CleanPasses)
        {
            _strikes = 0;
        }
    }

    /// <summary>Another epoch: what was repaired in the last one says nothing of this one.</summary>
    public void OnEpoch() => _repaired.Clear();
}
