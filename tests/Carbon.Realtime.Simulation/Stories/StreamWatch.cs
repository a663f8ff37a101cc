namespace Carbon.Realtime.Simulation.Stories;

/// <summary>A raw stream: each change at most once, and unless a gap was told of, at least once (V15); no other tenant's row (V1).</summary>
internal sealed class StreamWatch(SimulatedWorld world, string table) : IObserver<TableChange<string, Order>>
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(1);

    private readonly HashSet<(string Key, long Version)> _seen = [];
    private readonly HashSet<(string Key, long Version)> _told = [];
    private string? _user;
    private readonly Dictionary<string, int> _deleted = [];
    private readonly List<(string Key, TimeSpan At)> _gapsAt = [];
    private IDisposable? _subscription;
    private bool _isOver;
    private TimeSpan? _lastGap;
    private TimeSpan? _firstLive;

    /// <summary>Whether changes flow, or never will again.</summary>
    public bool IsWell => _isOver || _subscription is null || world.Client.Manager.Changes(SimulatedClient.Table(table)).Status.State == RealtimeState.Live;

    /// <summary>Without a tenant there is no stream of a tenant's table.</summary>
    public void Subscribe()
    {
        if (_subscription is null && world.Client.Tenant is not null)
        {
            _subscription = world.Client.Manager.Changes(SimulatedClient.Table(table)).Subscribe(this);
        }
    }

    public void Unsubscribe() => _subscription?.Dispose();

    public void OnNext(TableChange<string, Order> value)
    {
        world.Note($"stream {value}");
        switch (value)
        {
            case Inserted<string, Order> inserted:
                Take(inserted.Row, inserted.Key);
                break;
            case Updated<string, Order> updated:
                Take(updated.Row, updated.Key);
                break;
            case Deleted<string, Order> deleted:
                _deleted[deleted.Key] = _deleted.GetValueOrDefault(deleted.Key) + 1;
                break;
            case Gap<string, Order> gap:
                _firstLive ??= world.Elapsed;
                _lastGap = gap.HasKey ? _lastGap : world.Elapsed;
                if (gap.HasKey)
                {
                    _gapsAt.Add((gap.Key!, world.Elapsed));
                }

                break;
        }
    }

    public void OnCompleted() => End("completed");

    public void OnError(Exception error) => End($"failed: {error.Message}");

    /// <summary>What must have come by now. A change whose row was gone when the server polled is sent to nobody.</summary>
    public void CheckComplete()
    {
        if (_isOver)
        {
            return;
        }

        foreach (var commit in world.Database.Commits)
        {
            if (commit.Table == table && commit.Version > 0 && commit.Company == world.Client.Tenant && commit.At > _firstLive && !(commit.At <= _lastGap)
                && !_gapsAt.Exists(g => g.Key == commit.Key && g.At >= commit.At)
                && !world.Database.Commits.Exists(c => c.Version == 0 && c.Key == commit.Key && c.Table == table && c.At >= commit.At && c.At <= commit.At + LongestPoll))
            {
                world.Require(_seen.Contains((commit.Key, commit.Version)), $"V15 {commit} never came, and no gap was told since");
            }
        }
    }

    private void End(string how)
    {
        world.Require(!_isOver, $"V7 stream {how} after its end");
        _isOver = true;
        world.Note($"stream {how}");
    }

    private void Take(Order row, string key)
    {
        world.Require(row.CompanyId == world.Client.Tenant, $"V1 stream: a row of {row.CompanyId} comes to {world.Client.Tenant}");
        _seen.Add((key, row.Version));
        if (_user != world.Users.Given)
        {
            _user = world.Users.Given;
            _told.Clear(); // another user is shown what that one may see, and so the same once more
        }

        world.Require(_told.Add((key, row.Version)) || world.ServerRepeats, $"V15 {row} comes twice");
    }
}
