namespace Carbon.Realtime.Convergence;

/// <summary>Why a key must be read.</summary>
/// <param name="Since">Since when.</param>
/// <param name="Touched">When the stream last said something of it.</param>
/// <param name="Attempts">How many reads did not settle it.</param>
/// <param name="IsUnknown">Whether what it is now has not been seen at all, so that waiting shows something wrong.</param>
/// <param name="Outdated">How many reads in a row brought an older version than the one that is held.</param>
internal readonly record struct Doubt(TimeSpan Since, TimeSpan Touched, int Attempts, bool IsUnknown, int Outdated = 0);

/// <summary>Keys whose rows may be older than the database's, each with the time to read it. Pure state: time is told.</summary>
/// <remarks>
/// A key is read when the stream has said nothing more of it for a while, and after a longer while in any case. One that changes all the time
/// is left to the next full read after some tries (docs/convergence.md, "Doubts").
/// </remarks>
internal sealed class Doubts<TKey>(IEqualityComparer<TKey>? comparer)
    where TKey : notnull
{
    /// <summary>How long the stream must be silent of a key before it is read.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    /// <summary>When a key is read though the stream is not silent of it.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>The same for a key of which nothing current is shown: a change of many columns comes as one event, so that little is gained by waiting.</summary>
    public static readonly TimeSpan QuietUnknown = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc cref="QuietUnknown"/>
    public static readonly TimeSpan LongestUnknown = TimeSpan.FromSeconds(1);

    /// <summary>How many reads a key gets before it is left to the next full one.</summary>
    public const int MaxAttempts = 5;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Dictionary<TKey, Doubt> _doubts = new(comparer);

    public int Count => _doubts.Count;

    public bool Contains(TKey key) => _doubts.Count > 0 && _doubts.ContainsKey(key);

    /// <summary>Since when the oldest doubt stands; <see langword="null"/> if there is none.</summary>
    public TimeSpan? Oldest => _doubts.Count == 0 ? null : _doubts.Values.Min(static d => d.Since);

    /// <summary>When the next key is to be read; <see langword="null"/> if there is none. Looks at all of them.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            Soonest = _doubts.Count == 0 ? TimeSpan.MaxValue : _doubts.Values.Min(Due);
            return _doubts.Count == 0 ? null : Soonest;
        }
    }

    /// <summary>No key is due before this. Costs nothing.</summary>
    public TimeSpan Soonest { get; private set; } = TimeSpan.MaxValue;

    public IEnumerable<TKey> Keys => _doubts.Keys;

    /// <summary>How many reads have not settled a key that is in doubt.</summary>
    public int AttemptsAt(TKey key) => _doubts[key].Attempts;

    /// <summary>How many reads in a row brought an older version of the key than the one that is held; 0 for a key that is not in doubt.</summary>
    public int OutdatedAt(TKey key) => _doubts.Count > 0 && _doubts.TryGetValue(key, out var doubt) ? doubt.Outdated : 0;

    /// <summary>The stream said something of a key that may not be the last word.</summary>
    /// <param name="key">The key.</param>
    /// <param name="now">The time.</param>
    /// <param name="isUnknown">Whether what it is now has not been seen at all.</param>
    /// <param name="attempts">How many reads of late count already.</param>
    /// <param name="isOlder">Whether the stream too brought an older version than the one that is held: then reads that said so count on.</param>
    public void Add(TKey key, TimeSpan now, bool isUnknown, int attempts = 0, bool isOlder = false)
    {
        var doubt = _doubts.TryGetValue(key, out var known)
            ? known with { Touched = now, IsUnknown = known.IsUnknown || isUnknown, Outdated = isOlder ? known.Outdated : 0 }
            : new Doubt(now, now, attempts, isUnknown);
        _doubts[key] = doubt;
        var due = Due(doubt);
        Soonest = due < Soonest ? due : Soonest;
    }

    /// <summary>A read brought something older than what is held: the next one is in no hurry, for it would go to the same replica.</summary>
    public void AddOutdated(TKey key, TimeSpan now, int attempts)
    {
        Add(key, now, isUnknown: false, attempts, isOlder: true);
        _doubts[key] = _doubts[key] with { IsUnknown = false, Outdated = OutdatedAt(key) + 1 };
    }

    /// <summary>A read was no answer for the key.</summary>
    /// <returns>Whether it will be read again; if not, the next full read settles it.</returns>
    public bool Fail(TKey key)
    {
        if (!_doubts.TryGetValue(key, out var doubt))
        {
            return true;
        }

        if (doubt.Attempts + 1 >= MaxAttempts)
        {
            _doubts.Remove(key);
            return false;
        }

        _doubts[key] = doubt with { Attempts = doubt.Attempts + 1 };
        return true;
    }

    /// <summary>The key was read after the last word of the stream about it.</summary>
    /// <returns>How many reads before that did not settle it.</returns>
    public int Settle(TKey key) => _doubts.Remove(key, out var doubt) ? doubt.Attempts : 0;

    /// <summary>Everything was read: settles the keys of which that was the last word.</summary>
    public void SettleAll(Func<TKey, bool> isSettled)
    {
        foreach (var (key, _) in _doubts)
        {
            if (isSettled(key))
            {
                _doubts.Remove(key);
            }
        }
    }

    /// <summary>The keys to read now, the longest due first.</summary>
    public List<TKey> Due(TimeSpan now, int most) =>
        [.. _doubts.Where(d => Due(d.Value) <= now).OrderBy(static d => Due(d.Value)).Take(most).Select(static d => d.Key)];

    public void Clear() => _doubts.Clear();

    private static TimeSpan Due(Doubt doubt)
    {
        var (quiet, longest) = doubt.IsUnknown ? (QuietUnknown, LongestUnknown) : (Quiet, Longest);
        var factor = 1 << Math.Min(doubt.Attempts, 10);
        var due = doubt.Touched + (quiet * factor);
        var latest = doubt.Since + (longest * factor);
        due = due < latest ? due : latest;
        return due < doubt.Touched + LongestPause ? due : doubt.Touched + LongestPause;
    }
}
