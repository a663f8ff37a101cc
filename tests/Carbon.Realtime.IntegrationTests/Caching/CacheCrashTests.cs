using Carbon.Realtime.Tests.Caching;
using static Carbon.Realtime.Tests.Caching.CacheRows;

namespace Carbon.Realtime.IntegrationTests.Caching;

/// <summary>
/// A crash between any two writes. SQLite appends to its log, frame by frame, and copies pages from there into the file: so what a crash leaves is the file
/// with a beginning of the log, or the whole log with some of the pages copied.
/// </summary>
public sealed class CacheCrashTests : IDisposable
{
    private const int LogHeader = 32;
    private const int Page = 4096;
    private const int Frame = 24 + Page;

    private readonly CacheFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_log_that_ends_anywhere_gives_what_some_save_left()
    {
        var (file, log, states, _) = await RunAsync();
        var frames = (log.Length - LogHeader) / Frame;
        frames.Should().BeGreaterThan(20);
        var reached = 0;
        var ends = Enumerable.Range(0, frames).SelectMany(static i => (int[])[i * Frame, (i * Frame) + 13, (i * Frame) + 24 + 1000]).Select(static at => LogHeader + at);
        foreach (var end in ends.Prepend(LogHeader - 1).Prepend(0).Append(log.Length))
        {
            var rows = await RestartAsync(file, log[..end]);
            var state = states.FindIndex(reached, kept => kept is null ? rows is null : rows is not null && rows.SequenceEqual(kept));
            state.Should().BeGreaterThanOrEqualTo(reached, $"{end} bytes of the log hold what a save left, and no less than fewer bytes");
            reached = state;
        }

        reached.Should().Be(states.Count - 1);
    }

    [Fact]
    public async Task A_file_into_which_the_log_was_copied_in_part_gives_the_last_save()
    {
        var (before, log, states, after) = await RunAsync();
        var pages = after.Length / Page;
        for (var copied = 0; copied <= pages; copied++)
        {
            foreach (var isCopied in (Func<int, bool>[])[page => page < copied, page => page >= copied, page => page == copied, page => page != copied])
            {
                var file = new byte[after.Length];
                before.CopyTo(file, 0);
                for (var page = 0; page < pages; page++)
                {
                    if (isCopied(page))
                    {
                        after.AsSpan(page * Page, Page).CopyTo(file.AsSpan(page * Page));
                    }
                }

                (await RestartAsync(file, log)).Should().Equal(states[^1]);
            }
        }
    }

    /// <summary>Saves and saves, and keeps what is on the disk before the log is copied into the file, and after.</summary>
    private async Task<(byte[] File, byte[] Log, List<string[]?> States, byte[] Checkpointed)> RunAsync()
    {
        var states = new List<string[]?> { null };
        byte[] file, log;
        await using (var cache = new SqliteStoreCache(_folder.Path))
        {
            foreach (var changes in (StoreCacheChanges[])
            [
                Replace([.. Enumerable.Range(0, 20).Select(static i => Big(i, 1))]),
                Change([Big(3, 2), Big(40, 2)], "row 07"),
                Change([.. Enumerable.Range(0, 20).Select(static i => Big(i, 3))]),
                Change([], [.. Enumerable.Range(0, 15).Select(static i => $"row {i:00}")]),
                Replace([.. Enumerable.Range(30, 25).Select(static i => Big(i, 4))]),
                Change([Big(31, 5)]),
            ])
            {
                await cache.SaveAsync(Key, changes);
                states.Add(await cache.RowsAsync(Key));
            }

            file = await File.ReadAllBytesAsync(_folder.Path);
            log = await File.ReadAllBytesAsync(_folder.Log);
        }

        return (file, log, states, await File.ReadAllBytesAsync(_folder.Path));
    }

    private async Task<string[]?> RestartAsync(byte[] file, byte[] log)
    {
        var path = _folder.In("after the crash.db");
        await File.WriteAllBytesAsync(path, file);
        await File.WriteAllBytesAsync(path + "-wal", log);
        File.Delete(path + "-shm");
        await using var cache = new SqliteStoreCache(path);
        return await cache.RowsAsync(Key);
    }

    private static StoreCacheRow Big(int row, int version) => Row($"row {row:00}", $"{row:00} of {version} {new string((char)('a' + version), 400)}");
}
