using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tool;

namespace Carbon.Realtime.PostgresTests;

/// <summary>Who gets at a real database through the emulator: its rows may matter to somebody.</summary>
[Collection(PostgresCollection.Name)]
public sealed class AccessTests(PostgresCluster cluster)
{
    private const string Secret = "create table secret(id int primary key); insert into secret values (1); alter publication supabase_realtime add table secret;";

    [Fact]
    public async Task A_token_takes_only_roles_that_are_meant_for_tokens()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Secret);
        var owner = world.Emulator.IssueToken("u1", "postgres");

        var (status, body, _) = await world.ReadAsync("secret", owner);
        (status, JsonNode.Parse(body)!["code"]!.ToString()).Should().Be((401, "22023"));
        (await world.TryJoinAsync("""{"event":"*","schema":"public","table":"secret"}""", owner)).Answer
            .Should().EndWith("Exception: ERROR 42704 (undefined_object) role \"postgres\" does not exist");
    }

    [Fact]
    public async Task A_role_of_the_options_can_be_taken()
    {
        await using var world = await PostgresWorld.StartAsync(
            cluster, Secret + "grant select on secret to plain;", options: new() { Roles = ["anon", "authenticated", "service_role", "plain"] });

        (await world.ReadAsync("secret", world.Emulator.IssueToken("u1", "plain"))).Body.Should().Be("""[{"id":1}]""");
        (await world.ReadAsync("secret", world.Emulator.IssueToken("u1", "hidden"))).Status.Should().Be(401);
    }

    [Fact]
    public async Task The_tool_on_a_database_has_a_secret_that_nobody_knows_unless_it_is_told_one()
    {
        var database = await cluster.CreateDatabaseAsync();
        await cluster.ExecuteAsync(database, PostgresWorld.Supabase + Secret);
        using var stranger = new RealtimeEmulator();

        var (own, known) = await ServeAsync(database, "", stranger.ServiceKey);
        (own, known).Should().Be((HttpStatusCode.OK, HttpStatusCode.Unauthorized));
        (own, known) = await ServeAsync(database, EmulatorOptions.DevelopmentJwtSecret, stranger.ServiceKey);
        (own, known).Should().Be((HttpStatusCode.OK, HttpStatusCode.OK));
    }

    [Fact]
    public async Task A_policy_may_ask_about_the_request()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Secret +
            """
            alter table secret enable row level security;
            create policy asked on secret using (current_setting('request.headers', true)::json ->> 'x-desk' = 'front' and current_setting('request.method', true) = 'GET'
                and current_setting('request.path', true) = '/secret' and current_setting('request.cookies', true)::json ->> 'shift' = 'late');
            """);

        (await world.ReadAsync("secret", null, ("X-Desk", "front"), ("Cookie", "a=b; shift=late"))).Body.Should().Be("""[{"id":1}]""");
        (await world.ReadAsync("secret", null, ("X-Desk", "back"), ("Cookie", "a=b; shift=late"))).Body.Should().Be("[]");
    }

    [Fact]
    public async Task A_zero_byte_is_a_bad_request_wherever_it_stands()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Secret);

        foreach (var target in (string[])["secret?select=%22a%00b%22", "secret?%22a%00b%22=eq.1", "secret?order=%22a%00b%22", "secret?id=eq.%00"])
        {
            var (status, body, _) = await world.ReadAsync(target);
            (status, JsonNode.Parse(body)!["code"]!.ToString()).Should().Be((400, "22021"), "that is what {0} is", target);
        }

        (await world.ReadAsync("secret")).Status.Should().Be(200);
    }

    [Fact]
    public async Task Keys_that_read_alike_are_judged_apart()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            """
            create table pair(a text, b text, n int, primary key (a, b));
            alter table pair enable row level security;
            create policy positive on pair using (n > 0);
            alter publication supabase_realtime add table pair;
            """);
        var peer = await world.JoinAsync("""{"event":"*","schema":"public","table":"pair"}""", world.UserToken("u1"));

        await world.SqlAsync("insert into pair values (E'a\\nb', 'c', 1), ('a', E'b\\nc', 0)");

        (await world.ChangesAsync(peer)).Should().Equal("""INSERT pair {"a":"a\nb","b":"c","n":1}""");
    }

    /// <summary>What a read says to the key that the tool printed, and what to one that is signed with another secret.</summary>
    private async Task<(HttpStatusCode Own, HttpStatusCode Known)> ServeAsync(string database, string secret, string knownKey)
    {
        using var stop = new CancellationTokenSource();
        using var output = new PrintedText();
        using var errors = new StringWriter();
        string[] arguments = ["serve", "--port", "0", "--json", "--postgres", cluster.ConnectionString(database), .. secret.Length > 0 ? (string[])["--jwt-secret", secret] : []];
        var serving = ToolCommands.Create(output, errors).Parse(arguments).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null }, stop.Token);
        await Task.WhenAny(output.Printed, serving);
        errors.ToString().Should().BeEmpty();
        var served = JsonNode.Parse(output.ToString())!;
        using var http = new HttpClient { BaseAddress = new Uri(served["url"]!.ToString()) };
        var answers = (await StatusAsync(served["serviceKey"]!.ToString()), await StatusAsync(knownKey));
        await stop.CancelAsync();
        (await serving).Should().Be(0);
        return answers;

        async Task<HttpStatusCode> StatusAsync(string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/rest/v1/secret", UriKind.Relative)) { Headers = { { "apikey", key }, { "Authorization", $"Bearer {key}" } } };
            using var response = await http.SendAsync(request);
            return response.StatusCode;
        }
    }

    /// <summary>Says when something was printed.</summary>
    private sealed class PrintedText : StringWriter
    {
        private readonly TaskCompletionSource _printed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Printed => _printed.Task;

        public override void Flush() => _printed.TrySetResult();
    }
}
