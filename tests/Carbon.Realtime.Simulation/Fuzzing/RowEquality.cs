using System.Text.Json;
using System.Text.Json.Nodes;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Whether two rows say the same, told without the library: by what System.Text.Json writes of them.</summary>
internal static class RowEquality
{
    /// <summary>An infinity is a value of a float, if none of JSON.</summary>
    private static readonly FuzzJson Json = new(new JsonSerializerOptions { NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals });

    /// <summary><see langword="null"/> where nobody can tell: half a surrogate pair, or a number beyond all bounds, in a raw value.</summary>
    public static bool? AreSame<TRow>(TRow one, TRow other) => (one, other) switch
    {
        (FuzzRow row, FuzzRow another) => Of(row, another),
        (JsonElement row, JsonElement another) => OfRaw(row, another),
        _ => throw new InvalidOperationException($"No target has rows of {typeof(TRow)}."),
    };

    private static bool? Of(FuzzRow one, FuzzRow other) =>
        JsonNode.DeepEquals(Write(one), Write(other)) && one.Document.HasValue == other.Document.HasValue
            ? one.Document is { } document ? OfRaw(document, other.Document!.Value) : true
            : false;

    private static bool? OfRaw(JsonElement one, JsonElement other)
    {
        try
        {
            return one.GetRawText() == other.GetRawText() || JsonElement.DeepEquals(one, other);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>But for the document, which may hold what cannot be written.</summary>
    private static JsonNode? Write(FuzzRow row) => JsonSerializer.SerializeToNode(row with { Document = null }, Json.FuzzRow);
}
