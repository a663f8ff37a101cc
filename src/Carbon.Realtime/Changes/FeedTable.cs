using System.Text;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Tables;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>What is the same for every feed of a table, made once: thousands of filters of one table must not keep its name thousands of times.</summary>
internal sealed class FeedTable
{
    private readonly ILogger _logger;
    private readonly Dictionary<object, WeakReference<object>> _records = [];
    private int _pruneAt = 8;

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
    /// <remarks>By the definition's identity. What nobody has any more is swept as the number of places doubles: a program may define its table for each stream anew.</remarks>
    public RecordDecoder<TKey, TRow> RecordsOf<TKey, TRow>(TableDefinition<TKey, TRow> definition)
        where TKey : notnull
    {
        if (_records.TryGetValue(definition, out var known) && known.TryGetTarget(out var records))
        {
            return (RecordDecoder<TKey, TRow>)records;
        }

        var made = new RecordDecoder<TKey, TRow>(Name, definition, isHeld: false, _logger);
        _records[definition] = new WeakReference<object>(made);
        if (_records.Count >= _pruneAt)
        {
            foreach (var gone in _records.Where(static r => !r.Value.TryGetTarget(out _)).Select(static r => r.Key).ToList())
            {
                _records.Remove(gone);
            }

            _pruneAt = Math.Max(8, _records.Count * 2);
        }

        return made;
    }
}
