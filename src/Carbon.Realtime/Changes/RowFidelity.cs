using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>
/// Finds what would make a typed row say something else than the table: values that the server cuts, and numbers that a decimal would round.
/// Reader's loop only. Untyped rows carry the server's text, whatever it is.
/// </summary>
internal sealed class RowFidelity
{
    private readonly IReadOnlyList<MappedColumn> _columns;
    private readonly IReadOnlyList<string> _key;
    private readonly string _table;
    private readonly string _row;
    private readonly ILogger _logger;
    private readonly int[] _hints;
    private readonly int[] _decimals;
    private readonly HashSet<string> _told = [];
    private int[] _cut = [];
    private TableColumns? _typesOf;
    private string? _cutKey;

    public RowFidelity(IReadOnlyList<MappedColumn> columns, IReadOnlyList<string> key, string table, string row, ILogger logger)
    {
        _columns = columns;
        _key = key;
        _table = table;
        _row = row;
        _logger = logger;
        _hints = new int[columns.Count];
        _decimals = [.. Enumerable.Range(0, columns.Count).Where(i => columns[i].HoldsDecimals)];
    }

    /// <summary>Whether the key itself is cut, so that it would name other rows. Says so, once.</summary>
    public bool IsKeyCut(TableColumns columns)
    {
        Look(columns);
        if (_cutKey is null)
        {
            return false;
        }

        TellCut(_cutKey);
        return true;
    }

    /// <summary>Whether a column that the row maps has a value of which the server sent the first character only. Says so, once.</summary>
    public bool HasCut(ReadOnlySpan<byte> record, RecordIndex index, TableColumns columns)
    {
        Look(columns);
        foreach (var i in _cut)
        {
            if (index.TryFind(record, _columns[i].Utf8, ref _hints[i], out var value) && !value.SequenceEqual("null"u8))
            {
                TellCut(_columns[i].Name);
                return true;
            }
        }

        return false;
    }

    /// <summary>The column whose number a decimal cannot hold; <see langword="null"/> if there is none.</summary>
    public string? FindRounded(ReadOnlySpan<byte> record, RecordIndex index)
    {
        foreach (var i in _decimals)
        {
            if (index.TryFind(record, _columns[i].Utf8, ref _hints[i], out var value) && !_columns[i].Holds(value))
            {
                return _columns[i].Name;
            }
        }

        return null;
    }

    private void Look(TableColumns columns)
    {
        if (ReferenceEquals(columns, _typesOf))
        {
            return;
        }

        _typesOf = columns;
        _cut = [.. Enumerable.Range(0, _columns.Count).Where(i => IsCut(columns.TypeOf(_columns[i].Utf8)))];
        _cutKey = _cut.Select(i => _columns[i].Name).FirstOrDefault(_key.Contains);
    }

    /// <summary>char(n) and bit(n), and arrays of them: the server casts to the type without its length, which SQL takes for one (docs/protocol.md, "Values").</summary>
    /// <remarks>A char(1) comes whole, but nothing in a change tells it from a char(2).</remarks>
    private static bool IsCut(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("bpchar"u8) || type.SequenceEqual("bit"u8) || type.SequenceEqual("_bpchar"u8) || type.SequenceEqual("_bit"u8);

    private void TellCut(string column)
    {
        if (_told.Add(column))
        {
            ChangesLog.ColumnCut(_logger, _table, column, _row);
        }
    }
}
