using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.PostgresTests;

/// <summary>What is in the way of a start, and what goes wrong afterwards.</summary>
[Collection(PostgresCollection.Name)]
public sealed class FaultTests(PostgresCluster cluster)
{
    private const string Item = "create table item(id int primary key); alter publication supabase_realtime add table item;";

    private const string Items = """{"event":"*","schema":"public","table":"item"}""";

    [Fact]
    public async Task What_a_database_lacks_is_told_by_a_reason()
    {
        var database = await cluster.CreateDatabaseAsync();
        (await FailAsync(cluster.ConnectionString(database))).Should().Be(PostgresSourceReason.PublicationMissing);
        await cluster.ExecuteAsync(database, "create publication supabase_realtime");
        (await FailAsync(cluster.ConnectionString(database, "plain"))).Should().Be(PostgresSourceReason.NoReplicationPrivilege);
        (await FailAsync(cluster.ConnectionString("no_such_database"))).Should().Be(PostgresSourceReason.AccessDenied);
        (await FailAsync(cluster.ConnectionString(database, "nobody"))).Should().Be(PostgresSourceReason.AccessDenied);

        // The discard port of the loopback: nobody listens there.
        (await FailAsync("Host=127.0.0.1;Port=9;Database=x;Username=x")).Should().Be(PostgresSourceReason.Unreachable);
    }

    [Fact]
    public async Task A_server_that_logs_too_little_is_told_what_to_set()
    {
        var server = new PostgresCluster { WalLevel = "replica" };
        try
        {
            await server.InitializeAsync();
            await server.ExecuteAsync("postgres", "create publication supabase_realtime");
            (await FailAsync(server.ConnectionString("postgres"))).Should().Be(PostgresSourceReason.WalLevel);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_emulators_own_writes_say_to_use_sql()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        foreach (var write in (IEnumerable<Action<RealtimeEmulator>>)
            [e => e.Insert("item", "{}"), e => e.Update("item", 1, "{}"), e => e.Delete("item", 1), e => e.Truncate("item"), e => e.Rows("item"),
                e => e.CreateTable("x", _ => { }), e => e.CreateEnum("x", "a"), e => e.CreateType("x"), e => e.CreateView("x", _ => { }),
                e => e.SetPublished("item", false), e => e.SetReplicaIdentity("item", true)])
        {
            write.Invoking(w => w(world.Emulator)).Should().Throw<InvalidOperationException>().WithMessage("*SQL*");
        }

        world.Emulator.Invoking(static e => e.Faults.ReplicaLag = TimeSpan.FromSeconds(1)).Should().Throw<NotSupportedException>();
        world.Emulator.Faults.ReplicaLag.Should().BeNull();
    }

    [Fact]
    public async Task A_write_over_rest_says_to_use_sql()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        using var http = new HttpMessageInvoker(world.Emulator.CreateHttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("http://db.test/rest/v1/item")) { Content = new StringContent("""{"id":1}""") };
        request.Headers.Add("apikey", world.Emulator.AnonKey);

        using var refused = await http.SendAsync(request, world.Hang);

        ((int)refused.StatusCode).Should().Be(501);
        (await refused.Content.ReadAsStringAsync(world.Hang)).Should().Contain("EMULATOR").And.Contain("POST on a real PostgreSQL: write with SQL");
    }

    [Fact]
    public async Task The_prelude_can_be_run_again_and_gives_policies_the_user_and_roles_their_rights()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, "create table old(id uuid primary key);");
        await world.SqlAsync(PostgresEmulator.SupabasePrelude);
        await world.SqlAsync(
            """
            create table note(id int primary key, owner uuid); alter table note enable row level security;
            create policy own on note for select using (owner = auth.uid() and auth.role() = 'authenticated');
            insert into note values (1, '00000000-0000-0000-0000-000000000001'), (2, '00000000-0000-0000-0000-000000000002');
            """);

        (await world.ReadAsync("note?select=id", world.UserToken("00000000-0000-0000-0000-000000000001"))).Body.Should().Be("""[{"id":1}]""");
        (await world.ReadAsync("old")).Should().Be((200, "[]", "*/*"));
    }

    [Fact]
    public async Task Silent_faults_work_as_in_memory()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        var peer = await world.JoinAsync(Items);

        world.Emulator.Faults.DropChanges(2);
        await world.SqlAsync("insert into item values (1), (2), (3)");
        (await world.ChangesAsync(peer)).Should().Equal("""INSERT item {"id":3}""");

        var (deaf, answer) = await world.TryJoinAsync(Items);
        answer.Should().StartWith("Subscribed");
        world.Emulator.Faults.Deafen(world.Emulator.Connections[^1]);
        await world.SqlAsync("insert into item values (4)");
        (await world.ChangesAsync(peer)).Should().Equal("""INSERT item {"id":4}""");
        world.Emulator.Connections[^1].Receive("""["9","9","phoenix","heartbeat",{}]"""u8);
        (await deaf.NextAsync()).Should().Contain("\"phoenix\"", "nothing else came");
    }

    [Fact]
    public async Task A_broken_session_loses_its_slot_and_goes_on_behind_the_gap()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        var peer = await world.JoinAsync(Items);
        var (slot, renewed) = world.Source.Wal.Current;

        await world.SqlAsync($"select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = '{slot}'; insert into item values (1)");
        await renewed.WaitAsync(world.Hang);
        await world.SqlAsync("insert into item values (2)");

        (await world.ChangesAsync(peer)).Should().Equal("""INSERT item {"id":2}""");
        world.Source.Wal.Current.Slot.Should().NotBe(slot);
        world.Source.LastFault.Should().NotBeNull();
    }

    [Fact]
    public async Task A_lost_slot_takes_with_it_what_was_committed_before()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        var peer = await world.JoinAsync(Items);
        var (slot, renewed) = world.Source.Wal.Current;
        await world.SqlAsync("begin; insert into item values (1)");

        world.Emulator.Faults.LoseSlot();
        await world.SqlAsync("commit");
        await renewed.WaitAsync(world.Hang);
        await world.SqlAsync("insert into item values (2)");

        (await world.ChangesAsync(peer)).Should().Equal("""INSERT item {"id":2}""");
        world.Source.Wal.Current.Slot.Should().NotBe(slot);
    }

    [Fact]
    public async Task Disposing_leaves_nothing_in_the_database()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        (await world.AskAsync("select count(*) from pg_replication_slots where database = current_database()")).Should().Be("1");

        await world.Source.DisposeAsync();

        (await world.AskAsync("select count(*) from pg_replication_slots where database = current_database()")).Should().Be("0");
        (await world.AskAsync("select count(*) from pg_stat_activity where datname = current_database() and application_name = 'Carbon.Realtime.Emulator' and backend_type = 'walsender'"))
            .Should().Be("0");
    }

    private static async Task<PostgresSourceReason> FailAsync(string connectionString)
    {
        var start = () => PostgresEmulator.StartAsync(new PostgresEmulatorOptions { ConnectionString = connectionString });
        var thrown = (await start.Should().ThrowAsync<PostgresSourceException>()).Which;
        thrown.Message.Should().NotBeEmpty();
        return thrown.Reason;
    }
}
