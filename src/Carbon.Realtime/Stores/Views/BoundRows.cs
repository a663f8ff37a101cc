using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Collections.Specialized;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Carbon.Realtime.Stores.Views;

/// <summary>What a bound collection takes over in one go.</summary>
/// <param name="Rows">All rows, instead of those before; <see langword="null"/> where <paramref name="Changes"/> lead there.</param>
/// <param name="Changes">The steps from the rows before.</param>
/// <param name="Status">How true the rows are then.</param>
internal sealed record BoundBatch<TRow>(TRow[]? Rows, ImmutableArray<StoreViewChange<TRow>> Changes, StoreStatus Status)
{
    public bool ChangesRows => Rows is not null || !Changes.IsEmpty;
}

/// <summary>The rows behind a bound collection, which turn a step into one event: WPF refuses ranges.</summary>
/// <remarks>
/// The collection's event comes right after the row and before those of <c>Count</c>, the other way round than in the base class: a handler that
/// disposes the collection then leaves none that has seen the row's place and not the row.
/// </remarks>
internal sealed class BoundRows<TRow> : ObservableCollection<TRow>
{
    private static readonly PropertyChangedEventArgs CountChanged = new(nameof(Count));
    private static readonly PropertyChangedEventArgs ItemsChanged = new("Item[]");

    /// <summary>Takes over rows that nobody has seen yet.</summary>
    /// <remarks>
    /// In one copy: row by row a hundred thousand kept the interface's thread for 4 ms and more, twenty-five times a second (docs/performance.md, "A bound list"). A
    /// <see cref="Collection{T}"/> keeps its items in a <see cref="List{T}"/> unless it is made otherwise.
    /// </remarks>
    public void Fill(TRow[] rows)
    {
        var items = (List<TRow>)Items;
        CollectionsMarshal.SetCount(items, rows.Length);
        rows.CopyTo(CollectionsMarshal.AsSpan(items));
    }

    public void Replace(TRow[] rows)
    {
        var count = Count;
        Fill(rows);
        Raise(new NotifyCollectionChangedEventArgs(NotifyCollectionChangedAction.Reset), Count != count);
    }

    public void Apply(in StoreViewChange<TRow> change)
    {
        var (at, current, previous) = (change.Index, change.Current!, change.Previous!);
        switch (change.Kind)
        {
            case StoreViewChangeKind.Inserted:
                Items.Insert(at, current);
                Raise(new NotifyCollectionChangedEventArgs(NotifyCollectionChangedAction.Add, current, at), true);
                break;
            case StoreViewChangeKind.Removed:
                Items.RemoveAt(at);
                Raise(new NotifyCollectionChangedEventArgs(NotifyCollectionChangedAction.Remove, previous, at), true);
                break;
            case StoreViewChangeKind.Replaced:
                Items[at] = current;
                Raise(new NotifyCollectionChangedEventArgs(NotifyCollectionChangedAction.Replace, current, previous, at), false);
                break;
            case StoreViewChangeKind.Moved:
                Items.RemoveAt(change.OldIndex);
                Items.Insert(at, current);
                Raise(new NotifyCollectionChangedEventArgs(NotifyCollectionChangedAction.Move, current, at, change.OldIndex), false);
                break;
        }
    }

    private void Raise(NotifyCollectionChangedEventArgs change, bool isCountChanged)
    {
        OnCollectionChanged(change);
        if (isCountChanged)
        {
            OnPropertyChanged(CountChanged);
        }

        OnPropertyChanged(ItemsChanged);
    }
}
