namespace Carbon.Realtime.Simulation.Model;

/// <summary>The database, its log, and what the realtime server makes of it: a poller that publishes to a subscription, or to nobody.</summary>
internal sealed class ServerMachine(Scenario scenario)
{
    private readonly byte[] _rows = new byte[scenario.Keys];
    private readonly List<Change> _log = [];
    private readonly List<Change> _wire = [];

    public ReadOnlySpan<byte> Rows => _rows;

    /// <summary>How many there were: the number of the last one.</summary>
    public int Commits { get; private set; }

    /// <summary>How many keys ever had a row.</summary>
    public int UsedKeys { get; private set; }

    public bool HasSlot { get; private set; } = !scenario.IsCold;

    public bool IsSubscribed { get; private set; }

    /// <summary>Whether it is about to subscribe.</summary>
    public bool IsSubscribing { get; private set; }

    /// <summary>Whether its ok is on its way. Events may overtake it, and it them.</summary>
    public bool IsOkOnItsWay { get; private set; }

    public bool HasUnpolled => _log.Count > 0;

    public Change Unpolled => _log[0];

    public bool HasUndelivered => _wire.Count > 0;

    /// <summary>Whose keys they are.</summary>
    public int TenantOf(int key) => scenario.HasTenants ? key & 1 : 0;

    public bool Holds(int key) => _rows[key] != 0;

    /// <returns>Whether the log has it: without a slot it does not.</returns>
    public bool Commit(ChangeKind kind, int key, int to)
    {
        var version = ++Commits;
        UsedKeys = Math.Max(UsedKeys, Math.Max(key, to) + 1);
        _rows[key] = (byte)(kind is ChangeKind.Delete or ChangeKind.Move ? 0 : version);
        if (kind == ChangeKind.Move)
        {
            _rows[to] = (byte)version;
        }

        if (HasSlot)
        {
            _log.Add(new Change(kind, key, version, to));
        }

        return HasSlot;
    }

    public void CreateSlot() => HasSlot = true;

    /// <returns>Whether it held something.</returns>
    public bool LoseSlot()
    {
        var held = HasUnpolled;
        HasSlot = false;
        _log.Clear();
        return held;
    }

    /// <summary>Publishes the oldest change of the log.</summary>
    /// <returns>Whether there was somebody to publish it to.</returns>
    public bool Poll(int tenant)
    {
        var change = TakeUnpolled();

        // A delete goes to everybody, whatever the filter says.
        if (IsSubscribed && (change.Kind == ChangeKind.Delete || TenantOf(change.Key) == tenant))
        {
            _wire.Add(change with { Tenant = tenant });
        }

        return IsSubscribed;
    }

    public Change TakeUnpolled() => TakeFirst(_log);

    public Change TakeUndelivered() => TakeFirst(_wire);

    public void LoseUndelivered() => _wire.Clear();

    public void TakeJoin() => IsSubscribing = true;

    public void Subscribe() => (IsSubscribing, IsSubscribed, IsOkOnItsWay) = (false, true, true);

    public void TakeOk() => IsOkOnItsWay = false;

    /// <summary>It will subscribe again: until then nobody is told anything.</summary>
    public void Resubscribe() => (IsSubscribing, IsSubscribed) = (true, false);

    public void LoseSubscription() => IsSubscribed = false;

    /// <summary>The channel was left: what was published on its topic may still come, and no later join has the same one.</summary>
    public void LeaveTopic()
    {
        Leave();
        for (var i = 0; i < _wire.Count; i++)
        {
            _wire[i] = _wire[i] with { Tenant = Change.OfTopicLeft };
        }
    }

    /// <summary>The socket is gone.</summary>
    public void Leave() => (IsSubscribing, IsSubscribed, IsOkOnItsWay) = (false, false, false);

    public void Write(ref StateWriter writer)
    {
        writer.Bytes(_rows);
        writer.Byte(Commits);
        writer.Byte(UsedKeys);
        writer.Flags(HasSlot, IsSubscribed, IsSubscribing, IsOkOnItsWay);
        Write(ref writer, _log);
        Write(ref writer, _wire);
    }

    public void Read(ref StateReader reader)
    {
        reader.Bytes(_rows);
        Commits = reader.Byte();
        UsedKeys = reader.Byte();
        var flags = reader.Flags();
        (HasSlot, IsSubscribed, IsSubscribing, IsOkOnItsWay) = (flags[0], flags[1], flags[2], flags[3]);
        Read(ref reader, _log);
        Read(ref reader, _wire);
    }

    private static Change TakeFirst(List<Change> changes)
    {
        var first = changes[0];
        changes.RemoveAt(0);
        return first;
    }

    private static void Write(ref StateWriter writer, List<Change> changes)
    {
        writer.Byte(changes.Count);
        foreach (var change in changes)
        {
            change.Write(ref writer);
        }
    }

    private static void Read(ref StateReader reader, List<Change> changes)
    {
        changes.Clear();
        for (var left = reader.Byte(); left > 0; left--)
        {
            changes.Add(Change.Read(ref reader));
        }
    }
}
