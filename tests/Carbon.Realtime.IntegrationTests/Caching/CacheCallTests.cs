using System.Collections;
using Carbon.Realtime.Sqlite;
using Carbon.Realtime.Tests.Caching;
using Microsoft.Extensions.DependencyInjection;
using static Carbon.Realtime.Tests.Caching.CacheRows;

namespace Carbon.Realtime.IntegrationTests.Caching;

/// <summary>Who waits for whom, how it ends, and how it is registered.</summary>
public sealed class CacheCallTests : IDisposable
{
    private readonly CacheFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Turns_are_taken_in_the_order_of_their_asking_and_a_cancelled_one_is_passed_on()
    {
        var queue = new CallQueue();
        using var cancel = new CancellationTokenSource();
        var first = await queue.EnterAsync(CancellationToken.None);
        var second = queue.EnterAsync(cancel.Token).AsTask();
        var third = queue.EnterAsync(CancellationToken.None).AsTask();
        await cancel.CancelAsync();
        await FluentActions.Awaiting(() => second).Should().ThrowAsync<OperationCanceledException>();
        third.IsCompleted.Should().BeFalse("the first has the turn");

        first.Dispose();

        (await third).Dispose();
        queue.EnterAsync(CancellationToken.None).AsTask().IsCompletedSuccessfully.Should().BeTrue("nobody has it");
    }

    [Fact]
    public async Task The_end_waits_for_the_call_that_runs_and_not_for_those_that_wait()
    {
        var cache = new SqliteStoreCache(_folder.Path);
        Task? waiting = null;
        Task? cancelled = null;
        Task? end = null;
        using var cancel = new CancellationTokenSource();
        await cache.SaveAsync(Key, new StoreCacheChanges
        {
            ReplacesAll = true,
            AsOf = AsOf,
            Upserts = new Rows(() =>
            {
                // Within the save: it has the turn.
                waiting = cache.SaveAsync(Key, Replace(Row("b", "2"))).AsTask();
                cancelled = cache.RemoveAsync(Key, cancel.Token).AsTask();
                cancel.Cancel();
                end = cache.DisposeAsync().AsTask();
                end.IsCompleted.Should().BeFalse();
            }),
        });

        await end!;
        await FluentActions.Awaiting(() => waiting!).Should().ThrowAsync<ObjectDisposedException>();
        await FluentActions.Awaiting(() => cancelled!).Should().ThrowAsync<OperationCanceledException>();
        File.Exists(_folder.Log).Should().BeFalse("the file is closed");
        await FluentActions.Awaiting(() => cache.RowsAsync(Key)).Should().ThrowAsync<ObjectDisposedException>();
        await cache.DisposeAsync();
        await using var next = new SqliteStoreCache(_folder.Path);
        (await next.RowsAsync(Key)).Should().Equal("1");
    }

    [Fact]
    public async Task The_end_waits_for_a_load()
    {
        var cache = new SqliteStoreCache(_folder.Path);
        await cache.SaveAsync(Key, Replace(Row("a", "1"), Row("b", "2")));
        Task? end = null;
        var rows = 0;
        await cache.LoadAsync(
            Key,
            _ =>
            {
                rows++;
                end ??= cache.DisposeAsync().AsTask();
                end.IsCompleted.Should().BeFalse();
            },
            CancellationToken.None);
        await end!;

        rows.Should().Be(2);
        File.Exists(_folder.Log).Should().BeFalse();
    }

    [Fact]
    public async Task A_load_does_not_wait_for_a_save_and_sees_what_was_before_it()
    {
        await using var cache = new SqliteStoreCache(_folder.Path);
        await cache.SaveAsync(Key, Replace(Row("a", "before")));
        var loads = new List<Task<string[]?>>();
        await cache.SaveAsync(Key, new StoreCacheChanges
        {
            AsOf = AsOf,
            Upserts = new Rows(() =>
            {
                var load = cache.RowsAsync(Key);
                load.IsCompleted.Should().BeTrue();
                loads.Add(load);
            }),
        });

        (await loads.Single()).Should().Equal("before");
        (await cache.RowsAsync(Key)).Should().Equal("1");
    }

    [Fact]
    public async Task The_container_makes_and_closes_the_cache_of_each_manager()
    {
        var services = new ServiceCollection();
        services.AddCarbonRealtime(static options => options.ApiKey = "key").UseSqliteCache(_folder.Path);
        services.AddCarbonRealtime("other", static options => options.ApiKey = "key").UseSqliteCache(_folder.In("other.db"), static options => options.MaxBytesPerUser = 100_000);
        IStoreCache cache;
        await using (var provider = services.BuildServiceProvider())
        {
            cache = provider.GetRequiredService<IStoreCache>();
            var other = provider.GetRequiredKeyedService<IStoreCache>("other");
            await cache.SaveAsync(Key, Replace(Row("a", "1")));
            (await other.RowsAsync(Key)).Should().BeNull();
            (await FaultAsync(() => other.SaveAsync(Key, Replace(Row("a", new string('x', 100_000)))))).Fault.Should().Be(StoreCacheFault.Full);
        }

        await FluentActions.Awaiting(() => cache.RowsAsync(Key)).Should().ThrowAsync<ObjectDisposedException>();
        services.AddCarbonRealtime(static _ => { })
            .Invoking(builder => builder.UseSqliteCache(_folder.Path, static options => options.LockTimeout = -TimeSpan.FromSeconds(1)))
            .Should().Throw<ArgumentException>().WithMessage("LockTimeout must be *");
    }

    /// <summary>One row, and what happens while it is asked for.</summary>
    private sealed class Rows(Action asked) : IReadOnlyList<StoreCacheRow>
    {
        public int Count => 1;

        public StoreCacheRow this[int index] => Row("a", "1");

        public IEnumerator<StoreCacheRow> GetEnumerator()
        {
            asked();
            yield return this[0];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
