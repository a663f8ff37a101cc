using System.Collections.Immutable;
using System.Reactive.Disposables;

namespace Carbon.Realtime.Stores.Views;

/// <summary>Gathers a store's changes, works out on the scheduler what they do to a sorted list, and has the interface's thread do it.</summary>
/// <remarks>
/// <para>
/// What is gathered is which keys are other ones, not what happened to them: however long the interface's thread is busy, the next batch is the
/// difference between what it shows and what is. From the first change of a batch until it was applied no other one is begun, so that
/// <see cref="_shown"/> has one user at a time, and a handler that pumps messages finds no batch to run into.
/// </para>
/// <para>The lock guards what is gathered; no code of others runs under it.</para>
/// </remarks>
internal sealed class StoreBinding<TKey, TRow> : IObserver<StoreChangeSet<TKey, TRow>>, IDisposable
    where TKey : notnull
{
    /// <summary>So many keys are gathered, or a quarter of the rows; where more change, all rows are looked at.</summary>
    private const int ManyKeys = 1024;

    private readonly Lock _gate = new();
    private readonly StoreView<TKey, TRow> _view;
    private readonly BoundCollection<TRow> _collection;
    private readonly SynchronizationContext _context;
    private readonly StoreBindingOptions _options;
    private readonly SingleAssignmentDisposable _source = new();
    private readonly ITimer _timer;

    /// <summary>What the collection has, or will have when the batch that is under way was applied.</summary>
    private readonly SortedRows<TKey, TRow> _shown;

    private readonly StoreSnapshot<TKey, TRow> _first;
    private StoreStatus _shownStatus;
    private HashSet<TKey> _changed;
    private StoreSnapshot<TKey, TRow>? _latest;
    private bool _isReset;
    private bool _isUnderWay;
    private bool _hasEnded;

    private StoreBinding(
        StoreView<TKey, TRow> view, BoundCollection<TRow> collection, SortedRows<TKey, TRow> shown, StoreSnapshot<TKey, TRow> first,
        SynchronizationContext context, StoreBindingOptions options)
    {
        _first = first;
        _view = view;
        _collection = collection;
        _context = context;
        _options = options;
        _shown = shown;
        _shownStatus = collection.Status;
        _changed = new(view.KeyComparer);
        var scheduler = view.Environment.Scheduler;
        _timer = view.Environment.TimeProvider.CreateTimer(_ => scheduler.Post(Flush), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A collection that has the rows of this moment at once: nobody listens to it yet.</summary>
    /// <remarks>So they are filtered and sorted here, on whatever thread this is; from then on that is the scheduler's.</remarks>
    public static BoundCollection<TRow> Bind(StoreView<TKey, TRow> view, SynchronizationContext context, StoreBindingOptions options)
    {
        var shown = view.NewRows();
        var rows = new BoundRows<TRow>();
        var current = view.Store.Current;
        Exception? thrown = null;
        try
        {
            shown.Reset(current);
            rows.Fill(Finished(shown));
        }
#pragma warning disable CA1031 // Predicate and comparison are other people's code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            thrown = e;
        }

        var collection = new BoundCollection<TRow>(rows, thrown is null ? current.Status : FaultedBy(thrown));
        var binding = new StoreBinding<TKey, TRow>(view, collection, shown, current, context, options);
        collection.OwnedBy(binding);
        if (thrown is null)
        {
            binding._source.Disposable = view.Store.Changes.Subscribe(binding);
        }
        else
        {
            binding.End();
            ViewsLog.ViewThrew(view.Logger, view.Store.Table, thrown.GetType().Name);
        }

        return collection;
    }

    public void Dispose() => End();

    void IObserver<StoreChangeSet<TKey, TRow>>.OnNext(StoreChangeSet<TKey, TRow> value)
    {
        lock (_gate)
        {
            // The subscription's first reset is shown already, unless the store has changed in between.
            if (_hasEnded || value.Snapshot == _first)
            {
                return;
            }

            _latest = value.Snapshot;
            Gather(value);
            Begin();
        }
    }

    void IObserver<StoreChangeSet<TKey, TRow>>.OnError(Exception error) => Fail(error);

    void IObserver<StoreChangeSet<TKey, TRow>>.OnCompleted()
    {
        // What was gathered before the end is still shown.
    }

    private static StoreStatus FaultedBy(Exception e) => new()
    {
        State = StoreState.Faulted,
        Reason = StoreReason.Configuration,
        Error = e as RealtimeException ?? new RealtimeException(
            RealtimeErrorReason.TableMisconfigured, $"The filter or order of a list threw {e.GetType().Name}: the list is not updated any more.",
            isTransient: false, innerException: e),
    };

    private void Gather(StoreChangeSet<TKey, TRow> set)
    {
        _isReset |= set.IsReset;
        if (!_isReset)
        {
            foreach (var change in set.Changes)
            {
                _changed.Add(change.Key);
            }

            _isReset = _changed.Count > Math.Max(ManyKeys, set.Snapshot.Count / 4);
        }

        if (_isReset && _changed.Count > 0)
        {
            _changed = new(_view.KeyComparer);
        }
    }

    /// <summary>Begins a batch, if none is under way and there is anything for one. Under the lock.</summary>
    private void Begin()
    {
        if (!_isUnderWay && _latest is not null && !_hasEnded)
        {
            _isUnderWay = true;
            _timer.Change(_options.BatchWindow, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>On the scheduler.</summary>
    private void Flush()
    {
        StoreSnapshot<TKey, TRow> latest;
        HashSet<TKey> changed;
        bool isReset;
        lock (_gate)
        {
            if (_hasEnded || _latest is null)
            {
                return;
            }

            (latest, changed, isReset) = (_latest, _changed, _isReset);
            (_latest, _isReset) = (null, false);
            _changed = new(_view.KeyComparer);
        }

        BoundBatch<TRow> batch;
        try
        {
            batch = Difference(latest, isReset ? null : changed);
        }
#pragma warning disable CA1031 // Predicate and comparison are other people's code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            ViewsLog.ViewThrew(_view.Logger, _view.Store.Table, e.GetType().Name);
            Fail(e);
            return;
        }

        if (batch.ChangesRows || !_shownStatus.SaysTheSameAs(batch.Status))
        {
            _shownStatus = batch.Status;
            Post(batch, OnApplied);
        }
        else
        {
            OnApplied();
        }
    }

    /// <param name="latest">What is to be shown.</param>
    /// <param name="changed">Which keys may be other ones; <see langword="null"/> for all.</param>
    private BoundBatch<TRow> Difference(StoreSnapshot<TKey, TRow> latest, HashSet<TKey>? changed)
    {
        if (changed is null)
        {
            return new(_shown.Reset(latest) ? Finished(_shown) : null, [], latest.Status);
        }

        var changes = ImmutableArray.CreateBuilder<StoreViewChange<TRow>>();
        foreach (var key in changed)
        {
            var exists = latest.TryGetValue(key, out var row);
            _shown.Apply(key, exists, row, changes);
        }

        return changes.Count > _options.ResetThreshold ? new(Finished(_shown), [], latest.Status) : new(null, changes.DrainToImmutable(), latest.Status);
    }

    /// <summary>All rows in an array: the interface's thread copies them and walks no tree.</summary>
    private static TRow[] Finished(SortedRows<TKey, TRow> shown) => [.. shown.Publish()];

    private void Post(BoundBatch<TRow> batch, Action then)
    {
        try
        {
            _context.Post(
                _ =>
                {
                    try
                    {
                        _collection.Apply(batch);
                    }
                    finally
                    {
                        then();
                    }
                },
                null);
        }
#pragma warning disable CA1031 // The context is other people's code; one whose window is gone may refuse.
        catch (Exception e)
#pragma warning restore CA1031
        {
            End();
            ViewsLog.ContextGone(_view.Logger, _view.Store.Table, e.GetType().Name);
        }
    }

    private void OnApplied()
    {
        lock (_gate)
        {
            _isUnderWay = false;
            Begin();
        }
    }

    /// <summary>The rows stay, and the status says that they are not what they should be.</summary>
    private void Fail(Exception error)
    {
        if (End())
        {
            Post(new BoundBatch<TRow>(null, [], FaultedBy(error)), static () => { });
        }
    }

    private bool End()
    {
        lock (_gate)
        {
            if (_hasEnded)
            {
                return false;
            }

            _hasEnded = true;
            _latest = null;
            _changed.Clear();
        }

        _source.Dispose();
        _timer.Dispose();
        return true;
    }
}
