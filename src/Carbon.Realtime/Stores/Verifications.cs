using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Stores;

/// <summary>Those who wait until all that was committed before their call is shown: a scan that begins later, and the keys it leaves in doubt. On the actor's thread.</summary>
internal sealed class Verifications<TKey>
    where TKey : notnull
{
    private readonly List<Verification> _open = [];

    public void Add(TaskCompletionSource done) => _open.Add(new Verification(done));

    /// <summary>A scan begins: it will hold what was committed before.</summary>
    public void OnScanBegun() => _open.ForEach(static v => v.IsUnderWay = true);

    /// <summary>The scan is over: the keys it left in doubt are read by themselves.</summary>
    public void OnScanned(Doubts<TKey> doubts)
    {
        _open.ForEach(v => v.AwaitSettled(doubts));
        OnSettled(doubts);
    }

    /// <summary>Keys were settled: whoever waited for just these waits no longer.</summary>
    public void OnSettled(Doubts<TKey> doubts) => _open.RemoveAll(v => v.TryEnd(doubts));

    public void Fail(Exception error)
    {
        _open.ForEach(v => v.Fail(error));
        _open.Clear();
    }

    private sealed class Verification(TaskCompletionSource done)
    {
        private List<TKey>? _doubted;

        /// <summary>Whether a scan that began after the call is under way.</summary>
        public bool IsUnderWay { get; set; }

        public void AwaitSettled(Doubts<TKey> doubts) => _doubted ??= IsUnderWay ? [.. doubts.Keys] : null;

        public bool TryEnd(Doubts<TKey> doubts)
        {
            if (_doubted is null)
            {
                return false;
            }

            _doubted.RemoveAll(key => !doubts.Contains(key));
            return _doubted.Count == 0 && (done.TrySetResult() || true);
        }

        public void Fail(Exception error) => done.TrySetException(error);
    }
}
