using System.Runtime.CompilerServices;

namespace Carbon.Realtime.Stores;

/// <summary>How slots are numbered: sixty-four to a page, a hundred and twenty-eight pages to a chapter.</summary>
internal static class Slots
{
    public const int PageBits = 6;
    public const int PageSize = 1 << PageBits;
    public const int ChapterBits = 7;
    public const int ChapterSize = 1 << ChapterBits;

    /// <summary>The slot's place in its page.</summary>
    public static int At(int slot) => slot & (PageSize - 1);

    /// <summary>The page's place in its chapter.</summary>
    public static int Page(int slot) => (slot >> PageBits) & (ChapterSize - 1);

    public static int Chapter(int slot) => slot >> (PageBits + ChapterBits);
}

/// <summary>The rows of neighbouring slots.</summary>
internal sealed class RowPage<TRow>
{
    /// <summary>Which of the slots have a row.</summary>
    public ulong Occupied;

    public RowBlock<TRow> Rows;

    /// <summary>The edit that may write here; every other copies it first.</summary>
    public long Edit;

    public bool Has(int slot) => (Occupied & (1UL << Slots.At(slot))) != 0;
}

[InlineArray(Slots.PageSize)]
internal struct RowBlock<TRow>
{
    private TRow _first;
}

/// <summary>Pages of neighbouring slots, so that a publication copies few references.</summary>
internal sealed class RowChapter<TRow>
{
    public readonly RowPage<TRow>?[] Pages = new RowPage<TRow>?[Slots.ChapterSize];

    public long Edit;
}
