using System.Text;
using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

/// <summary>What is the same for every feed of a table, made once: thousands of filters of one table must not keep its name thousands of times.</summary>
internal sealed class FeedTable
{
    public FeedTable(IRealtimeTable table, RealtimeInstruments instruments, ILogger logger)
    {
        Name = $"{table.Schema}.{table.Name}";
        SchemaUtf8 = Encoding.UTF8.GetBytes(table.Schema);
        NameUtf8 = Encoding.UTF8.GetBytes(table.Name);
        Tally = new FeedTally(Name, instruments, logger);
    }

    /// <summary>With its schema; for the log and the counters.</summary>
    public string Name { get; }

    /// <summary>As a change names it.</summary>
    public byte[] SchemaUtf8 { get; }

    /// <inheritdoc cref="SchemaUtf8"/>
    public byte[] NameUtf8 { get; }

    public FeedTally Tally { get; }
}
