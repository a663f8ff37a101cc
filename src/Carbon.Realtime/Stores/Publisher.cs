using System.Collections.Immutable;
using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Stores;

/// <summary>What an actor shows.</summary>
/// <param name="Rows">All rows.</param>
/// <param name="Status">How true they are.</param>
/// <param name="IsReset">Whether <paramref name="Changes"/> do not lead here.</param>
/// <param name="Changes">How the rows came from the last ones.</param>
internal readonly record struct StorePublication<TKey, TRow>(
    LazyImage<TKey, TRow> Rows, StoreStatus Status, bool IsReset, ImmutableArray<StoreChange<TKey, TRow>> Changes)
    where TKey : notnull;

/// <summary>Gathers what becomes of rows, and shows it when there is a pause, if it is another thing than before. On the actor's thread.</summary>
/// <param name="actor">Whose rows.</param>
/// <param name="judge">Compares rows.</param>
/// <param name="publish">Given what is to be shown, in order.</param>
/// <param name="isWatched">Whether anybody wants changes one by one.</param>
internal sealed class Publisher<TKey, TRow>(
    StoreActor<TKey, TRow> actor, RowJudge<TRow> judge, Action<StorePublication<TKey, TRow>> publish, Func<bool> isWatched) : IRowLog<TKey, TRow>
    where TKey : notnull
{
    private readonly ImmutableArray<StoreChange<TKey, TRow>>.Builder _changes = ImmutableArray.CreateBuilder<StoreChange<TKey, TRow>>();
    private bool? _isRecording;
    private bool _hasChanged;
    private bool _wasShown;
    private StoreStatus? _status;
    private DateTimeOffset? _lastEventAt;
    private TimeSpan? _lag;

    /// <summary>Whether rows are shown: all of the cache, or all of the database.</summary>
    public bool IsShown { get; set; }

    /// <summary>Whether this publication's changes are told one by one. A subscriber that comes in the middle gets everything anew.</summary>
    public bool IsRecording => _isRecording ??= isWatched();

    /// <summary>Events were applied.</summary>
    /// <param name="now">The time.</param>
    /// <param name="committedAt">When the last of them was committed, by the server's clock.</param>
    public void OnEvents(DateTimeOffset now, DateTimeOffset? committedAt)
    {
        _lastEventAt = now;
        if (committedAt is { } committed)
        {
            _lag = now > committed ? now - committed : TimeSpan.Zero;
        }
    }

    /// <summary>What was gathered may lack something: everything is told anew.</summary>
    public void Reset()
    {
        _hasChanged = true;
        _isRecording = false;
    }

    /// <summary>Shows what there is now, if it is another thing than before.</summary>
    public void Publish()
    {
        actor.Measured.Now(IsShown ? actor.Rules.Rows.Count : 0, actor.Rules.Doubts.Count, actor.Scans.AsOf);
        var status = StatusNow();
        var isReset = IsShown != _wasShown;
        if (!_hasChanged && !isReset && _status?.SaysTheSameAs(status) == true)
        {
            _isRecording = null;
            return;
        }

        // Before everything is there, nothing is shown: a half list looks like a whole one.
        var hasChanged = _hasChanged && IsShown;
        var rows = IsShown ? actor.Rules.Rows.Lend() : LazyImage<TKey, TRow>.Empty;
        var changes = hasChanged && !isReset && IsRecording ? _changes.DrainToImmutable() : [];
        isReset |= hasChanged && !IsRecording;
        _changes.Clear();
        _isRecording = null;
        _hasChanged = false;
        _wasShown = IsShown;
        _status = status;
        publish(new StorePublication<TKey, TRow>(rows, status, isReset, changes));
        if (hasChanged)
        {
            actor.Keeper.OnChanged();
        }
    }

    void IRowLog<TKey, TRow>.Added(TKey key, TRow row) => Log(new(StoreChangeKind.Added, key, row, default));

    void IRowLog<TKey, TRow>.Updated(TKey key, TRow row, TRow before)
    {
        // What a read has brought before is no change to tell of. Where nobody is told, comparing costs more than all the rest.
        if (!IsRecording || !judge.AreEqual(row, before))
        {
            Log(new(StoreChangeKind.Updated, key, row, before));
        }
    }

    void IRowLog<TKey, TRow>.Removed(TKey key, TRow before) => Log(new(StoreChangeKind.Removed, key, default, before));

    private void Log(in StoreChange<TKey, TRow> change)
    {
        _hasChanged = true;
        if (IsRecording)
        {
            _changes.Add(change);
        }

        actor.Keeper.Note(change.Key);
    }

    private StoreStatus StatusNow()
    {
        var (scans, epochs, doubts) = (actor.Scans, actor.Epochs, actor.Rules.Doubts.Count);
        var (state, reason) = StatusRules.Of(new StoreFacts
        {
            IsShown = IsShown,
            WasRead = scans.WasRead,
            IsEpoch = epochs.IsOpen,
            IsVerified = scans.VerifiedEpoch == epochs.Current,
            IsDoubtful = actor.Asking.IsLate,
            IsLossy = actor.Repairs.IsLossy,
            IsUnreadable = scans.IsFailingForLong,
            HasOverflowed = epochs.HasOverflowed,
            IsOffline = epochs.IsOffline,
            IsPolled = epochs.IsPolled,
            ReadError = actor.ReadError,
            FeedError = epochs.Error,
        });
        var (read, total) = scans.Progress;
        return new StoreStatus
        {
            State = state,
            Reason = reason,
            AsOf = scans.AsOf,
            LastEventAt = _lastEventAt,
            Lag = _lag,
            Unverified = doubts,
            RowsRead = read,
            RowsTotal = total,
            Error = actor.ReadError ?? epochs.Error,
            NextRetry = scans.NextRetry ?? epochs.NextRetry,
        };
    }
}
