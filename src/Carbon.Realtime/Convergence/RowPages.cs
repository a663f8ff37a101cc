using System.Runtime.CompilerServices;

namespace Carbon.Realtime.Convergence;

/// <summary>How slots are numbered: sixteen to a page, and sixteen pages or branches to a branch.</summary>
/// <remarks>
/// The first change after a publication copies one page and the branches above it, four at a million rows: 0.8 KB. Pages and branches of 32 took 1.2,
/// pages of 64 under an array of arrays 2.7, and twice the time.
/// </remarks>
internal static class Slots
{
    public const int Bits = 4;
    public const int Size = 1 << Bits;

    /// <summary>The slot's place in its page.</summary>
    public static int At(int slot) => slot & (Size - 1);

    /// <summary>The way from a branch down to the slot.</summary>
    public static int At(int slot, int shift) => (slot >> shift) & (Size - 1);
}

/// <summary>A page or what leads to pages.</summary>
internal abstract class RowNode
{
    /// <summary>The edit that may write here; every other copies it first.</summary>
    public long Edit;
}

/// <summary>Leads to pages, or to branches that do.</summary>
internal sealed class RowBranch : RowNode
{
    public RowNodes Nodes;
}

/// <summary>The rows of neighbouring slots.</summary>
internal sealed class RowPage<TRow> : RowNode
{
    /// <summary>Which of the slots have a row.</summary>
    public uint Occupied;

    public RowBlock<TRow> Rows;

    public bool Has(int slot) => (Occupied & (1U << Slots.At(slot))) != 0;
}

[InlineArray(Slots.Size)]
internal struct RowNodes
{
    private RowNode? _first;
}

[InlineArray(Slots.Size)]
internal struct RowBlock<TRow>
{
    private TRow _first;
}

/// <summary>The way from slots to pages. What it leads to is immutable for all but the table that is writing it.</summary>
/// <param name="Root">The only page, or a branch; <see langword="null"/> for no rows at all.</param>
/// <param name="Shift">How many bits of a slot lie below the root.</param>
internal readonly record struct RowTree<TRow>(RowNode? Root, int Shift)
{
    /// <summary>The slot's page; <see langword="null"/> if it never had a row.</summary>
    public RowPage<TRow>? Page(int slot)
    {
        if (slot >> Shift >= Slots.Size)
        {
            return null;
        }

        var node = Root;
        for (var shift = Shift; shift > 0 && node is not null; shift -= Slots.Bits)
        {
            node = Unsafe.As<RowBranch>(node).Nodes[Slots.At(slot, shift)];
        }

        return Unsafe.As<RowPage<TRow>?>(node); // the depth says what it is
    }
}
