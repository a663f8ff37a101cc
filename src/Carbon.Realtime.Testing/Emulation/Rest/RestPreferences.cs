using System.Globalization;
using System.Net;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>The header <c>Prefer</c>. The first of a kind wins; unknown preferences are ignored, unless they are to be handled strictly.</summary>
internal sealed class RestPreferences
{
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "count=exact", "count=planned", "count=estimated", "handling=strict", "handling=lenient", "return=representation", "return=minimal",
        "return=headers-only", "resolution=merge-duplicates", "resolution=ignore-duplicates", "missing=default", "missing=null", "tx=commit", "tx=rollback",
    };

    private readonly OrderedDictionary<string, string> _given = new(StringComparer.Ordinal);

    private RestPreferences()
    {
    }

    /// <summary>Whether all matching rows are counted. An estimate is exact here.</summary>
    public bool Counts => _given.ContainsKey("count");

    /// <summary>Of a write: <c>representation</c>, <c>headers-only</c>, or nothing.</summary>
    public string? Return => _given.GetValueOrDefault("return");

    /// <summary>Of an insert: what becomes of a row whose key exists.</summary>
    public string? Resolution => _given.GetValueOrDefault("resolution");

    public bool FillsDefaults => _given.GetValueOrDefault("missing") == "default";

    /// <summary>How many rows a PATCH or DELETE may touch; only where preferences are handled strictly.</summary>
    public long? MaxAffected =>
        IsStrict && _given.TryGetValue("max-affected", out var most) ? long.Parse(most, CultureInfo.InvariantCulture) : null;

    private bool IsStrict => _given.GetValueOrDefault("handling") == "strict";

    /// <exception cref="RestException">One is unknown and they are to be handled strictly, or one is not imitated.</exception>
    public static RestPreferences Parse(string? header)
    {
        var preferences = new RestPreferences();
        var unknown = new List<string>();
        foreach (var preference in (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!IsKnown(preference))
            {
                unknown.Add(preference);
            }
            else if (preference.IndexOf('=', StringComparison.Ordinal) is var equals)
            {
                preferences._given.TryAdd(preference[..equals], preference[(equals + 1)..]);
            }
        }

        if (unknown.Count > 0 && preferences.IsStrict)
        {
            throw new RestException(
                HttpStatusCode.BadRequest, "PGRST122", "Invalid preferences given with handling=strict", $"Invalid preferences: {string.Join(", ", unknown)}");
        }

        return preferences._given.GetValueOrDefault("timezone") is { } zone and not ("UTC" or "Etc/UTC" or "GMT")
            ? throw RestException.NotImitated($"the time zone {zone}")
            : preferences;
    }

    /// <summary>What the answer says was applied. <c>tx</c> is ignored, for Supabase lets nobody choose.</summary>
    /// <param name="kinds">Those that mean something to the request.</param>
    public IReadOnlyList<string> Applied(params ReadOnlySpan<string> kinds)
    {
        var applied = new List<string>();
        foreach (var (kind, value) in _given)
        {
            if (kinds.Contains(kind) && (kind != "max-affected" || IsStrict))
            {
                applied.Add($"{kind}={value}");
            }
        }

        return applied;
    }

    private static bool IsKnown(string preference) => Known.Contains(preference)
        || (preference.StartsWith("max-affected=", StringComparison.Ordinal)
            && long.TryParse(preference.AsSpan("max-affected=".Length), NumberStyles.None, CultureInfo.InvariantCulture, out _))
        || preference.StartsWith("timezone=", StringComparison.Ordinal);
}
