using System.Net;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>The header <c>Prefer</c>. Unknown preferences are ignored, unless they are to be handled strictly.</summary>
/// <param name="Counts">Whether all matching rows are counted. An estimate is exact here.</param>
/// <param name="Applied">What the answer says was applied.</param>
internal sealed record RestPreferences(bool Counts, IReadOnlyList<string> Applied)
{
    private static readonly HashSet<string> Applicable = new(StringComparer.Ordinal)
    {
        "count=exact", "count=planned", "count=estimated", "handling=strict", "handling=lenient",
    };

    public static RestPreferences Parse(string? header)
    {
        var given = (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var unknown = given.Where(static p => !Applicable.Contains(p)).ToArray();
        if (unknown.Length > 0 && given.Contains("handling=strict"))
        {
            throw new RestException(
                HttpStatusCode.BadRequest, "PGRST122", "Invalid preferences given with handling=strict", $"Invalid preferences: {string.Join(", ", unknown)}");
        }

        // The first of a kind wins.
        var applied = given.Where(Applicable.Contains).DistinctBy(static p => p.Split('=')[0]).ToArray();
        return new RestPreferences(applied.Any(static p => p.StartsWith("count=", StringComparison.Ordinal)), applied);
    }
}
