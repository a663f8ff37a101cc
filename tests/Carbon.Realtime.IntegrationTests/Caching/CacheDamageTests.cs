using System.Text;
using Carbon.Realtime.Tests.Caching;
using static Carbon.Realtime.Tests.Caching.CacheRows;

namespace Carbon.Realtime.IntegrationTests.Caching;

/// <summary>Every page of a file, damaged in many ways: a load gives the right rows of the key, or fails, or knows of nothing; never a wrong row.</summary>
public sealed class CacheDamageTests : IAsyncLifetime
{
    private const int Page = 4096;

    private static readonly StoreCacheKey Other = Key with { Subject = "user_2" };

    private readonly CacheFolder _folder = new();
    private readonly Dictionary<StoreCacheKey, string[]> _expected = [];
    private readonly Dictionary<StoreCacheKey, string[]> _before = [];
    private byte[] _older = [];
    private byte[] _file = [];

    public async Task InitializeAsync()
    {
        await using (var cache = new SqliteStoreCache(_folder.Path))
        {
            foreach (var (key, name) in new[] { (Key, "mine"), (Other, "theirs") })
            {
                await cache.SaveAsync(key, Replace([.. Enumerable.Range(0, 40).Select(i => Row($"row {i:00}", $"{name} {i:00} {new string('x', 250)}"))]));
                _before[key] = (await cache.RowsAsync(key))!;
            }
        }

        _older = await File.ReadAllBytesAsync(_folder.Path);
        await using (var cache = new SqliteStoreCache(_folder.Path))
        {
            foreach (var (key, name) in new[] { (Key, "mine"), (Other, "theirs") })
            {
                // An overflowing row, changed rows, and pages that became free.
                await cache.SaveAsync(key, Change(
                    [Row("long", $"{name} {new string('y', 9000)}"), .. Enumerable.Range(0, 30).Select(i => Row($"row {i:00}", $"{name} {i:00} again {new string('z', 250)}"))],
                    "row 35", "row 36", "row 37", "row 38", "row 39"));
                _expected[key] = (await cache.RowsAsync(key))!;
            }
        }

        _file = await File.ReadAllBytesAsync(_folder.Path);
    }

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_damaged_page_never_gives_a_wrong_row()
    {
        var outcomes = new Dictionary<string, int>();
        for (var page = 0; page < _file.Length / Page; page++)
        {
            foreach (var damage in Damages(page))
            {
                var file = (byte[])_file.Clone();
                damage(file.AsSpan(page * Page, Page));
                await CheckAsync(file, outcomes);
            }
        }

        // The harness bites: much of it was noticed, and much hits nothing that matters to the one key or the other.
        outcomes.Keys.Should().NotContain("wrong");
        outcomes["right"].Should().BeGreaterThan(200);
        outcomes["Corrupt"].Should().BeGreaterThan(200);
    }

    [Fact]
    public async Task A_flipped_bit_of_a_row_is_noticed()
    {
        var file = (byte[])_file.Clone();
        var at = file.AsSpan().IndexOf("mine 07 again"u8);
        file[at + "mine 0".Length] ^= 1; // another digit: good JSON, a wrong row

        (await LoadAsync(await WriteAsync(file), Key)).Fault.Should().Be(StoreCacheFault.Corrupt);
        (await LoadAsync(await WriteAsync(file), Other)).Rows.Should().Equal(_expected[Other]);
    }

    [Fact]
    public async Task A_row_that_is_lost_or_of_another_day_is_noticed_though_it_is_sound()
    {
        foreach (var statement in (string[])
        [
            "DELETE FROM row WHERE key = CAST('row 07' AS BLOB)",
            "UPDATE generation SET verified = verified + 1",
            "UPDATE generation SET used = used + 1",
            "UPDATE row SET key = CAST('row x' AS BLOB) WHERE key = CAST('row 07' AS BLOB)",
            "UPDATE row SET generation = 3 - generation WHERE key = CAST('long' AS BLOB) AND generation = 1",
        ])
        {
            var path = await WriteAsync(_file);
            using (var connection = CacheFolder.Connect(path))
            {
                CacheFolder.Execute(connection, statement.StartsWith("UPDATE row SET gen", StringComparison.Ordinal)
                    ? $"DELETE FROM row WHERE key = CAST('long' AS BLOB) AND generation = 2; {statement}" : statement);
            }

            (await LoadAsync(path, Key)).Fault.Should().Be(StoreCacheFault.Corrupt, statement);
        }
    }

    [Fact]
    public async Task A_file_that_was_cut_never_gives_a_wrong_row()
    {
        var outcomes = new Dictionary<string, int>();
        for (var pages = 0; pages < _file.Length / Page; pages++)
        {
            await CheckAsync(_file[..(pages * Page)], outcomes);
            await CheckAsync(_file[..((pages * Page) + 100)], outcomes);
        }

        outcomes.Should().NotContainKey("wrong");
    }

    [UnixFact]
    public async Task A_damaged_file_is_put_away_once_and_the_cache_begins_anew()
    {
        var file = (byte[])_file.Clone();
        file.AsSpan(2 * Page).Fill(0xA5);
        var path = await WriteAsync(file);
        await File.WriteAllTextAsync(path + ".corrupt", "put away before");
        await using var cache = new SqliteStoreCache(path);

        var fault = await FaultAsync(async () => await cache.LoadAsync(Key));
        fault.Fault.Should().Be(StoreCacheFault.Corrupt);
        fault.Message.Should().Contain(path + ".corrupt");
        (await File.ReadAllBytesAsync(path + ".corrupt")).Should().Equal(file);
        File.Exists(path).Should().BeFalse();

        (await cache.RowsAsync(Key)).Should().BeNull();
        await cache.SaveAsync(Key, Replace(Row("a", "1")));
        (await cache.RowsAsync(Key)).Should().Equal("1");
    }

