using System.Collections.Specialized;
using System.ComponentModel;

namespace Carbon.Realtime.Tests.Stores.Views;

/// <summary>A user interface's thread, as its synchronization context shows it: what is posted waits until the test runs it.</summary>
internal sealed class UiThread : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();

    /// <summary>How often work was posted.</summary>
    public int Posts { get; private set; }

    /// <summary>How many posted callbacks are under way, one inside the other.</summary>
    public int Depth { get; private set; }

    public bool IsGone { get; set; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (IsGone)
        {
            throw new InvalidOperationException("The window is closed.");
        }

        Posts++;
        _queue.Enqueue((d, state));
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nobody may wait for this thread.");

    /// <summary>Handles all that waits, also from within a handler, as a dialog does.</summary>
    public void Run()
    {
        while (_queue.TryDequeue(out var work))
        {
            Depth++;
            try
            {
                work.Callback(work.State);
            }
            finally
            {
                Depth--;
            }
        }
    }
}

/// <summary>What a control does with a bound collection: it keeps a copy by the events alone, and trusts none that comes at the wrong time.</summary>
internal sealed class Control
{
    private readonly BoundCollection<Card> _source;
    private readonly UiThread _ui;

    public Control(BoundCollection<Card> source, UiThread ui)
    {
        _source = source;
        _ui = ui;
        Copy = [.. source];
        ((INotifyCollectionChanged)source).CollectionChanged += (_, e) => OnChanged(e);
        ((INotifyPropertyChanged)source).PropertyChanged += (_, e) => OnProperty(e.PropertyName!);
        source.Updated += (_, _) => Note("Updated");
    }

    public List<Card> Copy { get; private set; }

    /// <summary>All events in their order.</summary>
    public List<string> Events { get; } = [];

    public Action<string>? OnEvent { get; set; }

    public IEnumerable<string> RowEvents => Events.Where(e => e is not ("Count" or "Item[]" or "Status" or "Updated"));

    private void OnChanged(NotifyCollectionChangedEventArgs e)
    {
        switch (e.Action)
        {
            case NotifyCollectionChangedAction.Add:
                Copy.Insert(e.NewStartingIndex, (Card)e.NewItems!.Cast<object>().Single());
                break;
            case NotifyCollectionChangedAction.Remove:
                Copy[e.OldStartingIndex].Should().BeSameAs(e.OldItems!.Cast<object>().Single());
                Copy.RemoveAt(e.OldStartingIndex);
                break;
            case NotifyCollectionChangedAction.Replace:
                Copy[e.OldStartingIndex].Should().BeSameAs(e.OldItems!.Cast<object>().Single());
                e.NewStartingIndex.Should().Be(e.OldStartingIndex);
                Copy[e.NewStartingIndex] = (Card)e.NewItems!.Cast<object>().Single();
                break;
            case NotifyCollectionChangedAction.Move:
                var moved = (Card)e.NewItems!.Cast<object>().Single();
                Copy[e.OldStartingIndex].Should().BeSameAs(moved);
                Copy.RemoveAt(e.OldStartingIndex);
                Copy.Insert(e.NewStartingIndex, moved);
                break;
            default:
                Copy = [.. _source];
                break;
        }

        Copy.Should().Equal(_source, "each event tells of the step that was just made");
        Note(e.Action switch
        {
            NotifyCollectionChangedAction.Move => $"Move {e.OldStartingIndex}>{e.NewStartingIndex}",
            NotifyCollectionChangedAction.Reset => "Reset",
            NotifyCollectionChangedAction.Remove => $"Remove {e.OldStartingIndex}",
            _ => $"{e.Action} {e.NewStartingIndex}",
        });
    }

    private void OnProperty(string name) => Note(name);

    private void Note(string what)
    {
        _ui.Depth.Should().Be(1, "events are raised on the context, and a batch is never raised inside another");
        Events.Add(what);
        OnEvent?.Invoke(what);
    }
}

internal sealed record Card(string Id, int Rank, string Text = "")
{
    public static int ByRank(Card x, Card y) => x.Rank.CompareTo(y.Rank);

    public override string ToString() => $"{Id}{Rank}{Text}";
}
