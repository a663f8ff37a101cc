namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>Which row the frames carry.</summary>
public enum RowSize
{
    /// <summary><see cref="Rows.Item"/>: twelve columns, about 400 bytes.</summary>
    Item,

    /// <summary><see cref="SmallItem"/>: three columns, about 70 bytes.</summary>
    Small,

    /// <summary><see cref="LargeItem"/>: eight columns, four of them long texts, about 20 KB.</summary>
    Large,
}

/// <summary>Which change the frames carry.</summary>
public enum ChangeKind
{
    /// <summary>INSERT: a record, no old record.</summary>
    Insert,

    /// <summary>UPDATE under the default replica identity: a record, and an old record of the key alone.</summary>
    Update,

    /// <summary>UPDATE under <c>REPLICA IDENTITY FULL</c>: a record, and the whole old one.</summary>
    UpdateFull,

    /// <summary>DELETE under <c>REPLICA IDENTITY FULL</c>, without row level security: the whole old record, no record.</summary>
    Delete,
}

/// <summary>What the sender sends and all contenders decode.</summary>
public sealed record Workload(RowSize Row, ChangeKind Kind)
{
    /// <summary>The change's name on the wire.</summary>
    public string Event => Kind switch
    {
        ChangeKind.Insert => "INSERT",
        ChangeKind.Update or ChangeKind.UpdateFull => "UPDATE",
        _ => "DELETE",
    };

    /// <summary>How many events stand for <paramref name="items"/> of items: a large row's frame is twenty times as long.</summary>
    public long Events(long items) => Row == RowSize.Large ? Math.Max(1, items / 10) : items;

    /// <summary>The change as reports call it.</summary>
    public string KindText => Kind == ChangeKind.UpdateFull ? "UPDATE (full)" : Event;

    public override string ToString() => $"{Row.ToString().ToLowerInvariant()} {KindText}";
}
