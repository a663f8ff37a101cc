using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Carbon.Realtime.IntegrationTests.EndToEnd;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tool;

namespace Carbon.Realtime.IntegrationTests.Tool;

/// <summary><c>carbon-realtime serve</c>, by what it prints, serves and ends with.</summary>
public sealed class ServeCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("carbon-tool").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Without_a_seed_it_serves_carbons_tables_and_prints_what_a_client_needs()
    {
        using var tool = SampleProcess.Tool("serve --port 0");
        var url = After(await tool.LineAsync("URL"), "URL");
        var key = After(await tool.LineAsync("anon key"), "anon key");
        await tool.LineAsync("service key");
        var token = After(await tool.LineAsync("token of user of co_2"), "co_2:");
        await tool.LineAsync("Its policies show a token the rows of its company");
        await tool.LineAsync("Serving until Ctrl-C.");

        var items = await ReadAsync(url, "item", key, token);

        items.Should().NotBeEmpty().And.OnlyContain(static item => item!["companyId"]!.ToString() == "co_2", "the token is of that company's user");
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

        using var tool = SampleProcess.Tool("serve --port 0");
        await tool.LineAsync("Serving");

        await tool.SignalAsync(signal);

        var (exitCode, _, errors) = await tool.EndAsync();
        (exitCode, errors).Should().Be((0, ""));
    }

    [Fact]
    public async Task An_interrupt_ends_it_also_where_the_tests_run_as_a_background_job()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var tool = SampleProcess.ToolOfABackgroundJob("serve --port 0");
        await tool.LineAsync("Serving");

        await tool.SignalAsync("INT");

        var (exitCode, _, errors) = await tool.EndAsync();
        (exitCode, errors).Should().Be((0, ""));
    }

    [Fact]
    public async Task For_programs_it_prints_one_line_of_json_and_serves_the_seed()
    {
        var seed = Seed("""{"tables":[{"name":"task","columns":{"id":"int4"},"primaryKey":["id"],"rows":[{"id":7}]}],"users":[{"name":"ada"}]}""");
        using var tool = SampleProcess.Tool($"serve --port 0 --instant --json --seed \"{seed}\"");
        var served = JsonNode.Parse(await tool.LineAsync("{"))!;

        var rows = await ReadAsync(served["url"]!.ToString(), "task", served["anonKey"]!.ToString(), served["users"]!["ada"]!.ToString());

        rows.ToJsonString().Should().Be("""[{"id":7}]""");
        served["serviceKey"]!.ToString().Should().NotBe(served["anonKey"]!.ToString());
    }

    [Fact]
    public async Task Tokens_are_signed_with_the_secret_and_valid_for_the_hours_that_were_said()
    {
        using var tool = SampleProcess.Tool("serve --port 0 --json --tokens-for 2.5 --jwt-secret another-secret-of-at-least-32-characters");
        var served = JsonNode.Parse(await tool.LineAsync("{"))!;
        var payload = Payload(served["users"]!.AsObject().First().Value!.ToString());

        ((long)payload["exp"]! - (long)payload["iat"]!).Should().Be(9000);
        Payload(served["serviceKey"]!.ToString())["role"]!.ToString().Should().Be("service_role");
        using var twin = new RealtimeEmulator(new EmulatorOptions { JwtSecret = "another-secret-of-at-least-32-characters" });
        (await ReadAsync(served["url"]!.ToString(), "item", twin.AnonKey, twin.ServiceKey)).Should().NotBeEmpty("keys of the same secret are as good");

        static JsonNode Payload(string token) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!;
    }

    [Theory]
    [InlineData("serve", 54321, 24, false)]
    [InlineData("serve --port 0 --tokens-for 1.5 --instant", 0, 1.5, true)]
    public void What_is_not_said_has_a_default_and_only_an_instant_server_takes_no_time(string line, int port, double hours, bool isInstant)
    {
        var arguments = ServeArguments.Of(ToolCommands.Create(TextWriter.Null, TextWriter.Null).Parse(line));

        (arguments.Port, arguments.TokensFor, arguments.IsJson).Should().Be((port, TimeSpan.FromHours(hours), false));
        arguments.Timing.Should().BeSameAs(isInstant ? EmulatorTiming.Instant : EmulatorTiming.Realistic);
    }

    [Fact]
    public async Task A_busy_port_is_named_with_what_to_do()
    {
        using var busy = new TcpListener(IPAddress.Loopback, 0);
        busy.Start();
        var port = ((IPEndPoint)busy.LocalEndpoint).Port;
        using var tool = SampleProcess.Tool($"serve --port {port}");

        var (exitCode, _, errors) = await tool.EndAsync();

        exitCode.Should().Be(1);
        errors.Should().Be($"carbon-realtime: Port {port} of 127.0.0.1 is in use by another program. Stop it, or say --port with another one; 0 takes a free one.{Environment.NewLine}");
    }

    [Theory]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"txet"}}]}""", "There is no type 'txet'")]
    [InlineData("""{"tabels":[]}""", "$.tabels (line 1): there is no member of this name.")]
    [InlineData("""{"users":[{"name":"ada"},{"name":"ada"}]}""", "two are named ada")]
    [InlineData("""{"tables":[null]}""", "tables[0]: there must not be a null")]
    public async Task A_bad_seed_is_told_with_its_file_and_place(string json, string text)
    {
        var seed = Seed(json);
        using var tool = SampleProcess.Tool($"serve --port 0 --seed \"{seed}\"");

        var (exitCode, lines, errors) = await tool.EndAsync();

        (exitCode, lines.Count).Should().Be((2, 0));
        errors.Should().StartWith($"carbon-realtime: {seed}: ").And.Contain(text);
    }

    [Theory]
    [InlineData("serve --seed nowhere.json", 2, "The seed cannot be read")]
    [InlineData("serve --port 70000", 2, "carbon-realtime: --port needs a number from 0 to 65535, and not '70000'.")]
    [InlineData("serve --tokens-for 0", 2, "above 0")]
    [InlineData("serve --tokens-for many", 2, "many")]
    [InlineData("serve --port any", 2, "any")]
    [InlineData("serve --tokens-for 1e300", 2, "above 0")]
    [InlineData("serve --jwt-secret \"\"", 2, "carbon-realtime: --jwt-secret needs at least 32 characters.")]
    [InlineData("serve --jwt-secret 1234567890123456789012345678901", 2, "--jwt-secret needs at least 32 characters.")]
    [InlineData("serve --prot 1", 2, "--prot")]
    [InlineData("serve --tokens-for 1e12", 2, "--tokens-for needs a number of hours")]
    [InlineData("serve --publication mine", 2, "--publication names one of the database's that --postgres names, and there is no --postgres.")]
    [InlineData("swerve", 2, "swerve")]
    [InlineData("", 2, "carbon-realtime: --help says what there is.")]
    [InlineData("serve --postgres hunter2", 2, "carbon-realtime: --postgres: It is no connection string: write Host=127.0.0.1;")]
    [InlineData("serve --postgres postgresql://u:hunter2@h:x/d", 2, "carbon-realtime: --postgres: It is no URI")]
    public async Task Wrong_arguments_are_told(string arguments, int code, string text)
    {
        using var tool = SampleProcess.Tool(arguments);

        var (exitCode, lines, errors) = await tool.EndAsync();

        exitCode.Should().Be(code);
        errors.Should().Contain(text).And.NotContain("hunter2");
        lines.Should().BeEmpty("the help would hide the mistake");
        errors.TrimEnd().Split('\n').Should().HaveCountLessThan(4);
    }

    [Theory]
    [InlineData("--help", "serve")]
    [InlineData("serve --help", "--publication")]
    [InlineData("prelude", "create publication supabase_realtime")]
    public async Task Help_and_the_prelude_are_printed(string arguments, string text)
    {
        using var tool = SampleProcess.Tool(arguments);

        var (exitCode, lines, errors) = await tool.EndAsync();

        (exitCode, errors).Should().Be((0, ""));
        string.Join('\n', lines).Should().Contain(text);
    }

    private static string After(string line, string label) => line[(line.IndexOf(label, StringComparison.Ordinal) + label.Length)..].Trim();

    private static async Task<JsonArray> ReadAsync(string url, string table, string key, string token)
    {
        using var http = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(60) };
        http.DefaultRequestHeaders.Add("apikey", key);
        http.DefaultRequestHeaders.Add("Authorization", $"Bearer {token}");
        return JsonNode.Parse(await http.GetStringAsync(new Uri($"/rest/v1/{table}", UriKind.Relative)))!.AsArray();
    }

    private string Seed(string json)
    {
        var path = Path.Combine(_folder, "seed.json");
        File.WriteAllText(path, json);
        return path;
    }
}
