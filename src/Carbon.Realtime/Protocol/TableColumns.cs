using System.Text.Json;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Protocol;

/// <summary>The columns of a table as its changes list them: names, and PostgreSQL's type names.</summary>
internal sealed class TableColumns
{
    /// <summary>PostgreSQL's tables have no more: what a server lists beyond is no list of a table's columns.</summary>
    public const int Most = RecordIndex.MaxProperties;

    private readonly Dictionary<byte[], byte[]> _types = new(Utf8Keys.Comparer);

    private TableColumns(byte[] json) => Json = json;

    /// <summary>No columns known.</summary>
    public static TableColumns None { get; } = new([]);

    /// <summary>The text these were read from: an equal text need not be read again.</summary>
    public byte[] Json { get; }

    public int Count => _types.Count;

    /// <summary>Every column, in the order listed.</summary>
    public IReadOnlyList<byte[]> Names { get; private set; } = [];

    /// <summary>Every column with its type.</summary>
    public IEnumerable<KeyValuePair<byte[], byte[]>> Types => _types;

    /// <summary>The type of a column (<c>int4</c>, <c>_text</c>, an enum's name), or empty where it is not listed.</summary>
    public byte[] TypeOf(ReadOnlySpan<byte> column) =>
        _types.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(column, out var type) ? type : [];

    public static bool TryParse(ReadOnlySpan<byte> json, out TableColumns columns)
    {
        columns = new TableColumns(json.ToArray());
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            foreach (var column in document.RootElement.EnumerateArray())
            {
                columns._types[Utf8(column, "name"u8)] = Utf8(column, "type"u8);
                if (columns.Count > Most)
                {
                    columns = None;
                    return false;
                }
            }

            columns.Names = [.. columns._types.Keys];

            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            columns = None;
            return false;
        }
    }

    private static byte[] Utf8(JsonElement column, ReadOnlySpan<byte> property) =>
        System.Text.Encoding.UTF8.GetBytes(column.GetProperty(property).GetString() ?? "");
}
