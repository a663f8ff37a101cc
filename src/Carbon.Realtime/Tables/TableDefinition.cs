using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tables;

/// <summary>Makes a row from a record's JSON. The only user code (constructors, init setters, converters) on the reader: it must be pure.</summary>
internal delegate TRow RowDecoder<out TRow>(ReadOnlySpan<byte> record);

/// <summary>What is known of a table once it is defined: shared by everything that is derived from it.</summary>
/// <param name="key">How keys are made of key columns.</param>
/// <param name="columns">The columns the row type maps; a record that lacks one is never decoded. None for untyped rows.</param>
/// <param name="decodeRow">How rows are made.</param>
/// <param name="encodeRow">The row as JSON again, such that <paramref name="decodeRow"/> reads it.</param>
/// <param name="keyOf">The key of a row; <see langword="null"/> where only the record knows it.</param>
internal sealed class TableDefinition<TKey, TRow>(
    KeyCodec<TKey> key, IReadOnlyList<MappedColumn> columns, RowDecoder<TRow> decodeRow, Func<TRow, byte[]> encodeRow, Func<TRow, TKey>? keyOf)
{
    public KeyCodec<TKey> Key => key;

    public IReadOnlyList<MappedColumn> Columns => columns;

    public RowDecoder<TRow> DecodeRow => decodeRow;

    public Func<TRow, byte[]> EncodeRow => encodeRow;

    public Func<TRow, TKey>? KeyOf => keyOf;

    /// <summary>Whether rows stay raw JSON: then a record has every column that its change lists, or is not whole.</summary>
    public bool IsRaw { get; init; }

    /// <summary>How a row that was read differs from the one that is held: by their own equality and, where that finds a difference, as JSON.</summary>
    /// <remarks>A type with a member that has no equality of its own (raw JSON, a collection) is never equal by itself.</remarks>
    public RowDifference Compare(TRow held, TRow read)
    {
        if (EqualityComparer<TRow>.Default.Equals(held, read))
        {
            return RowDifference.None;
        }

        var (one, other) = (encodeRow(held), encodeRow(read));
        return one.AsSpan().SequenceEqual(other) ? RowDifference.None : JsonDifference.Between(one, other);
    }

    /// <summary>The same keys without rows: for changes that only say which row to read.</summary>
    public TableDefinition<TKey, TRow> KeysOnly() => new(key, [], static _ => default!, static _ => [], keyOf: null);

    public MappedColumn? Find(string column) => columns.FirstOrDefault(c => c.Name == column);

    /// <summary>The column that a row could not be decoded at, as <c>$.name</c>; <see langword="null"/> where it is none that the row maps.</summary>
    /// <param name="path">Of a <see cref="System.Text.Json.JsonException"/>.</param>
    /// <remarks>
    /// It is logged and counted by: the path beyond the column may quote a jsonb's names, and a name that nobody maps is the server's word, of any length
    /// and without end.
    /// </remarks>
    public string? ColumnAt(string? path)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            if (BeginsAt(columns[i].Name, path))
            {
                return "$." + columns[i].Name;
            }
        }

        return null;
    }

    /// <summary>Whether a path is <c>$.name</c> or <c>$['name']</c>, or leads on from there.</summary>
    private static bool BeginsAt(string column, ReadOnlySpan<char> path)
    {
        var isAt = Skip(ref path, "$['") ? Skip(ref path, column) && Skip(ref path, "']") : Skip(ref path, "$.") && Skip(ref path, column);
        return isAt && path is [] or ['.' or '[', ..];

        static bool Skip(ref ReadOnlySpan<char> text, ReadOnlySpan<char> start)
        {
            var begins = text.StartsWith(start);
            text = begins ? text[start.Length..] : text;
            return begins;
        }
    }

    /// <summary>Why the client cannot judge a condition in the server's stead, as far as the row type tells.</summary>
    public string? WhyNotJudged(FilterCondition condition) => Find(condition.Column)?.WhyNotJudged(condition);
}
