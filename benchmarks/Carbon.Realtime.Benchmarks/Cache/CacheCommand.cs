using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Carbon.Realtime.Benchmarks.Cache;

/// <summary>
/// A cold load: a new connection, every row of a table, each decoded. The cache against a bare SELECT that takes rows as SQLite has them in memory, and against
/// one as people write it, with an array per row. Interleaved; medians.
/// </summary>
internal static class CacheCommand
{
    private static readonly StoreCacheKey Key = new() { Project = "https://abc.supabase.co", Subject = "user", Table = "public.item", Query = "", Shape = "" };

    private static readonly string Note = string.Concat(Enumerable.Repeat("zinc plated, class 8.8, ", 12));

    /// <summary>A cold load may take so much of what the bare SELECT takes that has its rows as spans.</summary>
    private const double Most = 1.5;

    public static int Run(TableOptions options)
    {
        var before = Machine.LoadAverage();
        var folder = Directory.CreateTempSubdirectory("carbon-bench-").FullName;
        try
        {
            var (cachePath, barePath) = (Path.Combine(folder, "cache.db"), Path.Combine(folder, "bare.db"));
            var rows = Enumerable.Range(0, options.Rows).Select(Row).ToArray();
            var save = Timed(() => Save(cachePath, rows));
            Make(barePath, rows);
            var contenders = new (string Name, Func<int> Load)[]
            {
                ("bare, spans", () => Bare(barePath, copies: false)),
                ("bare, arrays", () => Bare(barePath, copies: true)),
                ("cache", () => Cache(cachePath)),
            };
            var times = contenders.ToDictionary(static c => c.Name, static _ => new List<double>());
            for (var run = -1; run < options.Runs; run++)
            {
                foreach (var (name, load) in contenders)
                {
                    GC.Collect();
                    var time = Timed(() =>
                    {
                        if (load() != options.Rows) throw new InvalidOperationException($"{name} lost rows.");
                    });
                    if (run >= 0) times[name].Add(time); // the first round warms up
                }
            }

            var spreads = times.ToDictionary(static t => t.Key, static t => Spread.Of(t.Value));
            var (spans, arrays) = (spreads["cache"].Median / spreads["bare, spans"].Median, spreads["cache"].Median / spreads["bare, arrays"].Median);
            var text = string.Create(CultureInfo.InvariantCulture, $"""
                {options.Rows:N0} items of {rows.Average(static r => r.Json.Length):0} bytes; {options.Runs} interleaved runs, milliseconds, medians (lowest–highest). The first save took {save:0}.

                | | ms |
                |---|--:|
                {string.Join('\n', spreads.Select(static s => string.Create(CultureInfo.InvariantCulture, $"| {s.Key} | {s.Value.Median:0} ({s.Value.Low:0}–{s.Value.High:0}) |")))}
                | **cache ÷ bare, spans** | **{spans:0.00}** |
                | **cache ÷ bare, arrays** | **{arrays:0.00}** |

                {Machine.Describe(before, options.Date)}
                """);
            Console.WriteLine(text);
            if (options.Out is { } file) ReportFile.Write(file, "cache", text);
            return options.Check && Floors.IsAbove(spans, Most) ? Floors.Check([string.Create(CultureInfo.InvariantCulture, $"a cold load takes {spans:0.00} of a bare SELECT's time, at most {Most} wanted")]) : 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static StoreCacheRow Row(int index)
    {
        var json = RowTexts.Of(RowSize.Item).Record(index).Replace("\"name\": \"", $"\"name\": \"{Note}", StringComparison.Ordinal);
        return new StoreCacheRow(RowTexts.Id(index), Encoding.UTF8.GetBytes(json));
    }

    private static SqliteStoreCache Open(string path) => new(path, new SqliteCacheOptions { MaxBytesPerUser = long.MaxValue });

    // SQLite works on the calling thread: every call has ended when it returns.
    private static void Save(string path, StoreCacheRow[] rows)
    {
        using var cache = Open(path);
        var save = cache.SaveAsync(Key, new StoreCacheChanges { ReplacesAll = true, AsOf = DateTimeOffset.UnixEpoch, Upserts = rows }, CancellationToken.None);
        if (!save.IsCompletedSuccessfully) throw new InvalidOperationException("The save failed.");
    }

    private static int Cache(string path)
    {
        using var cache = Open(path);
        var items = new List<Item?>();
        var load = cache.LoadAsync(Key, row => items.Add(JsonSerializer.Deserialize(row, BenchJson.Default.Item)), CancellationToken.None);
        return load.IsCompletedSuccessfully ? items.Count : -1;
    }

    private static void Make(string path, StoreCacheRow[] rows)
    {
        using var connection = Connect(path);
        Execute(connection, "PRAGMA journal_mode = WAL");
        Execute(connection, "CREATE TABLE item (id TEXT PRIMARY KEY, json BLOB NOT NULL)");
        using var transaction = connection.BeginTransaction();
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO item VALUES ($id, $json)";
        var (id, json) = (insert.Parameters.Add("$id", SqliteType.Text), insert.Parameters.Add("$json", SqliteType.Blob));
        foreach (var row in rows)
        {
            (id.Value, json.Value) = (row.Key, row.Json.ToArray());
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    private static int Bare(string path, bool copies)
    {
        using var connection = Connect(path);
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT json FROM item";
        using var reader = select.ExecuteReader();
        var items = new List<Item?>();
        while (reader.Read())
        {
            var json = copies ? reader.GetFieldValue<byte[]>(0) : raw.sqlite3_column_blob(reader.Handle, 0);
            items.Add(JsonSerializer.Deserialize(json, BenchJson.Default.Item));
        }

        return items.Count;
    }

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static double Timed(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
