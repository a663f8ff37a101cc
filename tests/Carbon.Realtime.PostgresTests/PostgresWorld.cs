using System.Text.Json.Nodes;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;
using Npgsql;

namespace Carbon.Realtime.PostgresTests;

/// <summary>A database of its own with Supabase's roles and publication, an emulator on it, and clients without logic.</summary>
/// <remarks>Nothing waits for time: a row of the table <c>barrier</c>, which every client hears of, comes after everything that was committed before it.</remarks>
internal sealed class PostgresWorld : IAsyncDisposable
{
    /// <summary>What users are told to run on a bare database, and what these tests have besides.</summary>
    public static readonly string Supabase = PostgresEmulator.SupabasePrelude +
        """

        create function auth.companies() returns text[] stable language sql as
            $$ select array(select jsonb_array_elements_text(auth.jwt() -> 'companies')) $$;
        create table barrier(id int primary key);
        alter publication supabase_realtime add table barrier;
        """;

    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(120));
    private readonly PostgresCluster _cluster;
    private readonly NpgsqlConnection _connection;
    private readonly HttpMessageInvoker _http;
    private int _barriers;
    private int _references;

    private PostgresWorld(PostgresCluster cluster, string database, NpgsqlConnection connection, PostgresEmulator source)
    {
        _cluster = cluster;
        Database = database;
        _connection = connection;
        Source = source;
        _http = new HttpMessageInvoker(source.Emulator.CreateHttpHandler());
    }

    public string Database { get; }

    public PostgresEmulator Source { get; }

    public RealtimeEmulator Emulator => Source.Emulator;

    public CancellationToken Hang => _hang.Token;

    /// <remarks>The connection's options are the emulator's own: <c>Pooling=true</c> for example, which is the driver's default and not the tests'.</remarks>
    public static async Task<PostgresWorld> StartAsync(
        PostgresCluster cluster, string schema, string databaseOptions = "", EmulatorOptions? options = null, string connectionOptions = "")
    {
        var database = await cluster.CreateDatabaseAsync(databaseOptions);
        await cluster.ExecuteAsync(database, Supabase);
        await cluster.ExecuteAsync(database, schema);
        var connection = new NpgsqlConnection(cluster.ConnectionString(database));
        await connection.OpenAsync();
        var source = await PostgresEmulator.StartAsync(new PostgresEmulatorOptions
        {
            ConnectionString = $"{cluster.ConnectionString(database)};{connectionOptions}",
            Emulator = options ?? new EmulatorOptions(),
        });
        return new PostgresWorld(cluster, database, connection, source);
    }

    /// <summary>The database ends all of the emulator's sessions, and takes no new ones. The test's own goes on.</summary>
    public Task ShutAsync() => _cluster.ExecuteAsync("postgres",
        $"""
        alter database {Database} allow_connections false;
        select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{Database}' and application_name = 'Carbon.Realtime.Emulator';
        """);

    /// <summary>The database takes sessions again.</summary>
    public Task AdmitAsync() => _cluster.ExecuteAsync("postgres", $"alter database {Database} allow_connections true");

    public async Task SqlAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync(Hang);
    }

    public async Task<string?> AskAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        return (await command.ExecuteScalarAsync(Hang))?.ToString();
    }

    public string UserToken(string user, params string[] companies) =>
        Emulator.IssueToken(user, claims: new JsonObject { ["companies"] = new JsonArray([.. companies.Select(static c => (JsonNode)c)]) });

    public async Task<(EmulatorConnection Connection, QueuePeer Peer)> OpenAsync(string version = "2.0.0")
    {
        var peer = new QueuePeer(Hang);
        var request = new EmulatorConnectRequest("/realtime/v1/websocket", $"?apikey={Emulator.AnonKey}&vsn={version}", []);
        return (await Emulator.ConnectAsync(request, peer, Hang), peer);
    }

    /// <summary>Opens a socket and joins a channel, with the barrier among its bindings; returns when it is subscribed.</summary>
    public async Task<QueuePeer> JoinAsync(string bindings, string? token = null)
    {
        var (peer, answer) = await TryJoinAsync(bindings, token);
        answer.Should().Be("Subscribed to PostgreSQL");
        return peer;
    }

    /// <summary>The same, with what the server says of the subscription.</summary>
    public async Task<(QueuePeer Peer, string Answer)> TryJoinAsync(string bindings, string? token = null)
    {
        var (connection, peer) = await OpenAsync();
        connection.Receive(JoinFrame(bindings, token));
        return (peer, await SystemAsync(peer));
    }

    /// <summary>What the next <c>system</c> frame says; what comes before it is left out.</summary>
    public async Task<string> SystemAsync(QueuePeer peer)
    {
        while (true)
        {
            var frame = JsonNode.Parse(await NextAsync(peer))!;
            if (frame[3]!.ToString() == "system")
            {
                return frame[4]!["message"]!.ToString();
            }
        }
    }

    /// <summary>The changes since the last call, as <c>INSERT item {record} {old_record} [errors]</c>.</summary>
    public async Task<string[]> ChangesAsync(QueuePeer peer) => [.. (await FramesAsync(peer)).Select(static frame =>
    {
        var data = JsonNode.Parse(frame)![4]!["data"]!;
        return string.Join(' ', new[] { data["type"], data["table"], data["record"], data["old_record"], data["errors"] }
            .OfType<JsonNode>().Select(static n => n is JsonValue ? n.ToString() : n.ToJsonString()));
    })];

    /// <summary>The frames of changes since the last call, up to a barrier.</summary>
    public async Task<string[]> FramesAsync(QueuePeer peer) => await FramesAsync(peer, await BarrierAsync());

    /// <summary>Writes the row that comes after everything before it.</summary>
    public async Task<int> BarrierAsync()
    {
        await SqlAsync($"insert into barrier values ({++_barriers})");
        return _barriers;
    }

    /// <summary>The frames of changes since the last call, up to a given barrier.</summary>
    public async Task<string[]> FramesAsync(QueuePeer peer, int barrier)
    {
        var frames = new List<string>();
        while (true)
        {
            var frame = await NextAsync(peer);
            var json = JsonNode.Parse(frame)!;
            if (json[3]!.ToString() != "postgres_changes")
            {
                continue;
            }

            if (json[4]!["data"]!["table"]!.ToString() != "barrier")
            {
                frames.Add(frame);
            }
            else if (json[4]!["data"]!["record"]!["id"]!.ToString() == $"{barrier}")
            {
                return [.. frames];
            }
        }
    }

    public async Task<(int Status, string Body, string? Range)> ReadAsync(string target, string? token = null, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(target, token, headers);
        var range = response.Content.Headers.NonValidated.TryGetValues("Content-Range", out var values) ? values.ToString() : null;
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Hang), range);
    }

    public async Task<HttpResponseMessage> SendAsync(string target, string? token = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://db.test/rest/v1/" + target));
        request.Headers.TryAddWithoutValidation("apikey", Emulator.AnonKey);
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await _http.SendAsync(request, Hang);
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await _connection.DisposeAsync();
        _hang.Dispose();
    }

    private async Task<string> NextAsync(QueuePeer peer)
    {
        try
        {
            return await peer.NextAsync();
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"No frame came. What broke last: {Source.LastFault}", e);
        }
    }

    private string JoinFrame(string bindings, string? token)
    {
        var all = JsonNode.Parse($$"""[{{bindings}}{{(bindings.Length > 0 ? "," : "")}}{"event":"INSERT","schema":"public","table":"barrier"}]""");
        var payload = new JsonObject { ["config"] = new JsonObject { ["postgres_changes"] = all }, ["access_token"] = token ?? Emulator.ServiceKey };
        var reference = $"{++_references}";
        return new JsonArray(reference, reference, "realtime:room", "phx_join", payload).ToJsonString();
    }
}
