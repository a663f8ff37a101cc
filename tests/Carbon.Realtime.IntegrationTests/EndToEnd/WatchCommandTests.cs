namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>The sample, by what it prints and how it ends.</summary>
public sealed class WatchCommandTests
{
    [Fact]
    public async Task Without_arguments_it_shows_the_changes_of_one_company_of_the_embedded_shop()
    {
        using var first = SampleProcess.Watch("--for 4");
        using var second = SampleProcess.Watch("watch --tenant co_2 --for 4");

        var mine = await first.EndAsync();
        var theirs = await second.EndAsync();

        mine.ExitCode.Should().Be(0, mine.Errors);
        theirs.ExitCode.Should().Be(0, theirs.Errors);
        foreach (var table in (string[])["item", "customer", "salesOrder", "job"])
        {
            mine.Lines.Should().Contain(l => l.Contains($"status  {table,-10}  Live"));
            mine.Lines.Should().Contain(l => l.Contains($"? gap   {table,-10}  Started: read what you hold again"));
        }

        // Both runs tell the same story, and a row belongs to one company.
        RowsIn(mine.Lines).Should().NotBeEmpty().And.NotIntersectWith(RowsIn(theirs.Lines).Should().NotBeEmpty().And.Subject);
        mine.Lines[^1].Should().MatchRegex("^Inserted [0-9]+, updated [0-9]+, deleted [0-9]+, gaps 4[.]$");
        string.Concat(mine.Lines).Should().NotContain("\e", "the output is no terminal");
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_it_in_good_order(string signal)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var watch = SampleProcess.Watch("item");
        await watch.LineAsync("? gap");

        await watch.SignalAsync(signal);

        var (exitCode, lines, errors) = await watch.EndAsync();
        exitCode.Should().Be(0, errors);
        errors.Should().BeEmpty();
        lines[^1].Should().StartWith("Inserted ");
    }

    [Theory]
    [InlineData("--nonsense", "There is no option --nonsense")]
    [InlineData("item --nonsense", "--nonsense")]
    [InlineData("item another", "another")]
    [InlineData("item --filter", "--filter")]
    [InlineData("item --filter status=nonsense.x", "there is no operator 'nonsense'")]
    [InlineData("--filter status=eq.x", "--filter needs a TABLE")]
    [InlineData("item* --tenant co_1", "wildcards")]
    [InlineData("--tenant co_9", "co_1 and co_2")]
    [InlineData("--row-key id", "--row-key needs a TABLE")]
    [InlineData("item --row-key a,b,c,d", "at most 3 columns")]
    [InlineData("item --insecure", "--insecure needs --url")]
    [InlineData("item --url http://db.example:1 --key k", "say --insecure")]
    [InlineData("item --for soon", "--for needs a number of seconds")]
    [InlineData("item --url http://127.0.0.1:1", "--key")]
    [InlineData("item --key abc", "--key needs --url")]
    [InlineData("item --token abc", "--token needs --url")]
    [InlineData("--url http://127.0.0.1:1 --key abc", "--url needs a TABLE")]
    [InlineData("item --url nonsense --key abc", "Url must be an absolute http")]
    [InlineData("item --url http://example.com --key abc", "travel in the clear")]
    public async Task Wrong_arguments_are_named(string arguments, string message)
    {
        using var watch = SampleProcess.Watch(arguments);

        var (exitCode, lines, errors) = await watch.EndAsync();

        exitCode.Should().Be(2);
        errors.Should().Contain(message);
        lines.Should().BeEmpty();
    }

    [Fact]
    public async Task Help_tells_the_options()
    {
        using var watch = SampleProcess.Watch("--help");

        var (exitCode, lines, _) = await watch.EndAsync();

        exitCode.Should().Be(0);
        string.Join('\n', lines).Should().ContainAll("--filter", "--tenant", "--schema", "--url", "--key", "--token", "--for", "CARBON_REALTIME_KEY");
    }

