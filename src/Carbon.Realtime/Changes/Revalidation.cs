namespace Carbon.Realtime;

/// <summary>What was read from these tables is stale: read it again. Immutable; stands for everything since the last one.</summary>
public sealed class Revalidation
{
    internal Revalidation(IReadOnlyList<string> tables, GapReason? gap, DateTimeOffset since)
    {
        Tables = tables;
        Gap = gap;
        Since = since;
    }

    /// <summary>The tables, each once, in the order in which they were touched; with their schema where it is not <c>public</c>.</summary>
    public IReadOnlyList<string> Tables { get; }

    /// <summary>Why changes may have been missed, if any may: the first reason. <see langword="null"/> where only changes came.</summary>
    public GapReason? Gap { get; }

    /// <summary>When the first of what it stands for was noticed here, UTC.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>This signal and a later one, as one.</summary>
    internal Revalidation And(Revalidation later) => new([.. Tables.Union(later.Tables)], Gap ?? later.Gap, Since);

    /// <summary>One readable line.</summary>
    public override string ToString() => $"{(Gap is { } gap ? $"gap ({gap})" : "changes")} in {string.Join(", ", Tables)}";
}
