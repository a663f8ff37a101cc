using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Stores;

/// <summary>Those who wait until all that was committed before their call is shown: a scan that begins later, and the keys it leaves in doubt. On the actor's thread.</summary>
/// <remarks>Nobody is told before <see cref="Tell"/>: who waited for rows must find them shown.</remarks>
internal sealed class Verifications<TKey>
    where TKey : notnull
{
    private readonly List<Verification> _open = [];
    private readonly List<Action> _ended = [];

    /// <summary>Whether the scan that runs is wanted, whatever epoch it verifies.</summary>
    public bool AnyUnderWay => _open.Exists(static v => v.IsUnderWay && v.Doubted is null);

    /// <summary>Whether there are some whose scan has yet to begin.</summary>
    public bool AnyWaiting => _open.Exists(static v => !v.IsUnderWay);

    public void Add(TaskCompletionSource done) => _open.Add(new Verification(done));

    /// <summary>Adds one who waits for a key alone, which is in doubt.</summary>
    public void Add(TKey key, TaskCompletionSource done) => _open.Add(new Verification(done) { IsUnderWay = true, IsOfOneKey = true, Doubted = [key] });

    /// <summary>A scan begins: it will hold what was committed before.</summary>
    public void OnScanBegun() => _open.ForEach(static v => v.IsUnderWay = true);

    /// <summary>The scan is over: the keys it left in doubt are read by themselves.</summary>
    public void OnScanned(Doubts<TKey> doubts)
    {
        foreach (var verification in _open.Where(static v => v.IsUnderWay))
        {
            verification.Doubted ??= [.. doubts.Keys];
        }

        OnSettled(doubts);
    }

    /// <summary>Keys were settled: whoever waited for just these waits no longer.</summary>
    public void OnSettled(Doubts<TKey> doubts) => End(v => v.IsSettled(doubts), static done => done.TrySetResult());

    /// <summary>The scan failed; who came after its beginning waits for the next one.</summary>
    /// <param name="error">Why.</param>
    /// <param name="isPurged">Whether the rows are gone: then nobody waits for single keys any more either.</param>
    public void OnScanFailed(Exception error, bool isPurged) =>
        End(v => v.IsUnderWay && (isPurged || v.Doubted is null), done => done.TrySetException(error));

    /// <summary>Keys were given up, and are left to the next scan: so are those who wait for them.</summary>
    /// <returns>Whether there are any.</returns>
    public bool OnLeft(Doubts<TKey> doubts)
    {
        var left = _open.FindAll(v => v.Doubted?.Exists(key => !doubts.Contains(key)) == true);
        left.ForEach(static v => (v.IsUnderWay, v.IsOfOneKey, v.Doubted) = (false, false, null));
        return left.Count > 0;
    }

    /// <summary>Keys could not be read: who waits for one alone hears it; who waits for all waits for the next try.</summary>
    public void OnAskingFailed(Exception error) => End(static v => v.IsOfOneKey, done => done.TrySetException(error));

    /// <summary>No scan comes any more.</summary>
    public void OnStopped(Exception error)
    {
        End(static _ => true, done => done.TrySetException(error));
        Tell();
    }

    /// <summary>Tells those whose wait is over: what they waited for is shown.</summary>
    public void Tell()
    {
        if (_ended.Count > 0)
        {
            _ended.ForEach(static tell => tell());
            _ended.Clear();
        }
    }

    private void End(Predicate<Verification> which, Action<TaskCompletionSource> how) => _open.RemoveAll(v =>
    {
        var isOver = which(v);
        if (isOver)
        {
            _ended.Add(() => how(v.Done));
        }

        return isOver;
    });

    private sealed class Verification(TaskCompletionSource done)
    {
        public TaskCompletionSource Done => done;

        /// <summary>Whether a scan that began after the call is under way, or over.</summary>
        public bool IsUnderWay { get; set; }

        public bool IsOfOneKey { get; set; }

        /// <summary>The keys that the scan left in doubt; <see langword="null"/> before it is over.</summary>
        public List<TKey>? Doubted { get; set; }

        public bool IsSettled(Doubts<TKey> doubts)
        {
            Doubted?.RemoveAll(key => !doubts.Contains(key));
            return Doubted?.Count == 0;
        }
    }
}
