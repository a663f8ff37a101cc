using Carbon.Realtime.Sqlite;
using Carbon.Realtime.Tests.Caching;
using static Carbon.Realtime.Tests.Caching.CacheRows;

namespace Carbon.Realtime.IntegrationTests.Caching;

/// <summary>Two processes and one path: each goes on with the file that is there, whatever the other did to the one that was.</summary>
/// <remarks>Two caches of one process open the file as two processes do; what the other does to a damaged file is <see cref="CacheFile.PutAside"/>. Not on Windows, where nobody can move an open file.</remarks>
public sealed class CacheProcessTests : IDisposable
{
    private readonly CacheFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [UnixFact]
    public async Task A_sign_out_empties_the_file_that_another_process_has_begun_anew()
    {
        await using var mine = new SqliteStoreCache(_folder.Path);
        await mine.SaveAsync(Key, Replace(Row("a", "old")));
        await using var theirs = await BeginAnewAsync();

        await mine.RemoveUserAsync(Key.Project, Key.Subject, CancellationToken.None);

        (await theirs.RowsAsync(Key)).Should().BeNull();
        _folder.Holds("secret").Should().BeFalse();
        _folder.Holds("old").Should().BeFalse("what was put away goes too");
    }

    [UnixFact]
    public async Task A_save_goes_into_the_file_that_another_process_has_begun_anew()
    {
        await using var mine = new SqliteStoreCache(_folder.Path);
        var other = Key with { Table = "other" };
        await mine.SaveAsync(other, Replace(Row("a", "old")));
        await using var theirs = await BeginAnewAsync();

        (await mine.Invoking(cache => cache.SaveAsync(other, Change([Row("b", "new")])).AsTask())
            .Should().ThrowAsync<StoreCacheException>()).Which.Fault.Should().Be(StoreCacheFault.Missing, "it knows nothing of what was put away");
        await mine.SaveAsync(other, Replace(Row("b", "new")));

        (await theirs.RowsAsync(other)).Should().ContainSingle().Which.Should().Contain("new");
        (await theirs.RowsAsync(Key)).Should().ContainSingle().Which.Should().Contain("secret");
    }

    [UnixFact]
    public async Task A_file_that_is_empty_as_yet_is_not_the_one_that_was_open()
    {
        await using var mine = new SqliteStoreCache(_folder.Path);
        await mine.SaveAsync(Key, Replace(Row("a", "old")));
        var file = new CacheFile(_folder.Path);
        file.PutAside();
        file.Create();

        await mine.SaveAsync(Key, Replace(Row("a", "new")));

        await using var theirs = new SqliteStoreCache(_folder.Path);
        (await theirs.RowsAsync(Key)).Should().ContainSingle().Which.Should().Contain("new");
    }

    private async Task<SqliteStoreCache> BeginAnewAsync()
    {
        new CacheFile(_folder.Path).PutAside();
        var theirs = new SqliteStoreCache(_folder.Path);
        await theirs.SaveAsync(Key, Replace(Row("a", "secret")));
        return theirs;
    }
}
