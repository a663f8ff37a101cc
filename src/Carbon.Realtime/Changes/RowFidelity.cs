using System.Text;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>
/// Finds what would make a row say something else than the table: values that the server cuts, and numbers that a decimal would round.
/// Reader's loop only. Raw rows of a stream carry the server's text, whatever it is; those of a store must say what a read says.
/// </summary>
internal sealed class RowFidelity
{
    /// <summary>PostgreSQL's names have 63 bytes.</summary>
    private const int LongestName = 64;

    private readonly IReadOnlyList<MappedColumn> _columns;
    private readonly IReadOnlyList<string> _key;
    private readonly bool _isHeld;
    private readonly bool _isRaw;
    private readonly string _table;
    private readonly string _row;
    private readonly ILogger _logger;
    private readonly int[] _hints;
    private readonly int[] _decimals;
    private HashSet<string>? _told;
    private byte[][] _cut = [];
    private int[] _cutHints = [];
    private TableColumns? _typesOf;
    private string? _cutKey;

    /// <param name="columns">The columns that the row maps.</param>
    /// <param name="key">The key's.</param>
    /// <param name="isHeld">Whether rows are held beside others that were read.</param>
    /// <param name="isRaw">Whether a row has every column that its change lists.</param>
    /// <param name="table">The table, for the log.</param>
    /// <param name="row">The row's type, for the log.</param>
    /// <param name="logger">The log.</param>
    public RowFidelity(IReadOnlyList<MappedColumn> columns, IReadOnlyList<string> key, bool isHeld, bool isRaw, string table, string row, ILogger logger)
    {
        _isHeld = isHeld;
        _isRaw = isRaw;
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
        for (var i = 0; i < _cut.Length; i++)
        {
            if (index.TryFind(record, _cut[i], ref _cutHints[i], out var value) && !value.SequenceEqual("null"u8))
            {
                TellCut(Encoding.UTF8.GetString(_cut[i]));
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
        if (!ReferenceEquals(columns, _typesOf))
        {
            Learn(columns);
        }
    }

    /// <remarks>Apart from <see cref="Look"/>, for what its lambdas close over is made where a method begins: 64 bytes for each change.</remarks>
    private void Learn(TableColumns columns)
    {
        _typesOf = columns;
        _cut = [.. (_isHeld && _isRaw ? columns.Names : _columns.Select(static c => c.Utf8)).Where(c => IsCut(columns.TypeOf(c)))];
        _cutHints = new int[_cut.Length];
        _cutKey = _isRaw && !_isHeld ? null : _key.FirstOrDefault(c => IsCut(columns.TypeOf(Encoding.UTF8.GetBytes(c))));
    }

    /// <summary>char(n) and bit(n), and arrays of them: the server casts to the type without its length, which SQL takes for one (docs/protocol.md, "Values").</summary>
    /// <remarks>A char(1) comes whole, but nothing in a change tells it from a char(2).</remarks>
    private static bool IsCut(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("bpchar"u8) || type.SequenceEqual("bit"u8) || type.SequenceEqual("_bpchar"u8) || type.SequenceEqual("_bit"u8);

    private void TellCut(string column)
    {
        // Of raw rows any name may come.
        if ((_told ??= []).Count < TableColumns.Most && _told.Add(column))
        {
            ChangesLog.ColumnCut(_logger, _table, ServerWords.Tell(column, LongestName), _row);
        }
    }
}
