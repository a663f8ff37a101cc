using System.Runtime.Versioning;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Caching;
using static Carbon.Realtime.Tests.Caching.CacheRows;

namespace Carbon.Realtime.IntegrationTests.Caching;

/// <summary>The cache in SQLite keeps the contract, over restarts and within its bounds.</summary>
public sealed class SqliteStoreCacheTests : StoreCacheContract, IAsyncLifetime
{
    private readonly CacheFolder _folder = new();
    private readonly ManualTimeProvider _time = new();
    private readonly SqliteCacheOptions _options = new() { MaxBytesPerUser = 64 * 1024 };
    private readonly SqliteStoreCache _cache;

    public SqliteStoreCacheTests() => _cache = new SqliteStoreCache(_folder.Path, _options, _time);

    protected override IStoreCache Cache => _cache;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _cache.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Rows_survive_a_restart()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1"), Row("b", "2")));
        await _cache.SaveAsync(Key, Change([Row("c", "3")], "a"));
        await _cache.DisposeAsync();

        await using var next = new SqliteStoreCache(_folder.Path, _options, _time);
        (await next.LoadAsync(Key)).Should().BeEquivalentTo((new StoreCacheHeader(AsOf), (string[])["2", "3"]));
        await next.SaveAsync(Key, Change([Row("d", "4")]));
        (await next.RowsAsync(Key)).Should().Equal("2", "3", "4");
    }

    [Fact]
    public async Task A_load_and_a_removal_make_no_file()
    {
        await _cache.LoadAsync(Key);
        await _cache.RemoveAsync(Key);
        await _cache.RemoveUserAsync(Key.Project, Key.Subject, CancellationToken.None);

        Directory.EnumerateFileSystemEntries(_folder.Root).Should().BeEmpty();
    }

    [Fact]
    public async Task Two_processes_share_a_file()
    {
        await using var other = new SqliteStoreCache(_folder.Path, _options, _time);
        var theirs = Key with { Subject = "user_2" };
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        await other.SaveAsync(theirs, Replace(Row("a", "2")));
        await _cache.SaveAsync(Key, Change([Row("b", "3")]));

        (await other.RowsAsync(Key)).Should().Equal("1", "3");
        (await _cache.RowsAsync(theirs)).Should().Equal("2");
    }

    [Fact]
    public async Task A_save_writes_what_changed_and_not_the_table()
    {
        await using var cache = new SqliteStoreCache(_folder.Path);
        StoreCacheRow[] rows = [.. Enumerable.Range(0, 3000).Select(static i => Row($"item_{i * 7919 % 3000:00000}", $"{i} {new string('x', 600)}"))];
        await cache.SaveAsync(Key, Replace(rows));
        using (var connection = CacheFolder.Connect(_folder.Path))
        {
            CacheFolder.Execute(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        }

        await cache.SaveAsync(
            Key, Change([Row("item_00007", "changed"), .. rows.Where(static row => row.Key is not ("item_00007" or "item_00008"))], "item_00008"));

        new FileInfo(_folder.Log).Length.Should().BeInRange(1, 12 * 4120, "a few pages of the thousand: equal rows are not written");
        var kept = await cache.RowsAsync(Key);
        (kept!.Length, kept.Contains("changed")).Should().Be((2999, true));
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public async Task Only_the_user_may_read_the_files_and_the_folder()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));

        foreach (var file in (string[])[_folder.Path, _folder.Log, _folder.Index])
        {
            File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
        }

        File.GetUnixFileMode(_folder.In("made")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_file_that_others_may_read_is_closed_to_them_before_it_is_written()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        await _cache.DisposeAsync();
        File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        await using var next = new SqliteStoreCache(_folder.Path, _options, _time);
        await next.SaveAsync(Key, Change([Row("b", "2")]));

        File.GetUnixFileMode(_folder.Path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Nobody_is_named_in_the_file()
    {
        await _cache.SaveAsync(Key, Replace(Row("row key", "row content")));

        _folder.Holds("row key").Should().BeTrue();
        _folder.Holds("row content").Should().BeTrue();
        foreach (var secret in (string[])[Key.Project, "abc.supabase", Key.Subject!, Key.Role!, Key.Tenant!, Key.Table, Key.Query])
        {
            _folder.Holds(secret).Should().BeFalse(secret);
        }

        await using var elsewhere = new SqliteStoreCache(_folder.In("elsewhere.db"));
        await elsewhere.SaveAsync(Key, Replace(Row("a", "1")));
        CacheFolder.Ask<byte[]>(_folder.In("elsewhere.db"), "SELECT name FROM generation")
            .Should().NotEqual(CacheFolder.Ask<byte[]>(_folder.Path, "SELECT name FROM generation"), "each installation has its own key");
    }

    [Fact]
    public async Task What_a_user_had_is_gone_from_the_disk_after_sign_out()
    {
        var marked = Enumerable.Range(0, 60).Select(static i => Row($"mark {i}", $"secret {i} {new string('s', 500)}")).ToArray();
        await _cache.SaveAsync(Key, Replace(marked));
        await _cache.SaveAsync(Key, Replace(marked[..40]));
        await _cache.SaveAsync(Key with { Subject = "user_2" }, Replace(Row("a", "kept")));
        File.Copy(_folder.Path, _folder.Aside);
        File.AppendAllText(_folder.Aside, "secret of a damaged file");

        await _cache.RemoveUserAsync(Key.Project, Key.Subject, CancellationToken.None);

        _folder.Holds("secret").Should().BeFalse();
        _folder.Holds("mark").Should().BeFalse();
        File.Exists(_folder.Aside).Should().BeFalse("nobody can tell whose rows it holds");
        new FileInfo(_folder.Log).Length.Should().Be(0);
        CacheFolder.Ask<long>(_folder.Path, "PRAGMA freelist_count").Should().Be(0);
        (await _cache.RowsAsync(Key with { Subject = "user_2" })).Should().Equal("kept");
    }

    [Fact]
    public async Task What_nobody_used_for_its_lifetime_is_not_given_and_deleted()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        _time.Advance(TimeSpan.FromDays(20));
        (await _cache.RowsAsync(Key)).Should().NotBeNull("a load is a use");
        _time.Advance(TimeSpan.FromDays(30));
        (await _cache.RowsAsync(Key)).Should().NotBeNull();

        _time.Advance(TimeSpan.FromDays(30) + TimeSpan.FromTicks(1));

        (await _cache.RowsAsync(Key)).Should().BeNull();
        CacheFolder.Ask<long>(_folder.Path, "SELECT (SELECT count(*) FROM row) + (SELECT count(*) FROM generation)").Should().Be(0);
        (await FaultAsync(() => _cache.SaveAsync(Key, Change([Row("b", "2")])))).Fault.Should().Be(StoreCacheFault.Missing);
    }

    [Fact]
    public async Task A_save_deletes_what_others_have_not_used_for_its_lifetime()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        _time.Advance(TimeSpan.FromDays(31));
        await _cache.SaveAsync(Key with { Subject = "user_2" }, Replace(Row("a", "2")));

        CacheFolder.Ask<long>(_folder.Path, "SELECT count(*) FROM row").Should().Be(1);
    }

    [Fact]
    public async Task What_was_used_in_the_far_future_is_too_old_as_well()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        _time.StepWallClock(-TimeSpan.FromDays(29));
        (await _cache.RowsAsync(Key)).Should().NotBeNull();
        _time.StepWallClock(-TimeSpan.FromDays(31));

        (await _cache.RowsAsync(Key)).Should().BeNull();
    }

    [Fact]
    public async Task Room_is_made_by_the_least_recently_used_of_the_same_user()
    {
        var (a, b, c) = (Key with { Table = "a" }, Key with { Table = "b" }, Key with { Table = "c" });
        var (neighbour, elsewhere) = (Key with { Subject = "user_2" }, Key with { Project = "https://other.supabase.co" });
        foreach (var key in (StoreCacheKey[])[neighbour, elsewhere, a, b])
        {
            await _cache.SaveAsync(key, Replace(Row("row", new string('x', 30_000))));
            _time.Advance(TimeSpan.FromMinutes(2));
        }

        await _cache.LoadAsync(a);
        _time.Advance(TimeSpan.FromMinutes(2));
        await _cache.SaveAsync(c, Replace(Row("row", new string('x', 30_000))));

        (await _cache.RowsAsync(b)).Should().BeNull("it was used longest ago");
        foreach (var key in (StoreCacheKey[])[neighbour, elsewhere, a, c])
        {
            (await _cache.RowsAsync(key)).Should().NotBeNull(key.ToString());
        }

        (await FaultAsync(() => _cache.SaveAsync(b, Change([Row("row", "y")])))).Fault.Should().Be(StoreCacheFault.Missing);
    }

    [Fact]
    public async Task What_alone_takes_more_than_there_is_room_for_is_refused_and_costs_nothing()
    {
        var small = Key with { Table = "small" };
        await _cache.SaveAsync(small, Replace(Row("a", "1")));
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        var tooMuch = Enumerable.Range(0, 3).Select(static i => Row($"row {i}", new string('x', 30_000))).ToArray();

        foreach (var changes in (StoreCacheChanges[])[Replace(tooMuch), Change(tooMuch)])
        {
            var fault = await FaultAsync(() => _cache.SaveAsync(Key, changes));
            fault.Fault.Should().Be(StoreCacheFault.Full);
            fault.Message.Should().Contain("MaxBytesPerUser").And.Contain("public.item");
        }

        (await _cache.RowsAsync(Key)).Should().Equal("1");
        (await _cache.RowsAsync(small)).Should().Equal("1");
    }

    [Fact]
    public async Task A_change_may_make_room_for_itself()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", new string('x', 30_000)), Row("b", new string('x', 30_000))));
        await _cache.SaveAsync(Key, Change([Row("c", new string('x', 30_000)), Row("b", "small")], "a"));

        (await _cache.RowsAsync(Key)).Should().HaveCount(2);
        CacheFolder.Ask<long>(_folder.Path, "SELECT bytes FROM generation").Should().Be(30_000 + 5 + 2);
    }

    [Fact]
    public async Task A_key_that_is_not_text_is_refused()
    {
        (await FaultAsync(() => _cache.SaveAsync(Key, Replace(Row("\ud800", "1"))))).Fault.Should().Be(StoreCacheFault.Unavailable);

        (await _cache.RowsAsync(Key)).Should().BeNull();
    }

    [Fact]
    public async Task A_file_that_somebody_deleted_is_made_anew()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        File.Delete(_folder.Path);

        (await FaultAsync(() => _cache.SaveAsync(Key, Change([Row("b", "2")])))).Fault.Should().Be(StoreCacheFault.Missing);
        await _cache.SaveAsync(Key, Replace(Row("b", "2")));
        (await _cache.RowsAsync(Key)).Should().Equal("2");
    }

    [Theory]
    [InlineData("MaxBytesPerUser")]
    [InlineData("UnusedLifetime")]
    [InlineData("LockTimeout")]
    public void An_option_out_of_its_bounds_is_named(string name)
    {
        var options = name switch
        {
            "MaxBytesPerUser" => new SqliteCacheOptions { MaxBytesPerUser = 65_535 },
            "UnusedLifetime" => new SqliteCacheOptions { UnusedLifetime = TimeSpan.FromSeconds(59) },
            _ => new SqliteCacheOptions { LockTimeout = TimeSpan.FromSeconds(61) },
        };

        FluentActions.Invoking(() => new SqliteStoreCache("x", options)).Should().Throw<ArgumentException>().WithMessage($"{name} must be *");
    }
}
