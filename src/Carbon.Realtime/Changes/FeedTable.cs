using System.Text;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>What is the same for every feed of a table, made once: thousands of filters of one table must not keep its name thousands of times.</summary>
internal sealed class FeedTable
{
    private readonly ILogger _logger;
    private WeakReference<object>? _records;

    public FeedTable(IRealtimeTable table, RealtimeInstruments instruments, ILogger logger)
    {
        Name = $"{table.Schema}.{table.Name}";
        SchemaUtf8 = Encoding.UTF8.GetBytes(table.Schema);
        NameUtf8 = Encoding.UTF8.GetBytes(table.Name);
        Tally = new FeedTally(Name, instruments, logger);
        _logger = logger;
    }

    /// <summary>With its schema; for the log and the counters.</summary>
    public string Name { get; }

    /// <summary>As a change names it.</summary>
    public byte[] SchemaUtf8 { get; }

    /// <inheritdoc cref="SchemaUtf8"/>
    public byte[] NameUtf8 { get; }

    public FeedTally Tally { get; }

    /// <summary>What takes records apart for all streams of one definition; there while one of them has it. Under the gate.</summary>
    /// <remarks>The last one that was made: a program that defines a table twice has some more.</remarks>
    public RecordDecoder<TKey, TRow> RecordsOf<TKey, TRow>(TableDefinition<TKey, TRow> definition)
        where TKey : notnull
    {
        if (_records is not null && _records.TryGetTarget(out var last) && last is RecordDecoder<TKey, TRow> records && records.Definition == definition)
        {
            return records;
        }

        records = new RecordDecoder<TKey, TRow>(Name, definition, isHeld: false, _logger);
        _records = new WeakReference<object>(records);
        return records;
    }
}
