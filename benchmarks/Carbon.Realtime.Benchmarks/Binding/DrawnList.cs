using System.Collections.Specialized;
using Carbon.Realtime.Benchmarks.Store;

namespace Carbon.Realtime.Benchmarks.Binding;

/// <summary>A control that shows a screenful of a collection: it reads these rows again after a reset, and whenever one of them is touched. Laying them out is the control's, and not measured.</summary>
internal sealed class DrawnList
{
    private const int Screenful = 50;

    private readonly BoundCollection<StoreItem> _rows;
    private readonly StoreItem?[] _drawn = new StoreItem?[Screenful];

    public DrawnList(BoundCollection<StoreItem> rows)
    {
        _rows = rows;
        ((INotifyCollectionChanged)rows).CollectionChanged += OnChanged;
    }

    public int Events { get; set; }

    private void OnChanged(object? sender, NotifyCollectionChangedEventArgs e)
    {
        Events++;
        if (e.Action != NotifyCollectionChangedAction.Reset && e.NewStartingIndex >= Screenful && (e.OldStartingIndex < 0 || e.OldStartingIndex >= Screenful)) return;
        for (var i = 0; i < Screenful; i++) _drawn[i] = i < _rows.Count ? _rows[i] : null;
    }
}
