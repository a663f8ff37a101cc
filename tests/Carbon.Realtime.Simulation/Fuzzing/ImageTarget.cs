using System.Text;
using System.Text.Json;
using Carbon.Realtime.Stores;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>A row as the cache keeps it. Declared: <see cref="JsonException"/>. What is read is written so that it is read as the same again, and its key as a text, the same for the same key.</summary>
internal sealed class ImageTarget : FuzzTarget
{
    private readonly CacheFormat<string, FuzzRow> _typed = new(FuzzTables.Typed.Definition);
    private readonly CacheFormat<JsonElement, JsonElement> _untyped = new(FuzzTables.Untyped.Definition);
    private readonly CacheFormat<JsonElement, JsonElement> _pair = new(FuzzTables.UntypedPair.Definition);

    public override string Name => "image";

    public override (long Fixed, long PerByte) Budget => (48 * 1024, 64);

    public override IReadOnlyList<byte[]> Recorded { get; } = [.. Recordings.Changes.Select(RecordOf).OfType<byte[]>()];

    public override byte[] Write(Chance chance) => Encoding.UTF8.GetBytes(FuzzTables.Row(chance));

    protected override Verdict Judge(byte[] input)
    {
        var isTyped = Check(_typed, FuzzTables.Typed.Definition, input);
        var isUntyped = Check(_untyped, FuzzTables.Untyped.Definition, input);
        var isPair = Check(_pair, FuzzTables.UntypedPair.Definition, input);
        return isTyped ? Verdict.Accepted("row")
            : isUntyped || isPair ? Verdict.Accepted("raw row")
            : Verdict.Refused("JsonException");
    }

    private bool Check<TKey, TRow>(CacheFormat<TKey, TRow> format, TableDefinition<TKey, TRow> definition, byte[] input)
        where TKey : notnull
    {
        Begin();
        try
        {
            var (key, row) = format.Decode(input);
            var text = format.TextOf(key);
            var json = Encode(format, row);
            End();
            if (json is null)
            {
                Uncompared();
                return true;
            }

            var (sameKey, sameRow) = format.Decode(json);
            var keys = definition.Key.Comparer;
            Require(keys.Equals(key, sameKey) && keys.GetHashCode(key) == keys.GetHashCode(sameKey) && format.TextOf(sameKey) == text, "round trip of a key");
            Require(AreSame(row, sameRow), "round trip of a row");
            return true;
        }
        catch (JsonException)
        {
            End();
            return false;
        }
    }

    /// <summary>A row that cannot be written is not kept, which is said: infinities are no JSON, and half a surrogate pair is no text.</summary>
    private static byte[]? Encode<TKey, TRow>(CacheFormat<TKey, TRow> format, TRow row)
        where TKey : notnull
    {
        try
        {
            return format.Encode(row);
        }
        catch (Exception e) when (row is FuzzRow && e is JsonException or ArgumentException)
        {
            return null;
        }
    }

    private static byte[]? RecordOf(byte[] payload)
    {
        using var document = JsonDocument.Parse(payload);
        return document.RootElement.GetProperty("data").TryGetProperty("record", out var record) && record.ValueKind == JsonValueKind.Object ? Encoding.UTF8.GetBytes(record.GetRawText()) : null;
    }
}
