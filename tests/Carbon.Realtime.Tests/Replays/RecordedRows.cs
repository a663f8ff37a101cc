using System.Text.Json;
using System.Text.Json.Serialization;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>The tables of the recorded database, as a program would map them.</summary>
public static class Recorded
{
    public static readonly RealtimeTable<long, Todo> Todos = RealtimeTable.Define("todos", RecordedJson.Default.Todo, "id", row => row.Id);

    public static readonly RealtimeTable<long, Todo> TodosFull = RealtimeTable.Define("todos_full", RecordedJson.Default.Todo, "id", row => row.Id);

    public static readonly RealtimeTable<int, Filt> Filt = RealtimeTable.Define("filt", RecordedJson.Default.Filt, "id", row => row.Id);

    public static readonly RealtimeTable<int, AppItem> AppItems =
        RealtimeTable.Define("items", RecordedJson.Default.AppItem, "id", row => row.Id).InSchema("app");

    public static readonly RealtimeTable<long, Note> Notes = RealtimeTable.Define("rls_default", RecordedJson.Default.Note, "id", row => row.Id);

    public static readonly RealtimeTable<int, AllTypes> AllTypes = RealtimeTable.Define("alltypes", RecordedJson.Default.AllTypes, "id", row => row.Id);

    public static readonly RealtimeTable<int, SomeTypes> SomeTypes = RealtimeTable.Define("alltypes", RecordedJson.Default.SomeTypes, "id", row => row.Id);

    /// <summary>One line for each element: what happened, to which key, with which values, and when.</summary>
    public static IEnumerable<string> Told<TKey, TRow>(this IEnumerable<TableChange<TKey, TRow>> changes)
        where TKey : notnull => changes.Select(Tell);

    private static string Tell<TKey, TRow>(TableChange<TKey, TRow> change)
        where TKey : notnull
    {
        var at = change.CommittedAt?.ToString("HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
        return change switch
        {
            Inserted<TKey, TRow> inserted => $"inserted {inserted.Key} ({inserted.Row}) at {at}",
            Updated<TKey, TRow> updated => $"updated {(Equals(updated.OldKey, updated.Key) ? "" : updated.OldKey + " to ")}{updated.Key} "
                + $"({updated.Row}){(updated.HasOldRow ? $" from ({updated.OldRow})" : "")} at {at}",
            Deleted<TKey, TRow> deleted => $"deleted {deleted.Key}{(deleted.HasOldRow ? $" ({deleted.OldRow})" : "")}{(deleted.IsVerified ? "" : " unverified")} at {at}",
            _ => change.ToString()!,
        };
    }
}

public sealed record Todo(
    [property: JsonPropertyName("id")] long Id,
    [property: JsonPropertyName("title")] string? Title,
    [property: JsonPropertyName("done")] bool Done,
    [property: JsonPropertyName("user_id")] Guid? UserId,
    [property: JsonPropertyName("priority")] int? Priority,
    [property: JsonPropertyName("price")] decimal? Price,
    [property: JsonPropertyName("created_at")] DateTimeOffset CreatedAt)
{
    public override string ToString() =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Id} {Title} {Done} {UserId?.ToString()[..4]} {Priority} {Price} {CreatedAt:HH:mm:ss.ffffff}");
}

public sealed record Filt(
    [property: JsonPropertyName("id")] int Id,
    [property: JsonPropertyName("n")] int? N,
    [property: JsonPropertyName("name")] string? Name,
    [property: JsonPropertyName("b")] bool? B,
    [property: JsonPropertyName("ts")] DateTimeOffset? Ts,
    [property: JsonPropertyName("u")] Guid? U,
    [property: JsonPropertyName("tags")] IReadOnlyList<string>? Tags,
    [property: JsonPropertyName("num")] decimal? Num,
    [property: JsonPropertyName("m")] string? M)
{
    public override string ToString() => $"{Id} {N} {Name}";
}

