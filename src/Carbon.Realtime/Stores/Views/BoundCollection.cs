using System.Collections.ObjectModel;
using System.Collections.Specialized;
using System.ComponentModel;
using System.Runtime.ExceptionServices;
using Carbon.Realtime.Stores.Views;

namespace Carbon.Realtime;

/// <summary>
/// A store's rows for a user interface: sorted, changed only on the interface's thread, a batch at a time. Bind a list control to it; made by
/// <c>BindTo</c>. Keeps its store running until it is disposed.
/// </summary>
/// <remarks>
/// <para>
/// <b>Threads.</b> Rows and <see cref="Status"/> change, and every event is raised, on the context given to <c>BindTo</c> and nowhere else: read
/// them there. Changes are filtered and sorted on the library's scheduler; what is left to the interface's thread is one insertion or removal per event, or
/// a copy of the finished list at a reset. The rows of the beginning are there when <c>BindTo</c> returns, so that they are filtered and sorted by the thread that
/// calls it. That may be any, which spares the interface the sorting of a large store that is full already:
/// <c>await Task.Run(() => store.BindTo(context))</c>.
/// </para>
/// <para>
/// <b>Batches.</b> Changes are gathered for <see cref="StoreBindingOptions.BatchWindow"/>; a row that changes several times meanwhile is one change. One
/// batch is under way at a time: while the thread is busy, or sits in a dialog that a handler has opened, all that comes becomes the next. Each
/// collection event is of one row (WPF refuses ranges), or a reset above <see cref="StoreBindingOptions.ResetThreshold"/>.
/// </para>
/// <para>
/// <b>Frameworks.</b> WPF, MAUI, Avalonia, WinUI, Windows Forms: call <c>BindTo(SynchronizationContext.Current)</c> on the UI thread, bind
/// <c>ItemsSource</c> to the collection and a banner to <c>Status.IsLive</c>. Blazor: take the context in <c>OnInitialized</c>, call <c>StateHasChanged</c> in
/// <see cref="Updated"/>, dispose with the component; in WebAssembly, where there may be no context, give it a <c>new SynchronizationContext()</c>.
/// </para>
/// <para>
/// <b>Exceptions.</b> What a handler throws goes to the context, as with any handler, after the rest of the batch has been raised. A filter or order that
/// throws ends the updates: the rows stay, and <see cref="Status"/> is <see cref="StoreState.Faulted"/>.
/// </para>
/// </remarks>
/// <typeparam name="TRow">The row.</typeparam>
public sealed class BoundCollection<TRow> : ReadOnlyObservableCollection<TRow>, IDisposable
{
    private static readonly PropertyChangedEventArgs StatusChanged = new(nameof(Status));

    private readonly BoundRows<TRow> _rows;
    private IDisposable? _binding;
    private bool _isDisposed;

    internal BoundCollection(BoundRows<TRow> rows, StoreStatus status)
        : base(rows)
    {
        _rows = rows;
        Status = status;
    }

    /// <summary>
    /// How true the rows are; a change is told by <see cref="INotifyPropertyChanged"/> after the rows of its batch. Its counts and times are those of the
    /// last batch: by themselves they make none.
    /// </summary>
    public StoreStatus Status { get; private set; }

    /// <summary>Raised once after each batch, when all its rows and the status are in place.</summary>
    public event EventHandler? Updated;

    private bool IsDisposed => Volatile.Read(ref _isDisposed);

    /// <summary>
    /// Ends the updates; the rows stay as they are. On the context's thread, also in a handler: no event is raised after it. On another one: an event
    /// may be under way, and none starts later.
    /// </summary>
    public void Dispose()
    {
        Volatile.Write(ref _isDisposed, true);
        _binding?.Dispose();
    }

    /// <summary>What is disposed with the collection.</summary>
    internal void OwnedBy(IDisposable binding) => _binding = binding;

    /// <summary>Takes over a batch. On the context.</summary>
    internal void Apply(BoundBatch<TRow> batch)
    {
        if (IsDisposed)
        {
            return;
        }

        ExceptionDispatchInfo? thrown = null;
        if (batch.Rows is { } rows)
        {
            Guard(() => _rows.Replace(rows), ref thrown);
        }

        foreach (var change in batch.Changes)
        {
            if (IsDisposed)
            {
                break;
            }

            Guard(() => _rows.Apply(change), ref thrown);
        }

        if (!IsDisposed)
        {
            Status = batch.Status;
            Guard(() => OnPropertyChanged(StatusChanged), ref thrown);
        }

        if (!IsDisposed)
        {
            Guard(() => Updated?.Invoke(this, EventArgs.Empty), ref thrown);
        }

        thrown?.Throw();
    }

    /// <inheritdoc/>
    protected override void OnCollectionChanged(NotifyCollectionChangedEventArgs args)
    {
        if (!IsDisposed)
        {
            base.OnCollectionChanged(args);
        }
    }

    /// <inheritdoc/>
    protected override void OnPropertyChanged(PropertyChangedEventArgs args)
    {
        if (!IsDisposed)
        {
            base.OnPropertyChanged(args);
        }
    }

    /// <summary>A handler's exception must not keep the rest of a batch from the list: the next one counts on it.</summary>
    private static void Guard(Action raise, ref ExceptionDispatchInfo? thrown)
    {
        try
        {
            raise();
        }
#pragma warning disable CA1031 // Thrown again when the batch is done.
        catch (Exception e)
#pragma warning restore CA1031
        {
            thrown ??= ExceptionDispatchInfo.Capture(e);
        }
    }
}
