namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>An item with its texts, about 20 KB: finding the record's end and making its strings weigh the most here.</summary>
public sealed class LargeItem : RaceRow
{
    public string CompanyId { get; set; } = "";
    public DateTimeOffset? UpdatedAt { get; set; }
    public string Description { get; set; } = "";
    public string Notes { get; set; } = "";
    public string Instructions { get; set; } = "";
    public string Specification { get; set; } = "";
}