public sealed record AppItem([property: JsonPropertyName("id")] int Id, [property: JsonPropertyName("v")] string? V)
{
    public override string ToString() => $"{Id} {V}";
}

public sealed record Note(
    [property: JsonPropertyName("id")] long Id,
    [property: JsonPropertyName("title")] string? Title,
    [property: JsonPropertyName("user_id")] Guid? UserId,
    [property: JsonPropertyName("note")] string? Text)
{
    public override string ToString() => $"{Id} {Title}";
}

/// <summary>The same table without the columns whose values a decimal cannot hold.</summary>
public sealed record SomeTypes(
    [property: JsonPropertyName("id")] int Id,
    [property: JsonPropertyName("c_numeric")] decimal? Numeric,
    [property: JsonPropertyName("c_float8")] double? Float8,
    [property: JsonPropertyName("c_json")] JsonElement? Json,
    [property: JsonPropertyName("c_jsonb")] JsonElement? Jsonb);

/// <summary>One property for each kind of column that has a .NET type of its own.</summary>
public sealed class AllTypes
{
    [JsonPropertyName("id")]
    public int Id { get; init; }

    [JsonPropertyName("c_bool")]
    public bool? Bool { get; init; }

    [JsonPropertyName("c_int2")]
    public short? TwoBytes { get; init; }

    [JsonPropertyName("c_int4")]
    public int? FourBytes { get; init; }

    [JsonPropertyName("c_int8")]
    public long? EightBytes { get; init; }

    [JsonPropertyName("c_numeric")]
    public decimal? Numeric { get; init; }

    [JsonPropertyName("c_numeric_p")]
    public decimal? NumericOfTwenty { get; init; }

    [JsonPropertyName("c_float8")]
    public double? Float8 { get; init; }

    [JsonPropertyName("c_text")]
    public string? Text { get; init; }

    [JsonPropertyName("c_uuid")]
    public Guid? Uuid { get; init; }

    [JsonPropertyName("c_ts")]
    public DateTime? Timestamp { get; init; }

    [JsonPropertyName("c_tstz")]
    public DateTimeOffset? TimestampWithZone { get; init; }

    [JsonPropertyName("c_date")]
    public DateOnly? Date { get; init; }

    [JsonPropertyName("c_time")]
    public TimeOnly? Time { get; init; }

    [JsonPropertyName("c_json")]
    public JsonElement? Json { get; init; }

    [JsonPropertyName("c_jsonb")]
    public JsonElement? Jsonb { get; init; }

    [JsonPropertyName("c_bytea")]
    public string? Bytes { get; init; }

    [JsonPropertyName("c_enum")]
    public string? Enum { get; init; }

    [JsonPropertyName("c_composite")]
    public JsonElement? Composite { get; init; }

    [JsonPropertyName("a_bool")]
    public IReadOnlyList<bool?>? Bools { get; init; }

    [JsonPropertyName("a_int4")]
    public IReadOnlyList<int?>? FourByteArray { get; init; }

    [JsonPropertyName("a_int8")]
    public IReadOnlyList<long>? EightByteArray { get; init; }

    [JsonPropertyName("a_text")]
    public IReadOnlyList<string?>? Texts { get; init; }

    [JsonPropertyName("a_text2")]
    public IReadOnlyList<IReadOnlyList<string>>? Matrix { get; init; }

    [JsonPropertyName("a_uuid")]
    public IReadOnlyList<Guid>? Uuids { get; init; }

    [JsonPropertyName("a_tstz")]
    public IReadOnlyList<DateTimeOffset>? TimestampsWithZone { get; init; }
}

[JsonSerializable(typeof(Todo))]
[JsonSerializable(typeof(Filt))]
[JsonSerializable(typeof(AppItem))]
[JsonSerializable(typeof(Note))]
[JsonSerializable(typeof(AllTypes))]
[JsonSerializable(typeof(SomeTypes))]
public sealed partial class RecordedJson : JsonSerializerContext;
