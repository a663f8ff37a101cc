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

    /// <summary>Whether two rows say the same: by their own equality or, for types that have none, as JSON.</summary>
    public bool IsSame(TRow one, TRow other) =>
        EqualityComparer<TRow>.Default.Equals(one, other) || encodeRow(one).AsSpan().SequenceEqual(encodeRow(other));

    /// <summary>The same keys without rows: for changes that only say which row to read.</summary>
    public TableDefinition<TKey, TRow> KeysOnly() => new(key, [], static _ => default!, static _ => [], keyOf: null);

    public MappedColumn? Find(string column) => columns.FirstOrDefault(c => c.Name == column);

    /// <summary>Why the client cannot judge a condition in the server's stead, as far as the row type tells.</summary>
    public string? WhyNotJudged(FilterCondition condition) => Find(condition.Column)?.WhyNotJudged(condition);
}
