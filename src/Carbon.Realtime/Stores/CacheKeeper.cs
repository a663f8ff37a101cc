using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Stores;

/// <summary>One identity's place in the cache: loaded at the start, kept up with what changes. On the actor's thread, but for the cache's own work.</summary>
/// <remarks>
/// Rows and the time they are of are saved together, after everything was read once, so that what a later start finds is a state that the
/// store was in. A cache that fails costs its help and nothing else.
/// </remarks>
internal sealed class CacheKeeper<TKey, TRow>(StoreActor<TKey, TRow> actor, StoreContext<TKey, TRow> context)
    where TKey : notnull
{
    /// <summary>So many changes are saved at once, without waiting for more.</summary>
    private const int ManyChanges = 1000;

    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(2);

    /// <summary>A cache that takes longer is not waited for.</summary>
    private static readonly TimeSpan LoadTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How often it is looked whether what must go is gone, so that rows may be saved again.</summary>
    private static readonly TimeSpan RemovalPause = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private readonly IStoreCache? _cache = context.Options.IsCached && actor.Identity.IsKnown ? context.Cache : null;
    private readonly CacheReport _report = new(context.Logger, context.Name, actor.Measured);
    private readonly CacheFormat<TKey, TRow> _format = new(context.Table.Definition);
    private readonly HashSet<TKey> _dirty = new(context.Table.Definition.Key.Comparer);
    private readonly TaskCompletionSource _flushed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Each try costs the writing of all rows.</summary>
    private readonly Backoff _saves = new(TimeSpan.FromSeconds(30), TimeSpan.FromHours(1), TimeSpan.Zero, context.Environment.Randomizer);

    private IDisposable? _claim;
    private StoreCacheKey? _key;
    private DateTimeOffset? _savedAsOf;
    private bool _replaces = true;
    private bool _isBusy;
    private bool _hasGivenUp;
    private bool _isHydrating;
    private ITimer? _late;
    private Task<Exception?> _operation = Task.FromResult<Exception?>(null);

    /// <summary>What the last removal waits for.</summary>
    private Task? _removedBehind;
    private RemovalWatch? _watch;

    /// <summary>Whether rows may still come out of the cache.</summary>
    public bool IsLoading { get; private set; }

    /// <summary>Completes when nothing more is written, or that has taken so long that nobody should wait for it.</summary>
    public Task Flushed => _cache is null ? Task.CompletedTask : _flushed.Task;

    /// <summary>Completes when nothing more is written, however long the cache takes.</summary>
    public Task Ended => _cache is null ? Task.CompletedTask : _ended.Task;

    /// <summary>Whether rows are saved at all: not while another store of the same rows does it, or its last save is under way.</summary>
    private bool IsWritable => _cache is not null && !_hasGivenUp && (_claim ??= context.Claims.Take(Key, context)) is not null;

    /// <summary>Whether what must go is still there: it is not loaded, and nothing is saved before it is gone.</summary>
    private bool IsOwed => context.Removals?.IsOwed(Key) == true;

    private StoreCacheKey Key => _key ??= new StoreCacheKey
    {
        Project = context.Project,
        Subject = actor.Identity.Subject,
        Role = actor.Identity.Role,
        Tenant = actor.Identity.Tenant,
        Table = context.TableName,
        Query = $"{context.Table.Filter}\n{context.Options.Select}",
        Shape = _format.Shape,
    };

    /// <summary>Reads what was kept.</summary>
    /// <param name="ready">Completes when nobody writes into the cache any more who did before: what is read must not be older than that.</param>
    public void Load(Task ready)
    {
        if (_cache is null)
        {
            return;
        }

        IsLoading = true;
        _claim = context.Claims.Take(Key, context);
        _watch = context.Removals?.Watch(Key);
        actor.Rules.BeginHydration();
        actor.Alarms.Set(Alarm.Save, LoadTimeout, () => OnLoaded([], null, _report.LoadTimedOut));
        _ = context.Environment.Scheduler.Start(() => LoadAsync(ready));
    }

    /// <summary>A key's row is another one.</summary>
    public void Note(TKey key)
    {
        if (_cache is not null && !_isHydrating && (!_replaces || IsLoading) && _dirty.Add(key) && _dirty.Count == ManyChanges)
        {
            OnChanged();
        }
    }

    /// <summary>Something may be worth saving.</summary>
    public void OnChanged()
    {
        if (_isBusy || IsLoading || !actor.Scans.WasRead || !IsWritable || (_dirty.Count == 0 && !_replaces && _savedAsOf == actor.Scans.AsOf))
        {
            return;
        }

        if (_dirty.Count >= ManyChanges || !actor.Alarms.IsSet(Alarm.Save))
        {
            actor.Alarms.Set(Alarm.Save, _dirty.Count >= ManyChanges ? TimeSpan.Zero : Delay, Save);
        }
    }

    /// <summary>The rows may not be seen by this user any more.</summary>
    public void Remove()
    {
        if (_cache is null)
        {
            return;
        }

        _dirty.Clear();
        _replaces = true;
        // Behind whatever is being written, however long that takes; once is enough.
        if (!IsOwed || (_isBusy && _removedBehind != _operation))
        {
            _removedBehind = _operation;
            context.Removals!.OfKey(Key, _operation);
        }
    }

    /// <summary>Nothing is loaded or changed any more: what was not saved yet is, if it is to be kept at all.</summary>
    public void Flush(bool keep)
    {
        // A cache that does not answer must not keep the program from ending.
        _late = context.Environment.TimeProvider.CreateTimer(_ => _flushed.TrySetResult(), null, FlushTimeout, Timeout.InfiniteTimeSpan);
        _stopping.CancelQuietly();
        _watch?.Dispose();
        var last = keep ? Take() : null;
        var before = _operation;
        _ = context.Environment.Scheduler.Start(async () =>
        {
            var failure = await before;

            // Nobody waits for it any more: who used the place next may have loaded it by now, and would not know of what is written after.
            if (last is not null && !_flushed.Task.IsCompleted)
            {
                // Who knows what is in there after a failure.
                _ = await SaveAsync(failure is null ? last : last with { Keys = null });
            }

            _claim?.Dispose();
            _ended.SetResult();
            _flushed.TrySetResult();
            _late.Dispose();
        });
    }

    private async Task LoadAsync(Task ready)
    {
        await ready;
        List<KeyValuePair<TKey, TRow>> rows = [];
        StoreCacheHeader? header = null;
        Action? report = null;
        try
        {
            if (IsOwed)
            {
                context.Removals!.Hurry(Key);
            }
            else
            {
                header = await _cache!.LoadAsync(Key, row => rows.Add(_format.Decode(row)), _stopping.Token);
            }
        }
#pragma warning disable CA1031 // The cache is other people's code, and what is in it may be anything.
        catch (Exception e)
#pragma warning restore CA1031
        {
            report = () => _report.NotLoaded(e);
        }

        actor.Post(() => OnLoaded(rows, header, report));
    }

    /// <param name="rows">What came.</param>
    /// <param name="header">What is known of it; <see langword="null"/> for nothing.</param>
    /// <param name="report">Says why nothing came; <see langword="null"/> where that is no failure.</param>
    private void OnLoaded(List<KeyValuePair<TKey, TRow>> rows, StoreCacheHeader? header, Action? report)
    {
        if (!IsLoading)
        {
            return;
        }

        // The right may have gone while they were read; by another store's word, all that was to be removed then may be removed by now.
        var isThere = header is not null && !IsOwed && _watch?.HasBegun != true;
        _watch?.Dispose();
        report ??= () => _report.Loaded(isThere ? rows.Count : null);
        report();
        IsLoading = false;
        actor.Alarms.Clear(Alarm.Save);
        _isHydrating = true; // what comes out of the cache need not go back
        actor.Rules.EndHydration(isThere ? rows : [], key => _dirty.Add(key));
        _isHydrating = false;
        if (isThere)
        {
            _replaces = !IsWritable;
            actor.Scans.AsOf ??= header!.AsOf;
            actor.IsShown = true;
        }
        else
        {
            _dirty.Clear();
        }

        actor.Scans.Resume();
    }

    private void Save()
    {
        // The end of a scan asks again.
        if (_isBusy || actor.Scans.IsRunning)
        {
            return;
        }

        if (IsOwed)
        {
            actor.Alarms.Set(Alarm.Save, RemovalPause, Save);
            return;
        }

        if (Take() is not { } changes)
        {
            return;
        }

        Run(() => SaveAsync(changes), failure =>
        {
            if (failure is null)
            {
                _saves.Reset();
                _savedAsOf = changes.AsOf;
                OnChanged();
            }
            else
            {
                OnNotSaved(failure, wasWhole: changes.Keys is null);
            }
        });
    }

    /// <summary>Whether nothing that this program does, or waits for, makes the failure of a whole save another one.</summary>
    private static bool IsHopeless(Exception failure) => failure is StoreCacheException { Fault: StoreCacheFault.Newer or StoreCacheFault.ReadOnly };

    private void OnNotSaved(Exception failure, bool wasWhole)
    {
        // Who knows what is in there.
        _replaces = true;
        _dirty.Clear();
        if (!wasWhole)
        {
            // It may be that the cache had thrown away what the change was to be applied to.
            actor.Alarms.Set(Alarm.Save, Delay, Save);
        }
        else if (IsHopeless(failure))
        {
            _hasGivenUp = true;
        }
        else
        {
            actor.Alarms.Set(Alarm.Save, _saves.Next(spreadOut: false), Save);
        }
    }

    /// <summary>What is to be saved; <see langword="null"/> for nothing.</summary>
    private Unsaved? Take()
    {
        if (IsLoading || IsOwed || !IsWritable || !actor.IsShown || !actor.Scans.WasRead || actor.Scans.AsOf is not { } asOf
            || (!_replaces && _dirty.Count == 0 && _savedAsOf == asOf))
        {
            return null;
        }

        var unsaved = new Unsaved(actor.Rules.Rows.Publish(), _replaces ? null : [.. _dirty], asOf);
        _dirty.Clear();
        _replaces = false;
        return unsaved;
    }

    /// <returns>Why it failed.</returns>
    private async Task<Exception?> SaveAsync(Unsaved unsaved)
    {
        try
        {
            List<StoreCacheRow> upserts = [];
            List<string> removes = [];
            foreach (var key in unsaved.Keys ?? unsaved.Rows.Keys)
            {
                if (unsaved.Rows.TryGet(key, out var row))
                {
                    upserts.Add(new StoreCacheRow(_format.TextOf(key), _format.Encode(row)));
                }
                else
                {
                    removes.Add(_format.TextOf(key));
                }
            }

            if (IsOwed)
            {
                // Another store of the same key learned it meanwhile. What is saved now goes with what must, or outlasts it.
                return new OperationCanceledException("What is kept has to go before anything is saved.");
            }

            var changes = new StoreCacheChanges { ReplacesAll = unsaved.Keys is null, AsOf = unsaved.AsOf, Upserts = upserts, Removes = removes };
            await _cache!.SaveAsync(Key, changes, CancellationToken.None);
            _report.Saved();
            return null;
        }
#pragma warning disable CA1031 // The cache is other people's code, and so are the rows' converters.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (unsaved.Keys is null && IsHopeless(e))
            {
                _report.GivenUp(e);
            }
            else
            {
                _report.NotSaved(e);
            }

            return e;
        }
    }

    /// <summary>One thing at a time.</summary>
    private void Run(Func<Task<Exception?>> operation, Action<Exception?> then)
    {
        _isBusy = true;
        var done = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _operation = done.Task;
        _ = context.Environment.Scheduler.Start(async () =>
        {
            var failure = await operation();
            done.SetResult(failure);
            actor.Post(() =>
            {
                _isBusy = false;
                then(failure);
            });
        });
    }

    /// <summary>What is to be saved.</summary>
    /// <param name="Rows">All rows.</param>
    /// <param name="Keys">Which of them are new, different or gone; <see langword="null"/> for all, instead of what was kept before.</param>
    /// <param name="AsOf">What they are of.</param>
    private sealed record Unsaved(RowImage<TKey, TRow> Rows, List<TKey>? Keys, DateTimeOffset AsOf);
}
