using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Snapshots;
using Microsoft.Extensions.Logging.Abstractions;

namespace Carbon.Realtime.Benchmarks.Snapshot;

/// <summary>Reads a table of many rows over loopback, with the library and with a bare <see cref="HttpClient"/> and decode loop over the same pages, in turns.</summary>
internal static class SnapshotCommand
{
    private const int PageRows = 1000;

    /// <summary>Of the bare loop's rows per second, with the tenth for noise that all floors have.</summary>
    private const double Floor = 0.9;

    /// <summary>Until both are compiled at their best.</summary>
    private const int WarmUps = 2;

    /// <summary>
    /// In a row: one read brings three or four collections of the young, of some twenty milliseconds each, and a few bytes more or less in each row decide which,
    /// so that a single one says more of that than of who reads.
    /// </summary>
    private const int ReadsInARun = 4;

    public static async Task<int> RunAsync(TableOptions options)
    {
        var load = Machine.LoadAverage();
        var (rows, runs) = (options.Rows, options.Runs);
        await using var server = await PageServer.StartAsync(rows, PageRows);
        var bare = new List<double>();
        var carbon = new List<double>();
        for (var run = -WarmUps; run < runs; run++)
        {
            // In turns, each first every other time: what the machine does meanwhile meets both.
            var first = run % 2 == 0;
            var one = await SecondsAsync(first ? BareAsync : CarbonAsync, server.Root, rows);
            var other = await SecondsAsync(first ? CarbonAsync : BareAsync, server.Root, rows);
            if (run >= 0)
            {
                bare.Add((double)rows * ReadsInARun / (first ? one : other));
                carbon.Add((double)rows * ReadsInARun / (first ? other : one));
            }
        }

        var (limit, ours) = (Spread.Of(bare), Spread.Of(carbon));
        var ratio = ours.Median / limit.Median;
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            {rows:N0} items in pages of {PageRows:N0}; {runs} interleaved runs of {ReadsInARun} reads each, medians (lowest–highest).

            | | rows/s |
            |---|--:|
            | bare `HttpClient` | {limit.Median:N0} ({limit.Low:N0}–{limit.High:N0}) |
            | a store's snapshot | {ours.Median:N0} ({ours.Low:N0}–{ours.High:N0}) |
            | **snapshot ÷ bare** | **{ratio:0.00}** |

            {Machine.Describe(load, options.Date)}
            """);
        Console.WriteLine(text);
        if (options.Out is { } file) ReportFile.Write(file, "snapshot", text);
        return options.Check && Floors.IsBelow(ratio, Floor) ? Floors.Check([string.Create(CultureInfo.InvariantCulture, $"a snapshot reads {ratio:0.00} of a bare client's rows, wanted {Floor}")]) : 0;
    }

    private static async Task<double> SecondsAsync(Func<Uri, Task<int>> read, Uri root, int rows)
    {
        GC.Collect();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < ReadsInARun; i++)
        {
            var count = await read(root);
            if (count != rows)
            {
                throw new InvalidOperationException($"{count} rows were read instead of {rows}.");
            }
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<int> BareAsync(Uri root)
    {
        using var client = new HttpClient();
        var read = new List<Item>();
        var after = "";
        while (true)
        {
            using var response = await client.GetAsync(new Uri($"{root}/item?select=id&order=id.asc{after}&limit={PageRows}"), HttpCompletionOption.ResponseHeadersRead);
            await using var body = await response.Content.ReadAsStreamAsync();
            var page = await JsonSerializer.DeserializeAsync(body, BenchJson.Default.ListItem);
            if (page!.Count == 0)
            {
                return read.Count;
            }

            read.AddRange(page);
            after = $"&id=gt.{page[^1].Id}";
        }
    }

    private static async Task<int> CarbonAsync(Uri root)
    {
        var environment = RealtimeEnvironment.Default;
        var instruments = new RealtimeInstruments(environment, null, null, root);
        using var handler = RestHandler.Create();
        var tokens = new TokenSession(
            null, environment, TimeSpan.FromSeconds(10), new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.Zero, environment.Randomizer),
            instruments, NullLogger.Instance);
        var session = new RestSession(
            new RestEndpoint(root, "sb_publishable_bench", () => handler), tokens, environment, instruments, SnapshotLimits.Default, NullLogger.Instance);
        var read = new List<Item>();
        await new SnapshotReader<string, Item>(session, RealtimeTable.Define("item", BenchJson.Default.Item, "id", static i => i.Id).TenantScoped("companyId"), "co_1")
            .ScanAsync(count: false, page => read.AddRange(page.Rows.Select(static r => r.Value)), CancellationToken.None);
        return read.Count;
    }
}
