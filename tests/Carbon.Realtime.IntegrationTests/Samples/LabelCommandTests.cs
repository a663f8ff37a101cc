using System.Globalization;
using System.Text.Json.Nodes;
using Carbon.Realtime.IntegrationTests.Caching;
using Carbon.Realtime.IntegrationTests.EndToEnd;

namespace Carbon.Realtime.IntegrationTests.Samples;

/// <summary>The sample <c>carbon-labels</c>, by what it prints and how it ends.</summary>
public sealed class LabelCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("carbon-labels-").FullName;

    [Fact]
    public async Task Two_runs_in_the_embedded_shop_print_each_label_once_and_show_stores_health_and_metrics()
    {
        var first = await RunAsync();
        var second = await RunAsync();

        foreach (var (lines, name) in (IEnumerable<(IReadOnlyList<string>, string)>)[(first, "first"), (second, "second")])
        {
            LabelsIn(lines).Should().NotBeEmpty(name);
            foreach (var store in (string[])["jobs", "items", "customers", "suppliers", "people"])
            {
                lines.Should().Contain(l => l.Contains($"store     {store,-9}  Live"), name);
            }

            lines.Should().Contain(l => l.Contains("health    carbon-realtime: Healthy, Live"), name);
            lines.Should().Contain(l => l.Contains("  carbon.realtime.store.rows ") && l.EndsWith("{row}"), name);
        }

        LabelsIn(first).Concat(LabelsIn(second)).Should().OnlyHaveUniqueItems();
        second.Should().Contain(l => l.EndsWith($"{LabelsIn(first).Count} labels were printed before"));
        second[^1].Should().MatchRegex($"printed {LabelsIn(second).Count}, of which 0 may be second copies; [1-9][0-9]* had theirs from an earlier run$");

        async Task<IReadOnlyList<string>> RunAsync()
        {
            using var worker = SampleProcess.Labels($"--data \"{_folder}\" --for 3");
            var (exitCode, lines, errors) = await worker.EndAsync();
            exitCode.Should().Be(0, errors);
            errors.Should().BeEmpty();
            return lines;
        }
    }

    [UnixFact]
    public async Task However_often_it_is_killed_a_second_label_says_that_it_may_be_one()
    {
        await using var project = await LiveProject.StartAsync();
        var jobs = Enumerable.Range(1, 400).Select(static n => string.Create(CultureInfo.InvariantCulture, $"J-{n}")).Order(StringComparer.Ordinal).ToList();
        foreach (var job in jobs)
        {
            project.Emulator.Insert(
                "job", new JsonObject { ["id"] = job, ["companyId"] = "co_1", ["jobId"] = job, ["status"] = "released", ["quantity"] = 1 });
        }

        List<string> labels = [];
        foreach (var labelsBeforeKill in (int[])[3, 9, 1])
        {
            using var worker = Start();
            for (var n = 0; n < labelsBeforeKill; n++)
            {
                await worker.LineAsync("  LABEL ");
            }

            await worker.SignalAsync("KILL");
            labels.AddRange(LabelsIn((await worker.EndAsync()).Lines));
        }

        using var last = Start();
        await last.LineAsync($"  LABEL     {jobs.Except(labels.Select(JobOf)).Last()} "); // they are printed in their order
        await last.SignalAsync("TERM");
        labels.AddRange(LabelsIn((await last.EndAsync()).Lines));

        labels.Select(JobOf).Distinct().Should().BeEquivalentTo(jobs, "each is printed");
        labels.Where(static l => !l.Contains("COPY")).Should().OnlyHaveUniqueItems();
        labels.Count(static l => l.Contains("COPY")).Should().BeLessThanOrEqualTo(3, "a kill leaves one label in doubt");

        SampleProcess Start() => SampleProcess.Labels(
            $"--url {project.Host.Url} --tenant co_1 --data \"{_folder}\"",
            ("CARBON_REALTIME_KEY", project.Emulator.AnonKey), ("CARBON_REALTIME_TOKEN", project.TokenFor("co_1")));
    }

    [UnixFact]
    public async Task A_signal_ends_it_in_good_order_and_a_second_worker_is_refused_its_journal()
    {
        using var worker = SampleProcess.Labels($"--data \"{_folder}\"");
        await worker.LineAsync("  LABEL ");
        using var second = SampleProcess.Labels($"--data \"{_folder}\"");

        var refused = await second.EndAsync();
        await worker.SignalAsync("INT");

        var (exitCode, lines, errors) = await worker.EndAsync();
        exitCode.Should().Be(0, errors);
        errors.Should().BeEmpty();
        lines[^1].Should().Contain($"  labels    printed {LabelsIn(lines).Count}, of which");
        refused.ExitCode.Should().Be(1);
        refused.Errors.Should().Contain("The journal in").And.Contain("--data");
        LabelsIn(refused.Lines).Should().BeEmpty();
    }

    [Fact]
    public async Task A_wrong_key_ends_it_with_the_reason()
    {
        await using var project = await LiveProject.StartAsync();
        using var worker = SampleProcess.Labels($"--url {project.Host.Url} --key planted-secret --tenant co_1 --data \"{_folder}\" --for 1");

        var (exitCode, lines, errors) = await worker.EndAsync();

        exitCode.Should().Be(1);
        errors.Should().Contain("refuses the API key");
        lines.Should().Contain(l => l.Contains("health    carbon-realtime: Unhealthy"));
        (string.Concat(lines) + errors).Should().NotContain("planted-secret");
    }

    [Theory]
    [InlineData("--nonsense", "--nonsense")]
    [InlineData("--for soon", "--for needs a number of seconds")]
    [InlineData("--filter status=nonsense.x", "there is no operator 'nonsense'")]
    [InlineData("--tenant co_9", "co_1 and co_2")]
    [InlineData("--key abc", "--key needs --url")]
    [InlineData("--token abc", "--token needs --url")]
    [InlineData("--insecure", "--insecure needs --url")]
    [InlineData("--url nonsense --key abc --tenant co_1", "--url needs an absolute http or https address")]
    [InlineData("--url http://127.0.0.1:1 --key abc", "--url needs --tenant")]
    [InlineData("--url http://127.0.0.1:1 --tenant co_1", "--url needs the project's key")]
    [InlineData("--url http://db.example:1 --key abc --tenant co_1", "say --insecure")]
    public async Task Wrong_arguments_are_named(string arguments, string message)
    {
        using var worker = SampleProcess.Labels($"{arguments} --data \"{_folder}\"");

        var (exitCode, _, errors) = await worker.EndAsync();

        exitCode.Should().Be(2, errors);
        errors.Should().Contain(message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string JobOf(string label) => label.Split(' ')[0];

    /// <summary>Jobs and what follows, as printed.</summary>
    private static List<string> LabelsIn(IEnumerable<string> lines) =>
        [.. from line in lines let at = line.IndexOf("  LABEL     ", StringComparison.Ordinal) where at >= 0 select line[(at + 12)..]];
}
