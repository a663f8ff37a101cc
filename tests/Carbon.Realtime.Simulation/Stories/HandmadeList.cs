namespace Carbon.Realtime.Simulation.Stories;

/// <summary>A list as programs keep one that have no store: read at a gap, changed by the stream. Whether it is complete is not asked, only whether a row is in it twice.</summary>
/// <param name="world">For what may not be.</param>
/// <param name="client">Whose stream it is, and whose store it reads from.</param>
/// <param name="appends">Whether an INSERT is a further row, as it is for who takes the stream for a log of what is new.</param>
internal sealed class HandmadeList(SimulatedWorld world, SimulatedClient client, bool appends) : IObserver<TableChange<string, Order>>
{
    private readonly List<Order> _rows = [];
    private IDisposable? _subscription;

    public void Subscribe()
    {
        if (_subscription is null && client.Tenant is not null)
        {
            _subscription = client.Manager.Changes(SimulatedClient.Table(SimulatedDatabase.Orders)).Subscribe(this);
        }
    }

    public void OnNext(TableChange<string, Order> value)
    {
        switch (value)
        {
            case Gap<string, Order> { HasKey: false }:
                _rows.Clear();
                _rows.AddRange(client.Stores.First(static s => s.IsOfOrders).Shown);
                break;
            case Inserted<string, Order> inserted when appends:
                _rows.Add(inserted.Row);
                break;
            case Inserted<string, Order> inserted:
                Put(inserted.Key, inserted.Row);
                break;
            case Updated<string, Order> updated:
                Put(updated.Key, updated.Row);
                break;
            case Deleted<string, Order> deleted:
                _rows.RemoveAll(r => r.Id == deleted.Key);
                break;
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void Look()
    {
        foreach (var twice in _rows.GroupBy(static r => r.Id).Where(static g => g.Count() > 1))
        {
            world.Require(false, $"V4 the list has {twice.Key} {twice.Count()} times");
        }
    }

    private void Put(string key, Order row)
    {
        var at = _rows.FindIndex(r => r.Id == key);
        if (at < 0)
        {
            _rows.Add(row);
        }
        else
        {
            _rows[at] = row;
        }
    }
}
