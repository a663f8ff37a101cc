using System.Text.Json.Nodes;
using System.Threading.Channels;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Emulator.Postgres;
using Carbon.Realtime.Testing;
using Npgsql;

namespace Carbon.Realtime.PostgresTests;

/// <summary>A database that is down, slow to begin or silent, and what of it the emulator survives.</summary>
[Collection(PostgresCollection.Name)]
public sealed class OutageTests(PostgresCluster cluster)
{
    private const string Item = "create table item(id int primary key); alter publication supabase_realtime add table item;";

    private const string Items = """{"event":"*","schema":"public","table":"item"}""";

    private const string Timeouts = "IncreaseSubscriptionConnectionPool: Too many database timeouts";

    private static readonly EmulatorTiming Slow = new() { SubscribeRetryDelay = EmulatorDelay.Milliseconds(5000, 10_000) };

    [Fact]
    public async Task A_database_that_is_down_at_a_join_is_asked_again_until_it_is_back()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item, options: new() { Environment = HurriedTime.Environment, Timing = Slow });
        await world.JoinAsync(Items);
        var (_, renewed) = world.Source.Wal.Current;

        await world.ShutAsync();
        var (peer, answer) = await world.TryJoinAsync(Items);
        answer.Should().Be(Timeouts);
        (await world.SystemAsync(peer)).Should().Be(Timeouts, "each try is told");
        world.Source.LastFault.Should().NotBeNull();
        await world.AdmitAsync();

        string said;
        while ((said = await world.SystemAsync(peer)) == Timeouts)
        {
            // A try that was under way.
        }

        said.Should().Be("Subscribed to PostgreSQL");
        await renewed.WaitAsync(world.Hang);
        await world.SqlAsync("insert into item values (1)");
        (await world.ChangesAsync(peer)).Should().Equal("""INSERT item {"id":1}""");
    }

    [Fact]
    public async Task A_database_that_refuses_a_subscription_is_not_asked_again()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item, options: new() { Environment = HurriedTime.Environment });
        var (peer, answer) = await world.TryJoinAsync("""{"event":"*","schema":"public","table":"nothing"}""");
        answer.Should().StartWith("Unable to subscribe");

        world.Emulator.RepeatSubscribed();
        world.Emulator.Connections[^1].Receive("""["9","9","phoenix","heartbeat",{}]"""u8);

        (await peer.NextAsync()).Should().Contain("\"phoenix\"", "nothing else came");
    }

    [Fact]
    public async Task A_read_of_a_database_that_is_down_says_when_to_come_again()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        await world.ShutAsync();

        using var response = await world.SendAsync("item");

        ((int)response.StatusCode, response.Headers.GetValues("Retry-After").Single(), response.Headers.GetValues("Proxy-Status").Single())
            .Should().Be((503, "1", "PostgREST; error=PGRST000"));
        await world.AdmitAsync();
        (await world.ReadAsync("item")).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_session_that_was_ended_while_nobody_asked_is_replaced_unseen()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        await world.JoinAsync(Items);
        await world.SqlAsync("select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'Carbon.Realtime.Emulator' "
            + "and datname = current_database() and backend_type = 'client backend'");

        var peer = await world.JoinAsync(Items);

        await world.SqlAsync("insert into item values (1)");
        (await world.ChangesAsync(peer)).Should().Equal("""INSERT item {"id":1}""");
    }

    [Fact]
    public async Task Healing_everything_heals_what_there_is_on_a_database()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        var peer = await world.JoinAsync(Items);
        var (_, renewed) = world.Source.Wal.Current;
        world.Emulator.Faults.HoldReads = true;
        world.Emulator.Faults.DropChanges(1000);
        world.Emulator.Faults.LoseSlot(Timeout.InfiniteTimeSpan);
        var read = world.ReadAsync("item");

        world.Emulator.Faults.HealAll();

        (await read).Status.Should().Be(200);
        await renewed.WaitAsync(world.Hang);
        await world.SqlAsync("insert into item values (1)");
        (await world.ChangesAsync(peer)).Should().Equal("""INSERT item {"id":1}""");
        (await world.ReadAsync("item")).Body.Should().Be("""[{"id":1}]""");
    }

    [Fact]
    public async Task A_server_with_nothing_to_tell_does_not_keep_its_log_for_the_slot()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, "create table noise(id int);");
        await world.SqlAsync("insert into noise select generate_series(1, 1000)");

        // It ends when the slot has caught up, and with the driver's time-out if it never does.
        await world.SqlAsync(
            $"""
            do $$
            declare written pg_lsn := pg_current_wal_lsn();
            begin
                while (select confirmed_flush_lsn from pg_replication_slots where slot_name = '{world.Source.Wal.Current.Slot}') < written loop
                    perform pg_logical_emit_message(false, 'noise', 'that is not in the publication'), pg_sleep(0.05);
                end loop;
            end $$
            """);
    }

    [Fact]
    public async Task A_start_waits_for_open_transactions_longer_than_for_any_answer()
    {
        var database = await cluster.CreateDatabaseAsync();
        await cluster.ExecuteAsync(database, PostgresWorld.Supabase);
        await using var writer = new NpgsqlConnection(cluster.ConnectionString(database));
        await writer.OpenAsync();
        await using var begin = new NpgsqlCommand("begin; insert into barrier values (1)", writer);
        await begin.ExecuteNonQueryAsync();

        var starting = PostgresEmulator.StartAsync(new PostgresEmulatorOptions { ConnectionString = cluster.ConnectionString(database) + ";Command Timeout=3" });

        // When it waits, it does so for longer than the driver would for an answer: of that clock there is no other.
        await cluster.ExecuteAsync(database,
            """
            do $$ begin
                while not exists (select from pg_locks join pg_stat_activity using (pid) where not granted and backend_type = 'walsender' and datname = current_database()) loop
                    perform pg_sleep(0.02), pg_stat_clear_snapshot();
                end loop;
                perform pg_sleep(4);
            end $$
            """);
        starting.IsCompleted.Should().BeFalse();
        await using var commit = new NpgsqlCommand("commit", writer);
        await commit.ExecuteNonQueryAsync();

        await using var source = await starting;
        source.LastFault.Should().BeNull();
    }

    [Fact]
    public async Task A_strangers_session_is_let_be_whatever_its_number()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        var connectionString = cluster.ConnectionString(world.Database);
        await using var session = new PostgresSession(connectionString);
        await using var stranger = new NpgsqlConnection(connectionString + ";Application Name=Carbon.Realtime.Emulator");
        await stranger.OpenAsync();

        await WalReader.EndAsync(session, stranger.ProcessID);

        await using var question = new NpgsqlCommand("select 1", stranger);
        (await question.ExecuteScalarAsync()).Should().Be(1);

        var (slot, renewed) = world.Source.Wal.Current;
        var reader = await world.AskAsync($"select active_pid from pg_replication_slots where slot_name = '{slot}'");
        await WalReader.EndAsync(session, int.Parse(reader!, System.Globalization.CultureInfo.InvariantCulture));
        await renewed.WaitAsync(world.Hang);
    }

    [Fact]
    public async Task Whatever_goes_wrong_with_the_log_is_told_and_reading_goes_on_behind_it()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Item);
        await using var session = new PostgresSession(cluster.ConnectionString(world.Database));
        var commits = Channel.CreateUnbounded<string?>();
        var faults = Channel.CreateUnbounded<Exception>();
        var unheard = new FormatException("No exception that a reader of logs would think of.");
        var reader = new WalReader(
            session, "supabase_realtime", HurriedTime.Environment, (changes, _) => Take(((WalChange)changes[0]).New![0].Text), fault => faults.Writer.TryWrite(fault));
        await reader.StartAsync(world.Hang);
        var (_, renewed) = reader.Current;

        await world.SqlAsync("insert into item values (1)");
        (await faults.Reader.ReadAsync(world.Hang)).Should().BeSameAs(unheard);
        await renewed.WaitAsync(world.Hang);
        await world.SqlAsync("insert into item values (2)");

        (await commits.Reader.ReadAsync(world.Hang)).Should().Be("2");
        await reader.DisposeAsync();
        faults.Reader.TryPeek(out _).Should().BeFalse("an end that was asked for is no fault");

        void Take(string? id)
        {
            if (id == "1")
            {
                throw unheard;
            }

            commits.Writer.TryWrite(id);
        }
    }

    [Fact]
    public async Task A_publication_that_changes_is_noticed_at_the_next_look()
    {
        await using var world = await PostgresWorld.StartAsync(
            cluster, Item, options: new() { Environment = HurriedTime.Environment, Timing = new EmulatorTiming { PublicationCheckInterval = TimeSpan.FromSeconds(60) } });
        var peer = await world.JoinAsync("""{"event":"*","schema":"public","table":"*"}""");

        await world.SqlAsync("create table later(id int primary key); alter publication supabase_realtime add table later");
        (await world.SystemAsync(peer)).Should().Be("Subscribed to PostgreSQL");
        await world.SqlAsync("insert into later values (1)");
        (await world.ChangesAsync(peer)).Should().Contain("""INSERT later {"id":1}""");

        var another = await world.JoinAsync("""{"event":"*","schema":"public","table":"later"}""");
        await world.SqlAsync("drop table later; create table later(id int primary key); alter publication supabase_realtime add table later");
        (await world.SystemAsync(another)).Should().Be("Subscribed to PostgreSQL", "a table of the same name is another table");
        await world.SqlAsync("insert into later values (2)");
        (await world.ChangesAsync(another)).Should().Equal("""INSERT later {"id":2}""");

        await world.SqlAsync("alter publication supabase_realtime drop table later");
        (await world.SystemAsync(another)).Should().StartWith("Unable to subscribe to changes with given parameters. Please check Realtime is enabled");
    }

    [Fact]
    public async Task Many_readers_share_few_connections_and_wait_their_turn()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            "create view sessions as select count(*)::int as n, pg_sleep(0.01)::text from pg_stat_activity where datname = current_database();",
            connectionOptions: "Pooling=true");
        await world.JoinAsync("");

        var reads = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => world.ReadAsync("sessions?select=n")));

        reads.Should().OnlyContain(static r => r.Status == 200);
        reads.Max(static r => JsonNode.Parse(r.Body)![0]!["n"]!.GetValue<int>())
            .Should().BeLessThanOrEqualTo(13, "ten are the readers', one the worker's, one the log's and one the test's");
    }

    [Fact]
    public async Task Readers_who_get_no_turn_are_told_so_and_keep_no_change_waiting()
    {
        await using var world = await PostgresWorld.StartAsync(
            cluster, Item + "create table locked(id int primary key);", options: new() { Environment = HurriedTime.Environment }, connectionOptions: "Pooling=true");
        await using var locker = new NpgsqlConnection(cluster.ConnectionString(world.Database));
        await locker.OpenAsync();
        await using var take = new NpgsqlCommand("begin; lock table locked in access exclusive mode", locker);
        await take.ExecuteNonQueryAsync();

        var reads = Enumerable.Range(0, 40).Select(_ => world.ReadAsync("locked")).ToList();
        for (var i = 0; i < 30; i++)
        {
            var refused = await Task.WhenAny(reads).WaitAsync(world.Hang);
            reads.Remove(refused);
            var (status, body, _) = await refused;
            (status, JsonNode.Parse(body)!["code"]!.ToString()).Should().Be((504, "PGRST003"));
        }

        // The worker opens its connection now, when the readers' are all taken.
        var peer = await world.JoinAsync(Items);
        await world.SqlAsync("insert into item values (1)");
        (await world.ChangesAsync(peer)).Should().Equal(["""INSERT item {"id":1}"""], "the worker has a connection of its own");

        await using var release = new NpgsqlCommand("rollback", locker);
        await release.ExecuteNonQueryAsync();
        (await Task.WhenAll(reads)).Should().HaveCount(10).And.OnlyContain(static r => r.Status == 200);
    }
}
