namespace Carbon.Realtime.Simulation.Model;

/// <summary>What a commit did to a row, or how the server tells of it.</summary>
internal enum ChangeKind
{
    Insert,
    Update,

    /// <summary>An update whose event lacks columns, so that the row has to be read.</summary>
    PartialUpdate,
    Delete,

    /// <summary>An update of the primary key: one event, which names both.</summary>
    Move,
}

/// <summary>One commit, in the log or on the wire.</summary>
/// <param name="Kind">What it did.</param>
/// <param name="Key">To which row.</param>
/// <param name="Version">The number of the commit, which is the row's version.</param>
/// <param name="To">The key that a <see cref="ChangeKind.Move"/> gave the row.</param>
/// <param name="Tenant">On the wire: whose subscription it is for.</param>
internal readonly record struct Change(ChangeKind Kind, int Key, int Version, int To = 0, int Tenant = 0)
{
    /// <summary>Nobody's any more.</summary>
    public const int OfTopicLeft = 2;

    public void Write(ref StateWriter writer)
    {
        writer.Byte((int)Kind | (Tenant << 4));
        writer.Byte(Key | (To << 4));
        writer.Byte(Version);
    }

    public static Change Read(ref StateReader reader)
    {
        var (kind, keys, version) = (reader.Byte(), reader.Byte(), reader.Byte());
        return new((ChangeKind)(kind & 15), keys & 15, version, keys >> 4, kind >> 4);
    }

    public override string ToString() => Kind switch
    {
        ChangeKind.Move => $"commit {Version}: the key {Name(Key)} becomes {Name(To)}",
        ChangeKind.PartialUpdate => $"commit {Version}: update {Name(Key)}, not all of whose columns are told",
        _ => $"commit {Version}: {(Kind == ChangeKind.Insert ? "insert" : Kind == ChangeKind.Update ? "update" : "delete")} {Name(Key)}",
    };

    public static char Name(int key) => (char)('a' + key);
}