    [Fact]
    public async Task A_table_that_is_not_published_ends_it_with_what_to_do()
    {
        using var watch = SampleProcess.Watch("userToCompany");

        var (exitCode, _, errors) = await watch.EndAsync();

        exitCode.Should().Be(1);
        errors.Should().Contain("The server refuses the subscription").And.Contain("Check TABLE");
    }

    [Fact]
    public async Task A_wrong_key_ends_it_with_what_to_do()
    {
        await using var project = await LiveProject.StartAsync();
        using var watch = SampleProcess.Watch($"item --url {project.Host.Url} --key planted-secret");

        var (exitCode, lines, errors) = await watch.EndAsync();

        exitCode.Should().Be(1);
        errors.Should().Contain("The server refuses the API key").And.Contain("Check --key");
        (string.Concat(lines) + errors).Should().NotContain("planted-secret");
    }

    [Fact]
    public async Task An_expired_token_ends_it_as_it_cannot_get_another()
    {
        await using var project = await LiveProject.StartAsync();
        var token = project.Emulator.IssueToken("user_1", expiresIn: TimeSpan.FromMinutes(-1));
        using var watch = SampleProcess.Watch($"item --url {project.Host.Url} --key {project.Emulator.AnonKey} --token {token}");

        var (exitCode, lines, errors) = await watch.EndAsync();

        exitCode.Should().Be(1);
        errors.Should().Contain("The access token has expired").And.Contain("Check --token");
        (string.Concat(lines) + errors).Should().NotContain(token);
    }

    [Fact]
    public async Task With_url_key_and_token_it_watches_a_project()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using var project = await LiveProject.StartAsync();
        var token = project.TokenFor("co_1");
        using var watch = SampleProcess.Watch(
            $"watch salesOrder --filter status=neq.closed --tenant co_1 --url {project.Host.Url}",
            ("CARBON_REALTIME_KEY", project.Emulator.AnonKey),
            ("CARBON_REALTIME_TOKEN", token));
        await watch.LineAsync("? gap");

        project.InsertOrder("so_1", "co_2");
        project.InsertOrder("so_2", status: "closed");
        project.InsertOrder("so_3", total: 12.5m);

        // Step by step: row level security looks at the row of the moment, and a deleted one is nobody's.
        await watch.LineAsync("+       salesOrder  so_3");
        project.Emulator.Update("salesOrder", "so_3", """{"salesOrderId":"two\nlines\u001b[31m"}""");
        await watch.LineAsync("~       salesOrder  so_3");
        project.Emulator.Delete("salesOrder", "so_3");
        await watch.LineAsync("-       salesOrder  so_3");
        await watch.SignalAsync("TERM");

        var (exitCode, lines, errors) = await watch.EndAsync();
        exitCode.Should().Be(0, errors);
        lines.Should().ContainSingle(l => l.Contains("+       salesOrder  so_3"));
        lines.Should().ContainSingle(l => l.Contains("~       salesOrder  so_3") && l.Contains("two lines [31m"), "a row cannot break the line");
        lines[^1].Should().Be("Inserted 1, updated 1, deleted 1, gaps 1.");
        string.Concat(lines).Should().NotContainAny("so_1", "so_2", token, project.Emulator.AnonKey);
    }

    [Fact]
    public async Task A_lost_connection_is_told_and_comes_back()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using var project = await LiveProject.StartAsync();
        using var watch = SampleProcess.Watch($"note --tenant co_1 --url {project.Host.Url} --key {project.Emulator.AnonKey}");
        await watch.LineAsync("? gap   note        Started");

        project.Emulator.DropConnections();
        await watch.LineAsync("s. The server restarts or its settings changed.");
        await watch.LineAsync("? gap   note        Rejoined: read what you hold again");
        project.InsertNote(1, "co_1", "after it");
        await watch.LineAsync("+       note        1          text=after it");

        await watch.SignalAsync("INT");
        (await watch.EndAsync()).ExitCode.Should().Be(0);
    }

    private static HashSet<string> RowsIn(IEnumerable<string> lines) =>
    [
        .. lines.Select(static l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(static w => w is [_, "+" or "~" or "-", _, _, ..])
            .Select(static w => w[3]),
    ];
}
