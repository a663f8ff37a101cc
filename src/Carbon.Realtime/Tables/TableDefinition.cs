using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tables;

/// <summary>Makes a row from a record's JSON. The only user code (constructors, init setters, converters) on the reader: it must be pure.</summary>
internal delegate TRow RowDecoder<out TRow>(ReadOnlySpan<byte> record);

/// <summary>What is known of a table once it is defined: shared by everything that is derived from it.</summary>
/// <param name="key">How keys are made of key columns.</param>
/// <param name="columns">The columns the row type maps; a record that lacks one is never decoded. None for untyped rows.</param>
/// <param name="decodeRow">How rows are made.</param>
/// <param name="keyOf">The key of a row; <see langword="null"/> where only the record knows it.</param>
internal sealed class TableDefinition<TKey, TRow>(
    KeyCodec<TKey> key, IReadOnlyList<MappedColumn> columns, RowDecoder<TRow> decodeRow, Func<TRow, TKey>? keyOf)
{
    public KeyCodec<TKey> Key => key;

    public IReadOnlyList<MappedColumn> Columns => columns;

    public RowDecoder<TRow> DecodeRow => decodeRow;

    public Func<TRow, TKey>? KeyOf => keyOf;

    public MappedColumn? Find(string column) => columns.FirstOrDefault(c => c.Name == column);

    /// <summary>Why the client cannot judge a condition in the server's stead, as far as the row type tells.</summary>
    public string? WhyNotJudged(FilterCondition condition) => Find(condition.Column)?.WhyNotJudged(condition);
}
