using Carbon.Realtime.CoreStores;
using Carbon.Realtime.IntegrationTests.Caching;
using Carbon.Realtime.Samples.LabelWorker;
using Carbon.Realtime.Testing;
using Microsoft.Data.Sqlite;

namespace Carbon.Realtime.IntegrationTests.Samples;

/// <summary>The promise of the worker's desk, on a real journal, with a store and a printer in the test's hands.</summary>
public sealed class LabelDeskTests : IDisposable
{
    private static readonly Item Flange = new()
    {
        Id = "item_1",
        ReadableId = "P-1",
        ReadableIdWithRevision = "P-1.A",
        Name = "Flange",
        Type = "Part",
        ReplenishmentSystem = "Make",
        ItemTrackingType = "Inventory",
        Active = true,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("carbon-labels-").FullName;
    private readonly ManualEnvironment _world = new();
    private readonly FakeLiveStore<string, Item> _items = new(static i => i.Id);
    private readonly RecordingPrinter _printer = new();
    private LabelJournal _journal;
    private LabelDesk _desk;

    public LabelDeskTests()
    {
        _items.Set(Flange);
        (_journal, _desk) = Open();
    }

    [Fact]
    public async Task A_job_gets_one_label_however_often_it_is_offered()
    {
        await _desk.PrintAsync(Job(1), default);
        await _desk.PrintAsync(Job(1) with { Status = "inProgress" }, default);
        await _desk.PrintAsync(Job(2), default);
        await _desk.PrintAsync(Job(1), default);

        _printer.Labels.Should().Equal(
            new Label("J-1", "P-1.A", "Flange", 3, IsPossibleCopy: false), new Label("J-2", "P-1.A", "Flange", 3, IsPossibleCopy: false));
    }

    [Fact]
    public async Task Two_who_offer_it_at_the_same_time_get_one_label()
    {
        var held = new TaskCompletionSource();
        _printer.Then = _ => held.Task;

        var first = _desk.PrintAsync(Job(1), default);
        var second = _desk.PrintAsync(Job(1), default);
        held.SetResult();
        await Task.WhenAll(first, second);

        _printer.Labels.Should().ContainSingle();
    }

    [Fact]
    public async Task After_a_restart_it_knows_what_it_printed()
    {
        await _desk.PrintAsync(Job(1), default);

        Restart();
        await _desk.PrintAsync(Job(1), default);
        await _desk.PrintAsync(Job(2), default);

        _printer.Labels.Select(RecordingPrinter.Text).Should().Equal("J-1", "J-2");
        (_desk.Printed, _desk.PrintedBefore, _desk.PossibleCopies).Should().Be((1, 1, 0));
    }

    [Fact]
    public async Task A_kill_between_the_label_and_the_journal_prints_it_again_and_the_label_says_so()
    {
        await _desk.PrintAsync(Job(1), default);
        _printer.Then = static _ => throw new KilledException();
        await FluentActions.Awaiting(() => _desk.PrintAsync(Job(2), default)).Should().ThrowAsync<KilledException>();

        Restart();
        foreach (var number in (int[])[1, 2, 3, 2])
        {
            await _desk.PrintAsync(Job(number), default);
        }

        _printer.Labels.Select(RecordingPrinter.Text).Should().Equal("J-1", "J-2", "J-2 copy?", "J-3");
        _desk.PossibleCopies.Should().Be(1);
    }

    [UnixFact]
    public async Task While_the_printer_works_the_disk_says_that_the_label_is_in_doubt()
    {
        // What a kill or a power cut would leave at this moment: the folder's files as they are.
        var left = Directory.CreateDirectory(Path.Combine(_folder, "left")).FullName;
        _printer.Then = _ =>
        {
            foreach (var file in Directory.GetFiles(_folder, "journal.db*"))
            {
                File.Copy(file, Path.Combine(left, Path.GetFileName(file)));
            }

            return Task.CompletedTask;
        };

        await _desk.PrintAsync(Job(1), default);

        using var journal = new LabelJournal(Path.Combine(left, "journal.db"));
        journal.StateOf(Job(1)).Should().Be(LabelState.InDoubt);
        journal.StateOf(Job(2)).Should().Be(LabelState.New);
    }

    [Fact]
    public async Task A_printer_that_failed_is_asked_again_and_its_label_may_be_a_copy()
    {
        _printer.Then = static _ => throw new IOException("out of paper");
        await FluentActions.Awaiting(() => _desk.PrintAsync(Job(1), default)).Should().ThrowAsync<IOException>();

        _printer.Then = static _ => Task.CompletedTask;
        await _desk.PrintAsync(Job(1), default);
        await _desk.PrintAsync(Job(1), default);

        _printer.Labels.Select(RecordingPrinter.Text).Should().Equal("J-1", "J-1 copy?");
    }

    [Fact]
    public async Task Jobs_of_two_companies_with_one_key_get_a_label_each()
    {
        await _desk.PrintAsync(Job(1), default);
        await _desk.PrintAsync(Job(1) with { CompanyId = "co_2" }, default);

        _printer.Labels.Should().HaveCount(2);
    }

    [Fact]
    public async Task An_item_that_comes_after_its_job_is_read_before_the_label()
    {
        _items.Verification = () =>
        {
            _items.Set(Flange with { Id = "item_2", Name = "Late" });
            return Task.CompletedTask;
        };

        await _desk.PrintAsync(Job(1) with { ItemId = "item_2" }, default);

        _printer.Labels.Should().ContainSingle().Which.ItemName.Should().Be("Late");
    }

    [Fact]
    public async Task An_item_that_is_gone_does_not_keep_the_label()
    {
        await _desk.PrintAsync(Job(1) with { ItemId = "item_9" }, default);

        _printer.Labels.Should().Equal(new Label("J-1", "item_9", null, 3, IsPossibleCopy: false));
    }

    [Fact]
    public async Task An_item_that_cannot_be_read_in_time_leaves_the_job_as_it_was()
    {
        var never = new TaskCompletionSource();
        _items.Verification = () => never.Task;

        var printing = _desk.PrintAsync(Job(1) with { ItemId = "item_9" }, default);
        _world.Advance(TimeSpan.FromSeconds(10));

        await FluentActions.Awaiting(() => printing).Should().ThrowAsync<TimeoutException>();
        _printer.Labels.Should().BeEmpty();
        _journal.StateOf(Job(1)).Should().Be(LabelState.New, "nothing was begun");
        await _desk.PrintAsync(Job(2), default); // and the next one has its turn
    }

    [Fact]
    public void A_journal_serves_one_worker_at_a_time()
    {
        FluentActions.Invoking(() => new LabelJournal(JournalPath)).Should().Throw<SqliteException>().WithMessage("*locked*");

        _journal.Dispose();
        using var next = new LabelJournal(JournalPath);
    }

    public void Dispose()
    {
        _journal.Dispose();
        _items.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static Job Job(int number) => new($"job_{number}", "co_1", $"J-{number}", "released", "item_1", 3);

    private string JournalPath => Path.Combine(_folder, "journal.db");

    private void Restart()
    {
        _journal.Dispose();
        _printer.Then = static _ => Task.CompletedTask;
        (_journal, _desk) = Open();
    }

    private (LabelJournal Journal, LabelDesk Desk) Open()
    {
        var journal = new LabelJournal(JournalPath);
        return (journal, new LabelDesk(journal, _items, _printer, _world.Time));
    }
}
