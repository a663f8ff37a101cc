using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Stores.Views;

/// <summary>A store that a test fills, a list bound to it, a control that shows the list, and the interface's thread.</summary>
internal sealed class BoundWorld
{
    public BoundWorld(Func<IStoreView<Card>, IStoreView<Card>>? view = null, StoreBindingOptions? options = null, params Card[] rows)
    {
        Store = new FakeLiveStore<string, Card>(c => c.Id) { Order = Card.ByRank };
        Store.Set(rows);
        View = (view ?? (static v => v))(Store.OrderBy());
        List = View.BindTo(Ui, options ?? StoreBindingOptions.Default);
        Control = new Control(List, Ui);
    }

    public FakeLiveStore<string, Card> Store { get; }

    public IStoreView<Card> View { get; }

    public UiThread Ui { get; } = new();

    public BoundCollection<Card> List { get; }

    public Control Control { get; }

    public string Shown => string.Join(' ', List);

    /// <summary>Lets time pass; the interface's thread does nothing.</summary>
    public BoundWorld Wait(double milliseconds)
    {
        Store.Environment.Advance(TimeSpan.FromMilliseconds(milliseconds));
        return this;
    }

    /// <summary>Until everything is shown.</summary>
    public BoundWorld Settle()
    {
        for (var i = 0; i < 3; i++)
        {
            Wait(50);
            Ui.Run();
        }

        return this;
    }
}
