using System.Text.Json.Nodes;
using Carbon.Realtime.IntegrationTests.EndToEnd;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.IntegrationTests.Samples;

/// <summary>The label worker over runs, kills, gaps and faults. The last label of a test is the proof that none came in between.</summary>
public sealed class LabelWorkerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("carbon-labels-").FullName;

    [Fact]
    public async Task Two_runs_over_the_same_folder_print_each_label_once()
    {
        await using var project = await ProjectAsync();
        Add(project, 1, "released");
        Add(project, 2, "planned");
        await using (var first = await LabelRun.StartAsync(project, _folder))
        {
            await first.PrintsAsync("J-1");
            Move(project, 2, "released");
            await first.PrintsAsync("J-2");
        }

        // While nobody works: one is over, one is released, one comes and goes.
        Move(project, 1, "completed");
        Add(project, 3, "released");
        Add(project, 4, "released");
        Move(project, 4, "completed");
        await using var second = await LabelRun.StartAsync(project, _folder);
        await second.PrintsAsync("J-3");
        Move(project, 2, "inProgress");
        Move(project, 3, "inProgress");
        Add(project, 5, "released");

        await second.PrintsAsync("J-5");
        await second.DisposeAsync();
        (second.Desk.Printed, second.Desk.PrintedBefore, second.Desk.PossibleCopies).Should().Be((2, 1, 0));
    }

    [Fact]
    public async Task A_worker_that_dies_between_a_label_and_the_journal_prints_that_one_again_and_says_so()
    {
        await using var project = await ProjectAsync();
        foreach (var number in (int[])[1, 2, 3])
        {
            Add(project, number, "released");
        }

        await using (var first = new LabelRun(project, _folder))
        {
            first.Printer.Then = static label => label.Job == "J-2" ? throw new KilledException() : Task.CompletedTask;
            var stopped = first.Stopped;
            await first.StartAsync();
            await first.PrintsAsync("J-1", "J-2");
            await stopped;
        }

        await using var second = await LabelRun.StartAsync(project, _folder);
        await second.PrintsAsync("J-2 copy?", "J-3");
        Add(project, 4, "released");

        await second.PrintsAsync("J-4");
    }

    [Fact]
    public async Task What_happened_in_a_gap_is_printed_after_it_and_nothing_else()
    {
        await using var project = await ProjectAsync();
        Add(project, 1, "released");
        Add(project, 2, "planned");
        await using var run = await LabelRun.StartAsync(project, _folder);
        await run.PrintsAsync("J-1");
        await run.SaysAsync("gap (Started)");

        project.Emulator.RefuseConnects(503, "");
        project.Emulator.BreakConnections();
        Move(project, 2, "released");
        Add(project, 3, "released");
        project.Emulator.AcceptConnects();

        await run.PrintsAsync("J-2", "J-3");
        await run.SaysAsync("gap (Rejoined)");
        await run.Open.WhenLiveAsync();
        Add(project, 4, "released");
        await run.PrintsAsync("J-4");
    }

    [Fact]
    public async Task A_release_is_printed_while_the_open_jobs_cannot_be_read()
    {
        await using var project = await ProjectAsync();
        Add(project, 1, "released");
        project.Emulator.Faults.FailReads(int.MaxValue, "job", EmulatorReadFault.StatementTimeout);
        await using var run = await LabelRun.StartAsync(project, _folder);
        await run.SaysAsync("gap (Started)");

        Add(project, 2, "released");

        await run.PrintsAsync("J-2");
        run.Open.Status.IsLive.Should().BeFalse();
        run.Printer.Labels.Should().ContainSingle("what was released before nobody can know");
    }

    [Fact]
    public async Task Without_a_stream_the_open_jobs_are_printed_all_the_same()
    {
        await using var project = await ProjectAsync();
        project.Emulator.SetPublished("job", false);
        Add(project, 1, "released");
        await using var run = await LabelRun.StartAsync(project, _folder);

        await run.PrintsAsync("J-1");

        run.Open.Status.State.Should().Be(StoreState.Degraded);
    }

    [Fact]
    public async Task Jobs_out_of_the_cache_wait_for_the_server()
    {
        await using var project = await ProjectAsync();
        Add(project, 1, "released");
        await using (var first = await LabelRun.StartAsync(project, _folder))
        {
            await first.PrintsAsync("J-1");
        }

        // The journal is lost, the cache is there: it says that job 1 is open, which it is no more.
        File.Delete(Path.Combine(_folder, "journal.db"));
        Move(project, 1, "completed");
        Add(project, 2, "released");
        await using var second = await LabelRun.StartAsync(project, _folder);

        await second.PrintsAsync("J-2");
    }

    [Fact]
    public async Task A_label_that_the_printer_refused_is_printed_with_the_next_look()
    {
        await using var project = await ProjectAsync();
        await using var run = await LabelRun.StartAsync(project, _folder);
        await run.SaysAsync("gap (Started)");
        await run.Open.WhenLiveAsync();
        var isJammed = true;
        var printed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        run.Printer.Then = label =>
        {
            if (Volatile.Read(ref isJammed))
            {
                throw new IOException("paper jam");
            }

            printed.TrySetResult(RecordingPrinter.Text(label));
            return Task.CompletedTask;
        };
        Add(project, 1, "released");
        await run.SaysAsync("J-1: paper jam");

        Volatile.Write(ref isJammed, false);
        await run.Open.VerifyAsync();

        (await printed.Task.WaitAsync(project.Hang)).Should().Be("J-1 copy?");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<LiveProject> ProjectAsync()
    {
        var project = await LiveProject.StartAsync();
        project.Emulator.Insert("item", new JsonObject { ["id"] = "item_1", ["companyId"] = "co_1", ["readableId"] = "P-1", ["name"] = "Flange" });
        return project;
    }

    private static void Add(LiveProject project, int number, string status) => project.Emulator.Insert("job", new JsonObject
    {
        ["id"] = $"job_{number}",
        ["companyId"] = "co_1",
        ["jobId"] = $"J-{number}",
        ["status"] = status,
        ["itemId"] = "item_1",
        ["quantity"] = 3,
    });

    private static void Move(LiveProject project, int number, string status) =>
        project.Emulator.Update("job", $"job_{number}", new JsonObject { ["status"] = status });
}
