namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>A list on the interface's thread: it changes there alone, shows nobody else's rows, and shows at the end that the store is closed, unless it was left before.</summary>
internal sealed class BoundList : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ForeignRows _foreign;
    private readonly TortureRound _round;

    /// <param name="round">The round. On its interface's thread.</param>
    /// <param name="store">Whose rows.</param>
    public BoundList(TortureRound round, ILiveStore<string, Part> store)
    {
        _round = round;
        _foreign = new ForeignRows(round.World, "list", () => round.World.Allowed.Now);
        Rows = store.OrderBy(TortureWorld.ByStatus).BindTo(round.Ui);
        Rows.Updated += (_, _) => Look();
        Look();
    }

    public BoundCollection<Part> Rows { get; }

    /// <summary>Completes when it shows that the store is closed, or was left: its last timer is over then.</summary>
    public Task Ended => _ended.Task;

    public void Dispose()
    {
        Rows.Dispose();
        _ended.TrySetResult();
    }

    private void Look()
    {
        _round.World.Require(_round.Ui.IsCurrent, "the list changes on another thread than the interface's");
        _foreign.Look(Rows);
        if (Rows.Status.State == StoreState.Closed)
        {
            _round.World.Require(Rows.Count == 0, $"the list of a closed store has {Rows.Count} rows");
            _ended.TrySetResult();
        }
    }
}
