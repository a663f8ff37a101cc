using System.Globalization;

namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>One of the rows as PostgreSQL writes it: record keys in jsonb's order (by length, then bytes), columns in the table's.</summary>
public abstract class RowTexts
{
    private static readonly string[] Names = ["Hex bolt M8x40", "Bracket", "Ø12 dowel pin", "Gearbox housing, left", "1/2\\\" pipe elbow", "Linear guide rail"];

    /// <summary>The columns as a change lists them.</summary>
    public abstract string Columns { get; }

    /// <summary>The record of row <paramref name="index"/> under the name given, as jsonb text.</summary>
    public abstract string Record(int index, string name);

    /// <summary>The record of row <paramref name="index"/>, as jsonb text.</summary>
    public string Record(int index) => Record(index, Name(index));

    public static RowTexts Of(RowSize row) => row switch
    {
        RowSize.Item => new ItemTexts(),
        RowSize.Small => new SmallItemTexts(),
        RowSize.Large => new LargeItemTexts(),
        _ => throw new ArgumentOutOfRangeException(nameof(row)),
    };

    public static string Id(int index) => string.Create(CultureInfo.InvariantCulture, $"item_4fz8k1q{index:x8}");

    public static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"{Names[index % Names.Length]} {index}");

    protected static string UpdatedAt(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"2026-11-22T10:46:{index % 60:00}.{index * 641 % 1_000_000:000000}+00:00");
}
