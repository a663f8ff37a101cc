using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Carbon.Realtime.Benchmarks.Growth;

/// <summary>A row of any size.</summary>
public sealed class GrowthRow
{
    public string Id { get; set; } = "";
    public string Text { get; set; } = "";

    /// <summary>A change of a row whose text is so long.</summary>
    public static byte[] Frame(string topic, IReadOnlyList<long> ids, int index, int length) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$$"""[null,null,"{{{topic}}}","postgres_changes",{"data":{"table":"grown","type":"INSERT","record":{"id": "row{{{index:00000}}}", "text": "{{{new string('x', length)}}}"},"columns":[{"name": "id", "type": "text"}, {"name": "text", "type": "text"}],"errors":null,"schema":"public","commit_timestamp":"2026-11-22T10:46:{{{index % 60:00}}}.{{{index % 1000:000}}}Z"},"ids":[{{{string.Join(',', ids)}}}]}]"""));

    /// <summary>What a bare loop does with such a frame: every token, and the row.</summary>
    public static GrowthRow Read(ReadOnlySpan<byte> frame)
    {
        var reader = new Utf8JsonReader(frame);
        var (start, end) = (0, 0);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 3 || !reader.ValueTextEquals("record"u8)) continue;
            reader.Read();
            start = (int)reader.TokenStartIndex;
            reader.Skip();
            end = (int)reader.BytesConsumed;
        }

        return JsonSerializer.Deserialize(frame[start..end], GrowthJson.Default.GrowthRow)!;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GrowthRow))]
public sealed partial class GrowthJson : JsonSerializerContext;
