using Carbon.Realtime.IntegrationTests.EndToEnd;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.IntegrationTests.Samples;

/// <summary><c>carbon-watch stores</c>, by what it prints and how it ends.</summary>
public sealed class StoresCommandTests : IDisposable
{
    private static readonly string[] Stores = ["items", "customers", "suppliers", "people"];

    private readonly string _folder = Directory.CreateTempSubdirectory("carbon-stores-").FullName;

    [Fact]
    public async Task It_shows_the_four_stores_go_live_and_with_a_cache_the_next_start_shows_them_at_once()
    {
        var cache = Path.Combine(_folder, "rows.db");
        var first = await RunAsync($"stores --for 1 --cache \"{cache}\"");
        var second = await RunAsync($"stores --for 1 --cache \"{cache}\"");

        foreach (var store in Stores)
        {
            first.Should().Contain(l => l.Contains($"status  {store,-10}  Live, as of "));
            first.Should().NotContain(l => l.Contains($"status  {store,-10}  Stale"));
            second.Should().Contain(l => l.Contains($"status  {store,-10}  Stale (Cache), as of "));
            second.Should().Contain(l => l.Contains($"status  {store,-10}  Live, as of "));
        }

        string.Concat(first).Should().NotContain("\e", "the output is no terminal");
    }

    [Fact]
    public async Task The_stores_of_a_project_are_those_of_its_company_and_their_changes_are_lines()
    {
        await using var project = await LiveProject.StartAsync();
        project.Emulator.Insert("customer", """{"id":"cust_1","companyId":"co_1","readableId":"C1","name":"Acme"}""");
        project.Emulator.Insert("customer", """{"id":"cust_2","companyId":"co_2","readableId":"C2","name":"Foreign"}""");
        using var watch = SampleProcess.Watch(
            $"stores --tenant co_1 --url {project.Host.Url}",
            ("CARBON_REALTIME_KEY", project.Emulator.AnonKey), ("CARBON_REALTIME_TOKEN", project.TokenFor("co_1")));
        (await watch.LineAsync("status  customers   Live")).Should().EndWith(" 1 rows");

        project.Emulator.Update("customer", "cust_1", """{"website":"https://acme.example"}""");
        (await watch.LineAsync("~       customers   cust_1 ")).Should().EndWith("C1  Acme  https://acme.example");
        if (!OperatingSystem.IsWindows())
        {
            await watch.SignalAsync("TERM");
            var (exitCode, lines, errors) = await watch.EndAsync();
            exitCode.Should().Be(0, errors);
            string.Concat(lines).Should().NotContain("cust_2");
        }
    }

    [Fact]
    public async Task Stores_that_cannot_be_had_do_not_hide_the_one_that_can()
    {
        await using var project = await LiveProject.StartAsync();
        foreach (var table in (string[])["customer", "supplier", "employees"])
        {
            project.Emulator.Faults.FailReads(int.MaxValue, table, EmulatorReadFault.PermissionDenied);
        }

        project.Emulator.Faults.FailReads(2, "item", EmulatorReadFault.StatementTimeout); // the last one to come
        using var watch = SampleProcess.Watch(
            $"stores --tenant co_1 --for 1 --url {project.Host.Url}",
            ("CARBON_REALTIME_KEY", project.Emulator.AnonKey), ("CARBON_REALTIME_TOKEN", project.TokenFor("co_1")));

        var (exitCode, lines, errors) = await watch.EndAsync();

        exitCode.Should().Be(0, errors);
        lines.Should().Contain(l => l.Contains("status  items       Live"));
        foreach (var store in (string[])["customers", "suppliers", "people"])
        {
            lines.Should().Contain(l => l.Contains($"status  {store,-10}  Faulted"));
        }
    }

    [Fact]
    public async Task A_wrong_key_ends_it_with_what_to_do()
    {
        await using var project = await LiveProject.StartAsync();
        using var watch = SampleProcess.Watch($"stores --tenant co_1 --url {project.Host.Url} --key planted-secret");

        var (exitCode, lines, errors) = await watch.EndAsync();

        exitCode.Should().Be(1);
        errors.Should().Contain("refuses the API key").And.Contain("Check --key");
        (string.Concat(lines) + errors).Should().NotContain("planted-secret");
    }

    [Theory]
    [InlineData("stores nonsense", "nonsense")]
    [InlineData("stores --filter status=eq.x", "--filter")]
    [InlineData("stores --tenant co_9", "co_1 and co_2")]
    [InlineData("stores --url http://127.0.0.1:1 --key abc", "--url needs --tenant")]
    [InlineData("stores --key abc", "--key needs --url")]
    [InlineData("item --cache rows.db", "--cache")]
    public async Task Wrong_arguments_are_named(string arguments, string message)
    {
        using var watch = SampleProcess.Watch(arguments);

        var (exitCode, lines, errors) = await watch.EndAsync();

        exitCode.Should().Be(2);
        errors.Should().Contain(message);
        lines.Should().BeEmpty();
    }

    [Fact]
    public async Task A_table_that_is_called_stores_can_be_watched()
    {
        using var watch = SampleProcess.Watch("watch stores");

        var (exitCode, lines, errors) = await watch.EndAsync();

        exitCode.Should().Be(1, "the embedded shop has no such table");
        errors.Should().Contain("public.stores");
        lines[0].Should().StartWith("Watching stores");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<IReadOnlyList<string>> RunAsync(string arguments)
    {
        using var watch = SampleProcess.Watch(arguments);
        var (exitCode, lines, errors) = await watch.EndAsync();
        exitCode.Should().Be(0, errors);
        errors.Should().BeEmpty();
        return lines;
    }
}
