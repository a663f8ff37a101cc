using Carbon.Realtime.Testing;
using static Carbon.Realtime.Tests.Caching.CacheRows;

namespace Carbon.Realtime.Tests.Caching;

/// <summary>The cache for tests keeps the contract, and fails as it is told.</summary>
public sealed class InMemoryStoreCacheTests : StoreCacheContract
{
    private readonly InMemoryStoreCache _cache = new();

    protected override IStoreCache Cache => _cache;

    [Fact]
    public async Task A_load_fails_once_when_told()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        _cache.FailNextLoad(new StoreCacheException(StoreCacheFault.Locked, "busy", null));

        (await FaultAsync(async () => await _cache.LoadAsync(Key))).Fault.Should().Be(StoreCacheFault.Locked);
        (await _cache.RowsAsync(Key)).Should().Equal("1");
        (_cache.Loads, _cache.Saves, _cache.Removals).Should().Be((2, 1, 0));
    }

    [Fact]
    public async Task A_crash_before_a_save_keeps_the_old_rows()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        _cache.FailNextSave(new StoreCacheException(StoreCacheFault.Full, "full", null));

        await FaultAsync(() => _cache.SaveAsync(Key, Replace(Row("a", "2"))));

        (await _cache.RowsAsync(Key)).Should().Equal("1");
        await _cache.SaveAsync(Key, Replace(Row("a", "3")));
        (await _cache.RowsAsync(Key)).Should().Equal("3");
    }

    [Fact]
    public async Task A_crash_after_a_save_keeps_the_new_rows_and_does_not_say_so()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        _cache.FailAfterNextSave(new StoreCacheException(StoreCacheFault.Unavailable, "gone", null));

        await FaultAsync(() => _cache.SaveAsync(Key, Replace(Row("a", "2"))));

        (await _cache.RowsAsync(Key)).Should().Equal("2");
    }

    [Fact]
    public async Task A_corrupt_row_is_not_given_and_takes_its_image_along()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1"), Row("b", "2"), Row("c", "3")));
        _cache.CorruptRow(Key, "b");
        var given = new List<string>();

        (await FaultAsync(async () => await _cache.LoadAsync(Key, row => given.Add(System.Text.Encoding.UTF8.GetString(row)), CancellationToken.None)))
            .Fault.Should().Be(StoreCacheFault.Corrupt);

        given.Should().Equal("1");
        (await _cache.RowsAsync(Key)).Should().BeNull();
        _cache.Invoking(cache => cache.CorruptRow(Key, "b")).Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task A_corrupt_row_that_is_saved_again_is_sound()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        _cache.CorruptRow(Key, "a");
        await _cache.SaveAsync(Key, Change([Row("a", "2")]));

        (await _cache.RowsAsync(Key)).Should().Equal("2");
    }

    [Fact]
    public async Task A_forged_row_is_given()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        _cache.ForgeRow(Key, "a", "forged");

        (await _cache.RowsAsync(Key)).Should().Equal("forged");
        _cache.Images[Key].Rows.Should().Contain("a", "forged");
        _cache.Invoking(cache => cache.ForgeRow(Key, "b", "x")).Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task A_clone_goes_its_own_way()
    {
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        _cache.FailNextLoad(new StoreCacheException(StoreCacheFault.Locked, "busy", null));
        var clone = _cache.Clone();
        await _cache.SaveAsync(Key, Change([Row("b", "2")]));

        (await clone.RowsAsync(Key)).Should().Equal("1");
        clone.Saves.Should().Be(0);
        await clone.RemoveAsync(Key);
        _cache.Images[Key].Rows.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_call_waits_for_what_the_test_holds_and_sees_what_happened_meanwhile()
    {
        var hold = new TaskCompletionSource();
        _cache.Loading = (_, _) => new ValueTask(hold.Task);
        _cache.Saving = (key, changes, _) =>
        {
            key.Should().Be(Key);
            changes.ReplacesAll.Should().BeTrue();
            return ValueTask.CompletedTask;
        };
        var load = _cache.RowsAsync(Key);
        await _cache.SaveAsync(Key, Replace(Row("a", "1")));
        load.IsCompleted.Should().BeFalse();

        hold.SetResult();

        load.IsCompleted.Should().BeTrue("it goes on on the test's thread");
        (await load).Should().Equal("1");
    }
}
