using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime;

/// <summary>Defines tables. A definition is made once, checked at once, and shared by streams, stores and reads.</summary>
public static class RealtimeTable
{
    /// <summary>A table with a key of one column.</summary>
    /// <param name="name">The table's exact name; the schema is <c>public</c> unless <see cref="RealtimeTable{TKey, TRow}.InSchema"/> says otherwise.</param>
    /// <param name="row">The row type's JSON metadata, from a source-generated context. Its property names are the columns' names, in their case: metadata that takes them in any is refused.</param>
    /// <param name="keyColumn">The primary key's column.</param>
    /// <param name="key">The key of a row. Pure: it runs on the reader. So is a key's equality: stores ask it while readers wait.</param>
    /// <exception cref="ArgumentException">The definition contradicts the metadata; the message says how.</exception>
    public static RealtimeTable<TKey, TRow> Define<TKey, TRow>(string name, JsonTypeInfo<TRow> row, string keyColumn, Func<TRow, TKey> key)
        where TKey : notnull =>
        Define(name, row, new SingleKeyCodec<TKey>(keyColumn, KeyType<TKey, TRow>(name, row, keyColumn)), key);

    /// <summary>A table with a key of two columns: a tuple, never a joined string, which could collide.</summary>
    /// <inheritdoc cref="Define{TKey, TRow}(string, JsonTypeInfo{TRow}, string, Func{TRow, TKey})"/>
    public static RealtimeTable<(T1, T2), TRow> Define<T1, T2, TRow>(
        string name, JsonTypeInfo<TRow> row, string firstKeyColumn, string secondKeyColumn, Func<TRow, (T1, T2)> key) =>
        Define(name, row, new PairKeyCodec<T1, T2>(
            firstKeyColumn, secondKeyColumn, KeyType<T1, TRow>(name, row, firstKeyColumn), KeyType<T2, TRow>(name, row, secondKeyColumn)), key);

    /// <summary>A table with a key of three columns.</summary>
    /// <inheritdoc cref="Define{TKey, TRow}(string, JsonTypeInfo{TRow}, string, Func{TRow, TKey})"/>
    public static RealtimeTable<(T1, T2, T3), TRow> Define<T1, T2, T3, TRow>(
        string name, JsonTypeInfo<TRow> row, string firstKeyColumn, string secondKeyColumn, string thirdKeyColumn, Func<TRow, (T1, T2, T3)> key) =>
        Define(name, row, new TripleKeyCodec<T1, T2, T3>(
            firstKeyColumn, secondKeyColumn, thirdKeyColumn, KeyType<T1, TRow>(name, row, firstKeyColumn),
            KeyType<T2, TRow>(name, row, secondKeyColumn), KeyType<T3, TRow>(name, row, thirdKeyColumn)), key);

    /// <summary>A table whose rows stay raw JSON: every column the server sends, in the server's own text.</summary>
    /// <param name="name">The table's exact name.</param>
    /// <param name="keyColumns">The primary key's columns, at most three; <c>id</c> when none is named. Several give the key as a JSON array.</param>
    public static RealtimeTable<JsonElement, JsonElement> Untyped(string name, params string[] keyColumns)
    {
        ArgumentNullException.ThrowIfNull(keyColumns);
        if (keyColumns.Length > KeyCodec<JsonElement>.MaxColumns)
        {
            throw new ArgumentException($"A key has at most {KeyCodec<JsonElement>.MaxColumns} columns.", nameof(keyColumns));
        }

        var key = new JsonKeyCodec(keyColumns.Length == 0 ? ["id"] : keyColumns);
        return new RealtimeTable<JsonElement, JsonElement>(
            new TableDefinition<JsonElement, JsonElement>(key, [], JsonKeyCodec.Parse, JsonKeyCodec.TextOf, keyOf: null) { IsRaw = true },
            "public", CheckName(name));
    }

    internal static string CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return name.Contains('*', StringComparison.Ordinal)
            ? throw new ArgumentException("Wildcards are not supported: a stream is of one table.", nameof(name))
            : name;
    }

    private static RealtimeTable<TKey, TRow> Define<TKey, TRow>(string name, JsonTypeInfo<TRow> row, KeyCodec<TKey> key, Func<TRow, TKey> keyOf)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(keyOf);
        RequireExactNames(name, row);
        var columns = row.Properties.Where(IsRead).Select(static p => new MappedColumn(p)).ToArray();
        var definition = new TableDefinition<TKey, TRow>(
            key, columns, record => JsonSerializer.Deserialize(record, row)!, value => JsonSerializer.SerializeToUtf8Bytes(value, row), keyOf);
        return new RealtimeTable<TKey, TRow>(definition, "public", CheckName(name));
    }

    /// <summary>Columns are told apart by case: otherwise the guard would judge <c>companyId</c>, and the row be made of a <c>CompanyID</c> that stands behind it.</summary>
    private static void RequireExactNames<TRow>(string table, JsonTypeInfo<TRow> row)
    {
        if (row.Options.PropertyNameCaseInsensitive)
        {
            throw new ArgumentException(
                $"Table {table}: the metadata of {typeof(TRow).Name} takes property names in any case, and columns are told apart by it. Write "
                + "PropertyNameCaseInsensitive = false where its context is made, as in [JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNameCaseInsensitive = false)].",
                nameof(row));
        }
    }

    /// <summary>Whether a property takes a value from the record: one that is only computed needs no column.</summary>
    private static bool IsRead(JsonPropertyInfo property) =>
        !property.IsExtensionData && (property.Set is not null || property.AssociatedParameter is not null);

    private static JsonTypeInfo<TPart> KeyType<TPart, TRow>(string table, JsonTypeInfo<TRow> row, string column)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentException.ThrowIfNullOrWhiteSpace(column);
        if (row.Kind != JsonTypeInfoKind.Object)
        {
            throw new ArgumentException($"Table {table}: {typeof(TRow).Name} is not mapped as a JSON object.", nameof(row));
        }

        var property = row.Properties.FirstOrDefault(p => p.Name == column)
            ?? throw new ArgumentException(
                $"Table {table}: {typeof(TRow).Name} has no property for the key column '{column}'. It maps: {string.Join(", ", row.Properties.Select(static p => p.Name))}.",
                nameof(row));
        if (property.PropertyType != typeof(TPart))
        {
            throw new ArgumentException(
                $"Table {table}: the key column '{column}' is a {property.PropertyType.Name} in {typeof(TRow).Name} but a {typeof(TPart).Name} in the key.",
                nameof(row));
        }

        if (property.CustomConverter is not null || property.NumberHandling is not null)
        {
            throw new ArgumentException(
                $"Table {table}: the key column '{column}' has a converter or number handling of its own in {typeof(TRow).Name}; "
                + "deletes carry only the key and would read it differently. Put it on the key's type or into the context's options.",
                nameof(row));
        }

        return (JsonTypeInfo<TPart>)row.Options.GetTypeInfo(typeof(TPart));
    }
}