    /// <summary>SQLite takes a version of the format that it does not know for one that it may read and must not write: no save would ever succeed.</summary>
    [UnixFact]
    public async Task A_file_whose_header_forbids_to_write_it_is_put_away_and_the_cache_begins_anew()
    {
        const int WriteVersion = 18;
        var file = (byte[])_file.Clone();
        file[WriteVersion] = 3;
        var path = await WriteAsync(file);
        await using var cache = new SqliteStoreCache(path);
        (await cache.RowsAsync(Key)).Should().BeEquivalentTo(_expected[Key], "it can be read all the same");

        var fault = await FaultAsync(async () => await cache.SaveAsync(Key, Replace(Row("a", "1"))));
        fault.Fault.Should().Be(StoreCacheFault.Corrupt);
        (await File.ReadAllBytesAsync(path + ".corrupt")).Should().Equal(file);

        await cache.SaveAsync(Key, Replace(Row("a", "1")));
        (await cache.RowsAsync(Key)).Should().Equal("1");
    }

    [UnixFact]
    public async Task A_load_that_saw_damage_does_not_put_the_next_file_away()
    {
        var file = (byte[])_file.Clone();
        var at = file.AsSpan().IndexOf("mine 29 again"u8);
        file[at + "mine 2".Length] ^= 1;
        await using var cache = new SqliteStoreCache(await WriteAsync(file));
        var inner = new List<Task>();

        // While the first load reads, a second one meets the damage, puts the file away, and a save begins the next one.
        var outer = await FaultAsync(async () => await cache.LoadAsync(
            Key,
            _ =>
            {
                if (inner.Count == 0)
                {
                    inner.Add(cache.RowsAsync(Key));
                    inner.Add(cache.SaveAsync(Key, Replace(Row("a", "1"))).AsTask());
                }
            },
            CancellationToken.None));

        outer.Fault.Should().Be(StoreCacheFault.Corrupt);
        outer.Message.Should().Contain("already");
        await FluentActions.Awaiting(() => inner[0]).Should().ThrowAsync<StoreCacheException>();
        await inner[1];
        (await cache.RowsAsync(Key)).Should().Equal("1");
    }

    [Fact]
    public async Task A_user_who_signs_out_leaves_nothing_in_a_damaged_file_either()
    {
        var file = (byte[])_file.Clone();
        file.AsSpan(2 * Page, 2 * Page).Fill(0xA5);
        var path = await WriteAsync(file);
        await using var cache = new SqliteStoreCache(path);

        await cache.RemoveUserAsync(Key.Project, Key.Subject, CancellationToken.None);

        File.Exists(path).Should().BeFalse();
        File.Exists(path + ".corrupt").Should().BeFalse();
    }

    private IEnumerable<SpanAction> Damages(int page)
    {
        // Bits all over the page, more of them where SQLite keeps its own books.
        foreach (var at in Enumerable.Range(0, 12).Concat(Enumerable.Range(0, 10).Select(i => ((i * 409) + (page * 37)) % Page)))
        {
            yield return span => span[at] ^= (byte)(1 << (at % 8));
        }

        yield return static span => span.Clear();
        yield return static span => span.Fill(0xFF);
        yield return static span => span[(Page / 2)..].Clear();
        yield return static span => span.Reverse();
        var other = _file.AsMemory((page + 1) % (_file.Length / Page) * Page, Page);
        yield return span => other.Span.CopyTo(span);
        if ((page + 1) * Page <= _older.Length)
        {
            var older = _older.AsMemory(page * Page, Page); // a write that never reached the disk
            yield return span => older.Span.CopyTo(span);
        }
    }

    private async Task CheckAsync(byte[] file, Dictionary<string, int> outcomes)
    {
        foreach (var key in _expected.Keys)
        {
            var (rows, fault, given) = await LoadAsync(await WriteAsync(file), key);

            // A row of an earlier save may be given, for it is sound by itself; but then the load fails, and all it gave is thrown away.
            var outcome = given.Except(_expected[key]).Except(_before[key]).Any() || (rows is not null && !rows.SequenceEqual(_expected[key])) ? "wrong"
                : fault?.ToString() ?? (rows is null ? "nothing" : "right");
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }
    }

    private async Task<string> WriteAsync(byte[] file)
    {
        var path = _folder.In("damaged.db");
        File.Delete(path + "-wal");
        File.Delete(path + "-shm");
        await File.WriteAllBytesAsync(path, file);
        return path;
    }

    /// <summary>What a program sees that starts with the file; a cache that failed has to work again at once, if it may write.</summary>
    private static async Task<(string[]? Rows, StoreCacheFault? Fault, List<string> Given)> LoadAsync(string path, StoreCacheKey key)
    {
        var given = new List<string>();
        await using var cache = new SqliteStoreCache(path);
        try
        {
            var header = await cache.LoadAsync(key, row => given.Add(Encoding.UTF8.GetString(row)), CancellationToken.None);
            given.Sort(StringComparer.Ordinal);
            return (header is null ? null : [.. given], null, given);
        }
        catch (StoreCacheException exception)
        {
            if (exception.Fault == StoreCacheFault.Corrupt && !File.Exists(path))
            {
                await cache.SaveAsync(key, Replace(Row("a", "1")));
                (await cache.RowsAsync(key)).Should().Equal("1");
            }

            return (null, exception.Fault, given);
        }
    }

    private delegate void SpanAction(Span<byte> page);
}
