using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Carbon.Realtime.Stores.Views;

/// <summary>What a list shows of a store. Every subscription and every bound collection keeps rows of its own: one that is slow or throws touches no other.</summary>
internal sealed class StoreView<TKey, TRow> : IStoreView<TRow>
    where TKey : notnull
{
    private readonly Func<TRow, bool>? _predicate;
    private readonly Comparison<TRow>? _comparison;
    private readonly IViewedStore<TKey, TRow>? _ours;
    private Made? _made;

    public StoreView(ILiveStore<TKey, TRow> store, Func<TRow, bool>? predicate, Comparison<TRow>? comparison)
    {
        Store = store;
        _ours = store as IViewedStore<TKey, TRow>;
        _predicate = predicate;
        _comparison = comparison;
        Changes = new ChangesObservable(this);
    }

    public ILiveStore<TKey, TRow> Store { get; }

    public RealtimeEnvironment Environment => _ours?.Environment ?? RealtimeEnvironment.Default;

    public IEqualityComparer<TKey>? KeyComparer => _ours?.KeyComparer;

    public ILogger Logger => _ours?.Logger ?? NullLogger.Instance;

    public IObservable<StoreViewChangeSet<TRow>> Changes { get; }

    public StoreViewSnapshot<TRow> Current
    {
        get
        {
            var source = Store.Current;
            if (Volatile.Read(ref _made) is { } made && made.Source == source)
            {
                return made.View;
            }

            var rows = NewRows();
            rows.Reset(source);
            return Make(source, rows);
        }
    }

    public IStoreView<TRow> Where(Func<TRow, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return new StoreView<TKey, TRow>(Store, _predicate is { } first ? row => first(row) && predicate(row) : predicate, _comparison);
    }

    public IStoreView<TRow> OrderBy(Comparison<TRow> comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        return new StoreView<TKey, TRow>(Store, _predicate, comparison);
    }

    public BoundCollection<TRow> BindTo(SynchronizationContext context) => BindTo(context, StoreBindingOptions.Default);

    public BoundCollection<TRow> BindTo(SynchronizationContext context, StoreBindingOptions options)
    {
        if (context is null)
        {
            throw new ArgumentNullException(nameof(context), "A bound collection needs the user interface's SynchronizationContext: call BindTo on its thread.");
        }

        ArgumentNullException.ThrowIfNull(options);
        StoreBindingOptions.Check(options);
        return StoreBinding<TKey, TRow>.Bind(this, context, options);
    }

    public SortedRows<TKey, TRow> NewRows() => new(_predicate, _comparison, KeyComparer);

    /// <summary>The list as it is, kept for those who ask next.</summary>
    public StoreViewSnapshot<TRow> Make(StoreSnapshot<TKey, TRow> source, SortedRows<TKey, TRow> rows)
    {
        var view = new StoreViewSnapshot<TRow>(source.Version, rows.Publish(), source.Status);
        Volatile.Write(ref _made, new Made(source, view));
        return view;
    }

    private sealed record Made(StoreSnapshot<TKey, TRow> Source, StoreViewSnapshot<TRow> View);

    private sealed class ChangesObservable(StoreView<TKey, TRow> view) : IObservable<StoreViewChangeSet<TRow>>
    {
        public IDisposable Subscribe(IObserver<StoreViewChangeSet<TRow>> observer)
        {
            ArgumentNullException.ThrowIfNull(observer);
            return new ViewSubscription<TKey, TRow>(view, observer).Begin();
        }
    }
}
