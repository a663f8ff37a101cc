using System.Text.Json.Nodes;
using Carbon.Realtime.Emulator;
using Npgsql;

namespace Carbon.Realtime.PostgresTests;

/// <summary>The test on a database that docs/testing.md shows, word for word but for the indentation; TestingGuideTests of Carbon.Realtime.Tests compares it.</summary>
[Collection(PostgresCollection.Name)]
public sealed class TestingGuide(PostgresCluster cluster) : IAsyncLifetime
{
    private string _database = "";

    private string ConnectionString => cluster.ConnectionString(_database);

    public async Task InitializeAsync()
    {
        _database = await cluster.CreateDatabaseAsync("");
        await SqlAsync(PostgresEmulator.SupabasePrelude); // once, where no Supabase has made the database
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task My_policy_lets_no_other_companys_rows_through()
    {
        await SqlAsync("""
            create table job(id text primary key, "companyId" text not null, note text, total numeric not null default 0);
            alter table job replica identity full, enable row level security;
            create policy own on job for select using ("companyId" = auth.jwt() ->> 'company');
            alter publication supabase_realtime add table job;
            """);
        await using var source = await PostgresEmulator.StartAsync(new PostgresEmulatorOptions { ConnectionString = ConnectionString });
        var ada = source.Emulator.IssueToken("ada", claims: new JsonObject { ["company"] = "co_1" });
        await using var host = await RealtimeEmulatorHost.StartAsync(source.Emulator);
        await using var realtime = new RealtimeChannelManager(
            new RealtimeOptions { Url = host.Url, ApiKey = source.Emulator.AnonKey },
            new RealtimeDependencies { AccessTokens = AccessTokenProvider.Of(ada) });
        var jobs = realtime.Store(RealtimeTable.Define("job", JobJson.Default.Job, "id", job => job.Id)); // no tenant filter: the policy alone
        using var use = jobs.Start();
        await jobs.WhenLiveAsync();

        await SqlAsync("insert into job values ('a', 'co_1', 'ours'), ('z', 'co_2', 'theirs')");
        await jobs.VerifyAsync();

        jobs.Current.Keys.Should().Equal("a");
    }

    private async Task SqlAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(ConnectionString);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
