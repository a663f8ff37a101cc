using Carbon.Realtime.Changes;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Snapshots;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores;

/// <summary>What all generations of a store share.</summary>
internal sealed class StoreContext<TKey, TRow>
    where TKey : notnull
{
    /// <summary>What is read.</summary>
    public required RealtimeTable<TKey, TRow> Table { get; init; }

    public required StoreOptions<TRow> Options { get; init; }

    public required RealtimeEnvironment Environment { get; init; }

    /// <summary>Makes the feed of an identity; throws what the front door throws.</summary>
    public required Func<StoreIdentity, RowFeed<TKey, TRow>> CreateFeed { get; init; }

    /// <summary>Makes a reader of an identity's rows. Each reads one thing at a time.</summary>
    public required Func<StoreIdentity, SnapshotReader<TKey, TRow>> CreateReader { get; init; }

    /// <summary>The gate of feeds.</summary>
    public required Lock Gate { get; init; }

    public required int QueueCapacity { get; init; }

    public IStoreCache? Cache { get; init; }

    /// <summary>What must go from the cache; there where that is.</summary>
    public Removals? Removals { get; init; }

    /// <summary>Who writes into the cache.</summary>
    public required CacheClaims Claims { get; init; }

    /// <summary>The project's address, for the cache.</summary>
    public required string Project { get; init; }

    public required ILogger Logger { get; init; }

    public required RealtimeInstruments Instruments { get; init; }

    public ConvergencePolicy Policy { get; init; } = ConvergencePolicy.Full;

    /// <summary>The table with its schema.</summary>
    public string TableName => $"{Table.Schema}.{Table.Name}";

    /// <summary>What log, metrics and health call the store: two of one table are told apart by the name that the program gave one of them.</summary>
    public string Name => Options.Name is { } name ? $"{TableName}/{name}" : TableName;

    /// <summary>Whether a change's own content is not used.</summary>
    public bool IsSignalOnly => Options.SignalOnly || Options.SignalTable is not null;
}
