using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>What must become of a row.</summary>
internal enum Fate
{
    /// <summary>Any of these: no server sends it so, and what is promised of it is that nobody throws.</summary>
    Unknown,

    /// <summary>It must come.</summary>
    Ours,

    /// <summary>It must not, and is somebody else's.</summary>
    Foreign,

    /// <summary>It must not, for nobody can read it whole.</summary>
    Unreadable,
}

/// <summary>Reads a row with System.Text.Json, and says what must become of it by rules of its own.</summary>
internal static class RowTwin
{
    private const string Key = "id";

    /// <summary>A row of a page, for a reader of rows.</summary>
    public static Fate OfTyped(JsonElement row, out FuzzRow? expected)
    {
        expected = null;
        if (Judge(row) is not Fate.Ours and var fate)
        {
            return fate;
        }

        return HasNameTwice(row) ? Fate.Unknown : TryDecode(row, out expected) ? Fate.Ours : Fate.Unreadable;
    }

    /// <summary>A row of a page, for a reader of raw ones that are named by tenant and key.</summary>
    public static Fate OfRaw(JsonElement row)
    {
        if (Judge(row) is not Fate.Ours and var fate)
        {
            return fate;
        }

        return IsPlainKey(row.GetProperty(Key)) is not { } isKey ? Fate.Unknown : isKey && Utf8.IsValid(JsonMarshal.GetRawUtf8Value(row)) ? Fate.Ours : Fate.Unreadable;
    }

    /// <summary>A whole row of ours, every number of which is what the text says.</summary>
    public static bool TryDecode(JsonElement row, out FuzzRow? decoded)
    {
        decoded = null;
        try
        {
            decoded = JsonSerializer.Deserialize(JsonMarshal.GetRawUtf8Value(row), FuzzJson.Default.FuzzRow);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }

        return !IsRounded(row, decoded!);
    }

    public static bool IsRounded(JsonElement row, FuzzRow decoded) => row.TryGetProperty("qty", out var quantity) && quantity.ValueKind == JsonValueKind.Number
        && ExactNumber.Parse(quantity.GetRawText()) != ExactNumber.Parse(decoded.Quantity!.Value.ToString(CultureInfo.InvariantCulture));

    /// <summary>The value of a text; <see langword="null"/> for another value, and for a text that is not Unicode.</summary>
    public static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public static bool HasNameTwice(JsonElement row) => Names(row) is not { } names || names.Distinct(StringComparer.Ordinal).Count() != names.Count;

    /// <summary>Whether a value can be a raw key; <see langword="null"/> for what PostgreSQL has no key of.</summary>
    public static bool? IsPlainKey(JsonElement key) => key.ValueKind switch
    {
        JsonValueKind.Object or JsonValueKind.Array => null,
        JsonValueKind.String => TextOf(key) is not null,
        JsonValueKind.Number => ExactNumber.Parse(key.GetRawText()) is { IsOrdinary: true } ? true : null,
        _ => true,
    };

    private static Fate Judge(JsonElement row)
    {
        if (Names(row) is not { } names)
        {
            return Fate.Unknown; // it depends on what else is there whether the name is looked at
        }

        // Which of two tenants or keys counted, nobody could say.
        var isOurs = names.Count(static n => n == FuzzTables.TenantColumn) == 1 && names.Count(static n => n == Key) <= 1 && TextOf(row.GetProperty(FuzzTables.TenantColumn)) == FuzzTables.Tenant;
        return !isOurs ? Fate.Foreign : !row.TryGetProperty(Key, out var key) || key.ValueKind == JsonValueKind.Null ? Fate.Unreadable : Fate.Ours;
    }

    /// <summary><see langword="null"/> where one is not Unicode.</summary>
    private static List<string>? Names(JsonElement row)
    {
        try
        {
            return [.. row.EnumerateObject().Select(static p => p.Name)];
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
