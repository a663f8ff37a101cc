namespace Carbon.Realtime.Simulation.Stories;

/// <summary>A raw stream: each change at most once, and unless a gap was told of or the server lost it in silence, at least once (V15); nobody else's row (V1); nothing after its end (V7).</summary>
/// <param name="world">For the log, and for what is true.</param>
/// <param name="table">The stream's table.</param>
/// <param name="keyOnlyDeletes">Whether it brings deletes of which the server sends nothing but the key, whosever they are.</param>
internal sealed class StreamWatch(SimulatedWorld world, string table, bool keyOnlyDeletes) : IObserver<TableChange<string, Order>>
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(1);

    private readonly HashSet<(string Key, long Version)> _seen = [];
    private readonly HashSet<(string Key, long Version)> _told = [];
    private readonly Dictionary<string, int> _deleted = [];
    private readonly List<(string Key, TimeSpan At)> _gapsAt = [];
    private readonly HashSet<string> _ends = [];
    private int _signIns = world.Users.SignIns;
    private IChangeStream<string, Order>? _stream;
    private IDisposable? _subscription;
    private bool _isInside;
    private bool _isOver;
    private bool _isDisposed;
    private TimeSpan _since = TimeSpan.MaxValue;

    /// <summary>Whether changes flow, or never will again.</summary>
    public bool IsWell => _isOver || _stream is null || _stream.Status.State == RealtimeState.Live;

    /// <summary>Without a tenant there is no stream of a tenant's table.</summary>
    public void Subscribe()
    {
        if (_subscription is null && world.Client.Tenant is not null)
        {
            _stream = world.Client.Manager.Changes(SimulatedClient.Table(table), new ChangeStreamOptions { KeyOnlyDeletes = keyOnlyDeletes });
            _subscription = _stream.Subscribe(this);
        }
    }

    public void Unsubscribe()
    {
        _subscription?.Dispose();
        _isDisposed = _subscription is not null;
    }

    public void OnNext(TableChange<string, Order> value)
    {
        world.Note($"stream {value}");
        Allow("an element");
        if (_signIns != world.Users.SignIns)
        {
            // Another user is shown what that one may see, and so the same once more.
            _signIns = world.Users.SignIns;
            _told.Clear();
            _deleted.Clear();
        }

        _isInside = true;
        switch (value)
        {
            case Inserted<string, Order> inserted:
                Take(inserted.Row, inserted.Key);
                break;
            case Updated<string, Order> updated:
                Take(updated.Row, updated.Key);
                AllowOld(updated.OldKey, updated.OldRow);
                AllowBefore(updated);
                break;
            case Deleted<string, Order> deleted:
                AllowOld(deleted.Key, deleted.OldRow);
                world.Require(deleted.OldRow is null || MaySee(deleted.Key, deleted.OldRow.Version), $"V1 stream: the deleted row {deleted.OldRow} comes to {world.Client.User}");
                TakeDeleted(deleted.Key);
                break;
            case Gap<string, Order> gap:
                Take(gap);
                break;
        }

        _isInside = false;
    }

    public void OnCompleted() => End("completed");

    public void OnError(Exception error)
    {
        world.Secrets.Check($"{error}");
        End($"failed: {error.Message}");
    }

    /// <summary>What must have come by now.</summary>
    public void CheckComplete()
    {
        if (_isOver)
        {
            return;
        }

        foreach (var commit in world.Database.Commits.Where(c => c.Table == table && IsOwed(c)))
        {
            world.Require(HasCome(commit), $"V15 {commit} never came, and no gap was told since");
        }
    }

    /// <summary>Whether the change had to come, for it was committed since the last gap. One whose row was gone when the server polled is sent to nobody.</summary>
    private bool IsOwed(in Commit commit)
    {
        var (key, at, company) = (commit.Key, commit.At, commit.Company);
        return commit.Kind != CommitKind.Vanished && company == world.Client.Tenant && at > _since && !world.Silences.Cover(at)
            && !_gapsAt.Exists(g => g.Key == key && g.At >= at)
            && (commit.Kind == CommitKind.Deleted
                ? keyOnlyDeletes || commit.IsIdentified
                : !world.Database.CommitsOf(table, key).Any(c => c.Kind != CommitKind.Written && c.At >= at && c.At <= at + LongestPoll));
    }

    private bool HasCome(in Commit commit) =>
        commit.Kind == CommitKind.Written ? _seen.Contains((commit.Key, commit.Version)) : _ends.Contains(commit.Key);

    private void Allow(string what)
    {
        world.Require(!_isInside, $"V7 stream: {what} while it is being called");
        world.Require(!_isDisposed, $"V7 stream: {what} after its disposal");
        world.Require(!_isOver, $"V7 stream: {what} after its end");
    }

    private void End(string how)
    {
        Allow(how);
        _isOver = true;
        world.Note($"stream {how}");
    }

    private void Take(Gap<string, Order> gap)
    {
        if (gap.HasKey)
        {
            _gapsAt.Add((gap.Key!, world.Elapsed));
            return;
        }

        _since = world.Elapsed;
        if (gap.Reason is GapReason.Started or GapReason.Rejoined)
        {
            world.Silences.OnJoined(world.Elapsed);
        }
    }

    private void Take(Order row, string key)
    {
        world.Require(row.CompanyId == world.Client.Tenant, $"V1 stream: a row of {row.CompanyId} comes to {world.Client.Tenant}");
        world.Require(MaySee(key, row.Version), $"V1 stream: {row} comes to {world.Client.User}");
        _seen.Add((key, row.Version));
        world.Require(_told.Add((key, row.Version)) || world.ServerRepeats, $"V15 {row} comes twice");
        TakeInOrder(key, row.Version);
    }

    private void TakeDeleted(string key)
    {
        var commits = world.Database.CommitsOf(table, key).Where(static c => c.Kind == CommitKind.Deleted).ToList();
        _ends.Add(key);
        if (!world.ServerRepeats)
        {
            _deleted[key] = _deleted.GetValueOrDefault(key) + 1; // of those that it sends twice nobody knows which is the first
        }

        world.Require(_deleted.GetValueOrDefault(key) <= commits.Count, $"V15 the end of {key} comes {_deleted.GetValueOrDefault(key)} times, and was {commits.Count} times");
    }

    /// <summary>The server sends the changes of one row in their order: one that came shows that those before it were sent.</summary>
    private void TakeInOrder(string key, long version)
    {
        foreach (var commit in world.Database.CommitsOf(table, key).TakeWhile(c => c.Version < version).Where(c => c.Kind == CommitKind.Written && IsOwed(c)))
        {
            world.Require(HasCome(commit), $"V15 {commit} has not come before version {version}, and no gap was told since");
        }
    }

    private void AllowOld(string key, Order? old) =>
        world.Require(old is null || old.CompanyId == world.Client.Tenant, $"V1 stream: the old row of {key} was {old?.CompanyId}'s");

    /// <summary>Whoever may see the new row is sent the one before it where the log has it whole, for the server does not judge that (docs/protocol.md, "Who gets a change"); but no other one.</summary>
    private void AllowBefore(Updated<string, Order> updated)
    {
        if (updated.OldRow is not { } old)
        {
            return;
        }

        var commits = world.Database.CommitsOf(table, updated.Key);
        var own = commits.FirstOrDefault(c => c.Version == updated.Row.Version);
        world.Require(old.Id == updated.OldKey && old.Version < updated.Row.Version, $"V1 stream: {old} was not the row before {updated.Row}");
        world.Require(own.IsIdentified, $"V1 stream: {old} comes, and the log does not have it");
    }

    private bool MaySee(string key, long version) => world.Client.MayBe(SimulatedDatabase.Users[0]) || world.Database.WasOpen(table, key, version);
}
