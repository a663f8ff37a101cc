namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>What must hold of a change stream's elements: it begins with a gap, all its rows are of one company, and once another one is current nothing comes any more.</summary>
/// <param name="world">The world.</param>
/// <param name="name">What it is called in a failure.</param>
/// <param name="company">The tenant it was taken for; <see langword="null"/> where that changed at the time: then its first row tells.</param>
/// <param name="companyOf">Whose row it is.</param>
/// <param name="isScopes">Whether its tenant is a scope's, which never changes.</param>
internal sealed class StreamCheck<TKey, TRow>(TortureWorld world, string name, string? company, Func<TRow, string> companyOf, bool isScopes = false)
    where TKey : notnull
{
    private string? _company = company;
    private bool _isFirst = true;
    private int _late;

    public void Look(TableChange<TKey, TRow> value)
    {
        var now = world.Allowed.Now;
        world.Require(!_isFirst || value is Gap<TKey, TRow> { Reason: GapReason.Started }, $"{name}: begins with {value}");
        _isFirst = false;
        switch (value)
        {
            case Inserted<TKey, TRow> inserted:
                Look(inserted.Row);
                break;
            case Updated<TKey, TRow> updated:
                Look(updated.Row);
                if (updated.HasOldRow)
                {
                    Look(updated.OldRow!);
                }

                break;
            case Deleted<TKey, TRow> { HasOldRow: true } deleted:
                Look(deleted.OldRow!);
                break;
        }

        // The one that was under way when the tenant changed may still come.
        if (!isScopes && _company is not null && !now.Companies.Contains(_company))
        {
            world.Require(++_late <= 1, $"{name}: {value} of {_company} comes to {now}");
        }
    }

    private void Look(TRow row)
    {
        _company ??= companyOf(row);
        world.Require(companyOf(row) == _company, $"{name}: a row of {companyOf(row)} comes to {_company}");
    }
}

/// <summary>A change stream's.</summary>
internal sealed class StreamWitness<TKey, TRow>(TortureWorld world, string name, string? company, Func<TRow, string> companyOf, bool isScopes = false)
    : Witness<TableChange<TKey, TRow>>(world, name)
    where TKey : notnull
{
    private readonly StreamCheck<TKey, TRow> _check = new(world, name, company, companyOf, isScopes);

    protected override void Look(TableChange<TKey, TRow> value, int number) => _check.Look(value);
}

/// <summary>That nobody else's rows are told.</summary>
/// <param name="world">The world.</param>
/// <param name="name">Who is told, in a failure.</param>
/// <param name="allowed">Who may be shown now.</param>
/// <param name="isForOneUser">Whether that never changes.</param>
internal sealed class ForeignRows(TortureWorld world, string name, Func<Allowed> allowed, bool isForOneUser = false)
{
    private Allowed? _breached;

    /// <summary>One call's rows. The one that was under way when user or tenant changed may still tell of those before; a second one may not.</summary>
    public void Look(IEnumerable<Part> rows)
    {
        var now = allowed();
        if (rows.FirstOrDefault(row => !now.Holds(row)) is { } foreign)
        {
            world.Require(_breached != now && !isForOneUser, $"{name}: {foreign} is told to {now}");
            _breached = now;
        }
    }
}

/// <summary>A store's: change sets add up to the snapshots, versions grow, and nobody else's rows are told.</summary>
/// <param name="world">The world.</param>
/// <param name="name">What it is called in a failure.</param>
/// <param name="allowed">Who may be shown now.</param>
/// <param name="isForOneUser">Whether that never changes.</param>
internal sealed class StoreWitness(TortureWorld world, string name, Func<Allowed> allowed, bool isForOneUser = false) : Witness<StoreChangeSet<string, Part>>(world, name)
{
    private readonly Dictionary<string, Part> _folded = [];
    private readonly ForeignRows _foreign = new(world, name, allowed, isForOneUser);
    private long _version = -1;

    protected override void Look(StoreChangeSet<string, Part> value, int number)
    {
        World.Require(number > 1 || value.IsReset, $"{Name}: the first change set is no reset");
        World.Require(value.Snapshot.Version > _version, $"{Name}: version {value.Snapshot.Version} after {_version}");
        _version = value.Snapshot.Version;
        if (value.IsReset)
        {
            _folded.Clear();
            foreach (var (key, row) in value.Snapshot)
            {
                _folded.Add(key, row);
            }
        }

        foreach (var change in value.Changes)
        {
            var isThere = _folded.TryGetValue(change.Key, out var before);
            World.Require(isThere == change.Kind is not StoreChangeKind.Added && (!isThere || before == change.Previous), $"{Name}: {change} over {before}");
            _ = change.Kind == StoreChangeKind.Removed ? _folded.Remove(change.Key) : (_folded[change.Key] = change.Current!) is not null;
        }

        World.Require(_folded.Count == value.Snapshot.Count && value.Snapshot.All(r => _folded.TryGetValue(r.Key, out var folded) && folded == r.Value),
            $"{Name}: the changes do not lead to snapshot {value.Snapshot.Version}");

        _foreign.Look(value.Snapshot.Rows);
    }
}

/// <summary>A view's: steps by position lead to the snapshots, which are in order, and nobody else's rows are told.</summary>
internal sealed class ViewWitness(TortureWorld world, string name) : Witness<StoreViewChangeSet<Part>>(world, name)
{
    private readonly List<Part> _folded = [];
    private readonly ForeignRows _foreign = new(world, name, () => world.Allowed.Now);

    protected override void Look(StoreViewChangeSet<Part> value, int number)
    {
        World.Require(number > 1 || value.IsReset, $"{Name}: the first change set is no reset");
        if (value.IsReset)
        {
            _folded.Clear();
            _folded.AddRange(value.Snapshot);
        }

        foreach (var change in value.Changes)
        {
            switch (change.Kind)
            {
                case StoreViewChangeKind.Inserted:
                    _folded.Insert(change.Index, change.Current!);
                    break;
                case StoreViewChangeKind.Removed:
                    _folded.RemoveAt(change.Index);
                    break;
                case StoreViewChangeKind.Replaced:
                    _folded[change.Index] = change.Current!;
                    break;
                default:
                    _folded.RemoveAt(change.OldIndex);
                    _folded.Insert(change.Index, change.Current!);
                    break;
            }
        }

        World.Require(_folded.SequenceEqual(value.Snapshot), $"{Name}: the steps do not lead to the snapshot");
        World.Require(value.Snapshot.Zip(value.Snapshot.Skip(1)).All(static p => TortureWorld.ByStatus(p.First, p.Second) <= 0), $"{Name}: not in order");
        _foreign.Look(value.Snapshot);
    }
}
