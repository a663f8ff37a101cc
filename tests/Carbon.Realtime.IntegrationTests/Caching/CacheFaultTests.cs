using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Carbon.Realtime.Tests.Caching;
using static Carbon.Realtime.Tests.Caching.CacheRows;

namespace Carbon.Realtime.IntegrationTests.Caching;

/// <summary>Files that are somebody else's, newer, locked, read-only, full or not what they seem.</summary>
public sealed class CacheFaultTests : IDisposable
{
    private static readonly SqliteCacheOptions NoWaiting = new() { LockTimeout = TimeSpan.Zero };

    private readonly CacheFolder _folder = new();

    private string File1 => _folder.In("cache.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_newer_file_is_left_alone()
    {
        await MakeAsync();
        using (var connection = CacheFolder.Connect(File1))
        {
            CacheFolder.Execute(connection, "PRAGMA user_version = 2");
        }

        await LeavesAloneAsync(StoreCacheFault.Newer);
    }

    [Theory]
    [InlineData("CREATE TABLE theirs (x)")]
    [InlineData("CREATE TABLE theirs (x); PRAGMA application_id = 252006674; PRAGMA user_version = 1")]
    [InlineData("PRAGMA user_version = 1")]
    [InlineData("PRAGMA journal_mode = WAL; CREATE TABLE generation (x)")]
    public async Task Another_programs_database_is_left_alone(string theirs)
    {
        using (var connection = CacheFolder.Connect(File1))
        {
            CacheFolder.Execute(connection, theirs);
        }

        await LeavesAloneAsync(StoreCacheFault.Corrupt);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(10_000)]
    public async Task What_is_no_database_is_put_away(int length)
    {
        await File.WriteAllTextAsync(File1, new string('n', length));
        await using var cache = new SqliteStoreCache(File1);

        (await FaultAsync(() => cache.SaveAsync(Key, Replace(Row("a", "1"))))).Fault.Should().Be(StoreCacheFault.Corrupt);

        (await File.ReadAllTextAsync(File1 + ".corrupt")).Should().Be(new string('n', length));
        await cache.SaveAsync(Key, Replace(Row("a", "1")));
        (await cache.RowsAsync(Key)).Should().Equal("1");
    }

    [Fact]
    public async Task An_empty_file_is_a_beginning()
    {
        await File.WriteAllTextAsync(File1, "");
        await using var cache = new SqliteStoreCache(File1);

        (await cache.RowsAsync(Key)).Should().BeNull();
        await cache.SaveAsync(Key, Replace(Row("a", "1")));
        (await cache.RowsAsync(Key)).Should().Equal("1");
    }

    [Fact]
    public async Task While_another_process_writes_loads_go_on_and_saves_fail_until_it_has_ended()
    {
        await MakeAsync();
        await using var cache = new SqliteStoreCache(File1, NoWaiting);
        using (var other = CacheFolder.Connect(File1))
        {
            CacheFolder.Execute(other, "BEGIN IMMEDIATE; UPDATE generation SET used = 0");
            (await FaultAsync(() => cache.SaveAsync(Key, Change([Row("b", "2")])))).Fault.Should().Be(StoreCacheFault.Locked);
            (await FaultAsync(() => cache.RemoveAsync(Key))).Fault.Should().Be(StoreCacheFault.Locked);
            (await cache.RowsAsync(Key)).Should().Equal("1");
        }

        await cache.SaveAsync(Key, Change([Row("b", "2")]));
        (await cache.RowsAsync(Key)).Should().Equal("1", "2");
    }

    [Fact]
    public async Task A_file_that_another_process_has_for_itself_is_locked()
    {
        await MakeAsync();
        await using var cache = new SqliteStoreCache(File1, NoWaiting);
        using (var other = CacheFolder.Connect(File1))
        {
            CacheFolder.Execute(other, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; UPDATE generation SET rows = rows; COMMIT");
            (await FaultAsync(async () => await cache.LoadAsync(Key))).Fault.Should().Be(StoreCacheFault.Locked);
            (await FaultAsync(() => cache.SaveAsync(Key, Replace()))).Fault.Should().Be(StoreCacheFault.Locked);
        }

        (await cache.RowsAsync(Key)).Should().Equal("1");
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_file_that_may_only_be_read_is_read()
    {
        await MakeAsync();
        const UnixFileMode read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.SetUnixFileMode(File1, read);
        File.SetUnixFileMode(_folder.Root, read | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        await using var cache = new SqliteStoreCache(File1);
        Task<string[]?> load = null!;
        Task save = null!, remove = null!;
        AsNobody(() =>
        {
            load = cache.RowsAsync(Key);
            save = cache.SaveAsync(Key, Change([Row("b", "2")])).AsTask();
            remove = cache.RemoveAsync(Key).AsTask();
        });

        (await load).Should().Equal("1");
        (await FaultAsync(() => new ValueTask(save))).Fault.Should().Be(StoreCacheFault.ReadOnly);
        (await FaultAsync(() => new ValueTask(remove))).Fault.Should().Be(StoreCacheFault.ReadOnly);
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_folder_that_may_only_be_read_is_told()
    {
        File.SetUnixFileMode(_folder.Root, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        await using var cache = new SqliteStoreCache(File1);
        Task<string[]?> load = null!;
        Task save = null!;
        AsNobody(() =>
        {
            load = cache.RowsAsync(Key);
            save = cache.SaveAsync(Key, Replace(Row("b", "2"))).AsTask();
        });

        (await load).Should().BeNull();
        (await FaultAsync(() => new ValueTask(save))).Fault.Should().Be(StoreCacheFault.ReadOnly);
    }

    [Fact]
    public async Task A_full_disk_keeps_what_was_there()
    {
        await MakeAsync();
        await using var cache = new SqliteStoreCache(File1, new SqliteCacheOptions { MaxPages = 20 });
        var large = Enumerable.Range(0, 50).Select(static i => Row($"row {i}", new string('x', 4000))).ToArray();

        foreach (var changes in (StoreCacheChanges[])[Replace(large), Change(large), Change([large[0], .. large], "a")])
        {
            (await FaultAsync(() => cache.SaveAsync(Key, changes))).Fault.Should().Be(StoreCacheFault.Full);
            (await cache.RowsAsync(Key)).Should().Equal("1");
        }

        await cache.SaveAsync(Key, Replace(Row("b", "2")));
        (await cache.RowsAsync(Key)).Should().Equal("2");
    }

    [UnixFact]
    public async Task A_symbolic_link_is_not_followed()
    {
        await MakeAsync();
        var bytes = await File.ReadAllBytesAsync(File1);
        foreach (var (link, target) in new[] { ("link.db", File1), ("dangling.db", _folder.In("not there")), ("other.db-wal", File1), ("third.db-shm", File1) })
        {
            File.CreateSymbolicLink(_folder.In(link), target);
            await using var cache = new SqliteStoreCache(_folder.In(link.Split('-')[0]));
            var fault = await FaultAsync(() => cache.SaveAsync(Key, Replace(Row("a", "2"))));
            fault.Fault.Should().Be(StoreCacheFault.Unavailable);
            fault.Message.Should().Contain("symbolic link");
        }

        await using (var cache = new SqliteStoreCache(_folder.In("link.db")))
        {
            await FaultAsync(async () => await cache.LoadAsync(Key));
            await FaultAsync(() => cache.RemoveAsync(Key));
            await FaultAsync(() => cache.RemoveUserAsync(Key.Project, Key.Subject, CancellationToken.None));
        }

        (await File.ReadAllBytesAsync(File1)).Should().Equal(bytes);
        File.Exists(_folder.In("not there")).Should().BeFalse();
    }

    [Fact]
    public async Task A_path_that_is_a_folder_is_told()
    {
        Directory.CreateDirectory(File1);
        await using var cache = new SqliteStoreCache(File1);

        (await FaultAsync(() => cache.SaveAsync(Key, Replace()))).Fault.Should().BeOneOf(StoreCacheFault.Unavailable, StoreCacheFault.ReadOnly);
    }

    private async Task MakeAsync()
    {
        await using var cache = new SqliteStoreCache(File1);
        await cache.SaveAsync(Key, Replace(Row("a", "1")));
    }

    private async Task LeavesAloneAsync(StoreCacheFault expected)
    {
        var before = await File.ReadAllBytesAsync(File1);
        await using (var cache = new SqliteStoreCache(File1))
        {
            (await FaultAsync(async () => await cache.LoadAsync(Key))).Fault.Should().Be(expected);
            (await FaultAsync(() => cache.SaveAsync(Key, Replace(Row("a", "2"))))).Fault.Should().Be(expected);
            (await FaultAsync(() => cache.RemoveAsync(Key))).Fault.Should().Be(expected);
            (await FaultAsync(() => cache.RemoveUserAsync(Key.Project, Key.Subject, CancellationToken.None))).Fault.Should().Be(expected);
        }

        (await File.ReadAllBytesAsync(File1)).Should().Equal(before);
        File.Exists(File1 + ".corrupt").Should().BeFalse();
    }

    /// <summary>
    /// Root may write anything, so a test that runs as root takes another user's file rights for this thread (fsuid, Linux); elsewhere the modes bind already.
    /// The cache works on the calling thread: nothing of it runs outside.
    /// </summary>
    private static void AsNobody(Action action)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            action();
            return;
        }

        var before = SetFileUser(65534);
        try
        {
            action();
        }
        finally
        {
            _ = SetFileUser(before);
        }
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetFileUser(int user);
}
