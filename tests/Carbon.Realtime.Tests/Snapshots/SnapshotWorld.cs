using System.Diagnostics.Metrics;
using System.Text.Json.Serialization;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Snapshots;

public sealed record Part
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("companyId")]
    public string? CompanyId { get; set; }

    [JsonPropertyName("name")]
    public string? Name { get; set; }
}

public sealed record Stock
{
    [JsonPropertyName("item")]
    public required string Item { get; set; }

    [JsonPropertyName("shelf")]
    public required string Shelf { get; set; }

    [JsonPropertyName("order")]
    public required long Order { get; set; }
}

public sealed record Lot
{
    [JsonPropertyName("id")]
    public required Guid Id { get; set; }

    [JsonPropertyName("at")]
    public DateTimeOffset At { get; set; }
}

public sealed record Price
{
    [JsonPropertyName("at")]
    public required DateTimeOffset At { get; set; }

    [JsonPropertyName("amount")]
    public decimal Amount { get; set; }
}

public sealed record Number
{
    [JsonPropertyName("id")]
    public required long Id { get; set; }
}

[JsonSerializable(typeof(Part))]
[JsonSerializable(typeof(Stock))]
[JsonSerializable(typeof(Lot))]
[JsonSerializable(typeof(Price))]
[JsonSerializable(typeof(Number))]
public sealed partial class SnapshotJson : JsonSerializerContext;

/// <summary>A reader on a PostgREST in memory, a manual clock and a manual scheduler.</summary>
internal sealed class SnapshotWorld
{
    public const string Key = "sb_publishable_planted";

    public static readonly RealtimeTable<string, Part> Parts = RealtimeTable.Define("part", SnapshotJson.Default.Part, "id", p => p.Id);

    public static readonly RealtimeTable<(string, string), Stock> Stocks =
        RealtimeTable.Define("stock", SnapshotJson.Default.Stock, "item", "shelf", s => (s.Item, s.Shelf));

    public static readonly RealtimeTable<(string, string, long), Stock> OrderedStocks =
        RealtimeTable.Define("stock", SnapshotJson.Default.Stock, "item", "shelf", "order", s => (s.Item, s.Shelf, s.Order));

    public static readonly RealtimeTable<long, Number> Numbers = RealtimeTable.Define("number", SnapshotJson.Default.Number, "id", n => n.Id);

    public SnapshotWorld(string apiKey = Key, Func<SnapshotLimits, SnapshotLimits>? limits = null, IMeterFactory? meters = null, string? name = null)
    {
        var instruments = new RealtimeInstruments(Env.Environment, meters, name, new Uri("ws://db.test"));
        Rest.Tables.AddRange([Part, Stock, Number]);
        Tokens.Token = Jwt.Create(Env.Time.GetUtcNow().AddHours(1));
        Session = new TokenSession(
            Tokens, Env.Environment, TimeSpan.FromSeconds(10), new Backoff(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(30), TimeSpan.Zero, Env.Environment.Randomizer),
            instruments, Log.CreateLogger("Authentication"));
        var endpoint = new RestEndpoint(new Uri("https://db.test/rest/v1"), apiKey, () => Handler ?? Rest);
        Rows = new RestSession(endpoint, Session, Env.Environment, instruments, (limits ?? (l => l))(SnapshotLimits.Default), Log.CreateLogger("Snapshots"));
    }

    public PostgrestTable Part { get; } = new("part", ("id", "text"), ("companyId", "text"), ("name", "text"));

    public PostgrestTable Stock { get; } = new("stock", ("item", "text"), ("shelf", "text"), ("order", "int8"));

    public PostgrestTable Number { get; } = new("number", ("id", "int8"));

    public ManualEnvironment Env { get; } = new();

    public FakePostgrest Rest { get; } = new();

    /// <summary>Stands in for <see cref="Rest"/>, if set.</summary>
    public HttpMessageHandler? Handler { get; set; }

    public FakeTokens Tokens { get; } = new();

    public RecordingLog Log { get; } = new();

    public TokenSession Session { get; }

    public RestSession Rows { get; }

    public SnapshotReader<TKey, TRow> Reader<TKey, TRow>(RealtimeTable<TKey, TRow> table, string? tenant = null, string? select = null)
        where TKey : notnull => new(Rows, table, tenant, select);

    /// <summary>Asks the session, and all that follows at once.</summary>
    internal async Task<TokenAnswer> AskAsync(AccessTokenReason reason)
    {
        var asked = Session.AskAsync(reason);
        await Env.RunAsync(asked);
        return await asked;
    }

    public void AddNumbers(int count) => Number.Rows.AddRange(Enumerable.Range(1, count).Select(i => new[] { $"{i}" }));

    /// <summary>All pages of a scan.</summary>
    public async Task<List<SnapshotPage<TKey, TRow>>> ScanAsync<TKey, TRow>(SnapshotReader<TKey, TRow> reader, bool count = false, CancellationToken cancellation = default)
        where TKey : notnull
    {
        var pages = new List<SnapshotPage<TKey, TRow>>();
        await Env.RunAsync(Env.Environment.Scheduler.Start(() => reader.ScanAsync(count, pages.Add, cancellation)));
        return pages;
    }

    public async Task<List<TKey>> KeysAsync<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull =>
        [.. (await ScanAsync(Reader(table))).SelectMany(p => p.Rows).Select(r => r.Key)];

    public async Task<List<PointRead<TKey, TRow>>> ReadAsync<TKey, TRow>(SnapshotReader<TKey, TRow> reader, params TKey[] keys)
        where TKey : notnull
    {
        var reads = new List<PointRead<TKey, TRow>>();
        await Env.RunAsync(Env.Environment.Scheduler.Start(() => reader.ReadAsync(keys, reads.Add, default)));
        return reads;
    }

    public async Task<RealtimeException> FailAsync()
    {
        var scan = () => ScanAsync(Reader(Numbers));
        return (await scan.Should().ThrowAsync<RealtimeException>()).Which;
    }
}
