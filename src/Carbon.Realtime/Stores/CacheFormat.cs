using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime.Stores;

/// <summary>How a table's rows and keys are written in the cache.</summary>
internal sealed class CacheFormat<TKey, TRow>(TableDefinition<TKey, TRow> definition)
    where TKey : notnull
{
    private readonly RowHead _head = new(definition.Key.ColumnsUtf8, tenantColumn: null);

    /// <summary>Columns and the types they are mapped to: another version of the row type has another shape.</summary>
    public string Shape => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', definition.Columns.Select(static c => $"{c.Name}:{c.TypeName}").Prepend(string.Join(',', definition.Key.Columns))))));

    public byte[] Encode(TRow row) => definition.EncodeRow(row);

    /// <exception cref="JsonException">It is no row of this shape.</exception>
    public KeyValuePair<TKey, TRow> Decode(ReadOnlySpan<byte> json)
    {
        var row = definition.DecodeRow(json);
        if (row is null)
        {
            throw new JsonException("A cached row is null.");
        }

        return definition.KeyOf is { } keyOf ? new(keyOf(row) ?? throw new JsonException("A cached row's key is null."), row)
            : _head.TryRead(json, true, out _, out var key) ? new(definition.Key.Decode(key), row)
            : throw new JsonException("A cached row has no key.");
    }

    /// <summary>A key as text; one of several columns is a JSON array.</summary>
    public string TextOf(TKey key)
    {
        var parts = definition.Key.Encode(key);
        if (parts.Length == 1)
        {
            return parts[0];
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var part in parts)
            {
                writer.WriteStringValue(part);
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
