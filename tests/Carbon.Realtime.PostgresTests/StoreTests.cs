using System.Text.Json.Serialization;
using Carbon.Realtime.Emulator;

namespace Carbon.Realtime.PostgresTests;

public sealed record Job(string Id, string CompanyId, string? Note, decimal Total);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Job))]
public sealed partial class JobJson : JsonSerializerContext;

/// <summary>The client against all of it: real socket, real HTTP, real PostgreSQL.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StoreTests(PostgresCluster cluster)
{
    private static readonly RealtimeTable<string, Job> Jobs =
        RealtimeTable.Define("job", JobJson.Default.Job, "id", static j => j.Id).TenantScoped("companyId");

    [Fact]
    public async Task A_live_store_becomes_live_and_follows_the_database()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            """
            create table job(id text primary key, "companyId" text not null, note text, total numeric not null);
            alter table job replica identity full, enable row level security;
            create policy own on job for select using ("companyId" = any(auth.companies()));
            alter publication supabase_realtime add table job;
            insert into job values ('a', 'co_1', 'first', 1.50), ('z', 'co_2', 'foreign', 9);
            """);
        await using var host = await RealtimeEmulatorHost.StartAsync(world.Emulator, cancellationToken: world.Hang);
        var options = new RealtimeOptions { Url = host.Url, ApiKey = world.Emulator.AnonKey, Tenant = "co_1" };
        await using var manager = new RealtimeChannelManager(options, new RealtimeDependencies { AccessTokens = new OneToken(world.UserToken("u1", "co_1")) });
        var store = manager.Store(Jobs);
        using var running = store.Start();
        await store.WhenLiveAsync(world.Hang);
        store.Current.Select(static r => r.Value).Should().Equal(new Job("a", "co_1", "first", 1.50m));

        await world.SqlAsync("insert into job values ('b', 'co_1', null, 2), ('y', 'co_2', 'foreign', 3)");
        await UntilAsync(world, store, static s => s.ContainsKey("b"));
        await world.SqlAsync("update job set total = total * 2 where id = 'a'; delete from job where id = 'b'");
        await UntilAsync(world, store, static s => !s.ContainsKey("b"));

        store.Current.Select(static r => r.Value).Should().Equal(new Job("a", "co_1", "first", 3.00m));
        world.Source.LastFault.Should().BeNull();
    }

    private static async Task UntilAsync(PostgresWorld world, ILiveStore<string, Job> store, Func<StoreSnapshot<string, Job>, bool> condition)
    {
        await foreach (var snapshot in store.WatchAsync(world.Hang))
        {
            if (condition(snapshot))
            {
                return;
            }
        }
    }

    private sealed class OneToken(string token) : IAccessTokenProvider
    {
        public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(token);
    }
}
