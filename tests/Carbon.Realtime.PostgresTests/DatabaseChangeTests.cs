namespace Carbon.Realtime.PostgresTests;

/// <summary>Who gets what of a change: asked of the database, as the real server asks it.</summary>
[Collection(PostgresCollection.Name)]
public sealed class DatabaseChangeTests(PostgresCluster cluster)
{
    private const string Documents =
        """
        create table doc(id text primary key, "companyId" text not null, body text);
        alter table doc enable row level security;
        create policy own on doc for select to authenticated using ("companyId" = any(auth.companies()));
        alter publication supabase_realtime add table doc;
        """;

    private const string AllDocuments = """{"event":"*","schema":"public","table":"doc"}""";

    [Fact]
    public async Task A_policy_is_asked_with_each_subscribers_role_and_claims()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Documents);
        var first = await world.JoinAsync(AllDocuments, world.UserToken("u1", "co_1"));
        var second = await world.JoinAsync(AllDocuments, world.UserToken("u2", "co_2"));
        var both = await world.JoinAsync(AllDocuments, world.UserToken("u3", "co_1", "co_2"));
        var anonymous = await world.JoinAsync(AllDocuments, world.Emulator.AnonKey);
        var service = await world.JoinAsync(AllDocuments);

        await world.SqlAsync("insert into doc values ('a', 'co_1', 'x'), ('b', 'co_2', 'y')");

        const string A = """INSERT doc {"id":"a","body":"x","companyId":"co_1"}""";
        const string B = """INSERT doc {"id":"b","body":"y","companyId":"co_2"}""";
        (await world.ChangesAsync(first)).Should().Equal(A);
        (await world.ChangesAsync(second)).Should().Equal(B);
        (await world.ChangesAsync(both)).Should().Equal(A, B);
        (await world.ChangesAsync(anonymous)).Should().BeEmpty();
        (await world.ChangesAsync(service)).Should().Equal(A, B);
    }

    [Fact]
    public async Task A_row_that_is_gone_at_the_poll_is_seen_by_nobody_not_even_by_the_service()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Documents);
        var user = await world.JoinAsync(AllDocuments, world.UserToken("u1", "co_1"));
        var service = await world.JoinAsync(AllDocuments);

        await world.SqlAsync("begin; insert into doc values ('a', 'co_1', 'x'); delete from doc where id = 'a'; commit");

        (await world.ChangesAsync(user)).Should().Equal("""DELETE doc {"id":"a"}""");
        (await world.ChangesAsync(service)).Should().Equal("""DELETE doc {"id":"a"}""");
    }

    [Fact]
    public async Task A_row_that_is_handed_over_before_the_poll_shows_its_new_owner_what_the_old_one_wrote()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Documents);
        var first = await world.JoinAsync(AllDocuments, world.UserToken("u1", "co_1"));
        var second = await world.JoinAsync(AllDocuments, world.UserToken("u2", "co_2"));

        await world.SqlAsync("""begin; insert into doc values ('a', 'co_1', 'secret'); update doc set "companyId" = 'co_2', body = ''; commit""");

        (await world.ChangesAsync(first)).Should().BeEmpty();
        (await world.ChangesAsync(second)).Should().Equal(
            """INSERT doc {"id":"a","body":"secret","companyId":"co_1"}""", """UPDATE doc {"id":"a","body":"","companyId":"co_2"} {"id":"a"}""");

        await world.SqlAsync("""update doc set "companyId" = 'co_1'""");
        (await world.ChangesAsync(second)).Should().BeEmpty("a row that leaves a user's view sends that user nothing");
    }

    [Fact]
    public async Task A_delete_goes_to_everybody_with_the_key_alone()
    {
        await using var world = await PostgresWorld.StartAsync(
            cluster, Documents + "alter table doc replica identity full; insert into doc values ('a', 'co_1', 'x');");
        var anonymous = await world.JoinAsync(AllDocuments, world.Emulator.AnonKey);

        await world.SqlAsync("""update doc set body = 'y'; delete from doc""");
        (await world.ChangesAsync(anonymous)).Should().Equal("""DELETE doc {"id":"a"}""");

        await world.SqlAsync("alter table doc disable row level security; insert into doc values ('b', 'co_1', 'x'); delete from doc");
        (await world.ChangesAsync(anonymous)).Should().Equal(
            """INSERT doc {"id":"b","body":"x","companyId":"co_1"}""", """DELETE doc {"id":"b","body":"x","companyId":"co_1"}""");
    }

    [Fact]
    public async Task Columns_that_a_role_may_not_select_are_not_there_and_rights_are_those_of_the_poll()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            """
            create table pay(id int primary key, name text, salary numeric);
            alter table pay replica identity full;
            revoke select on pay from anon; grant select (id, name) on pay to anon;
            alter publication supabase_realtime add table pay;
            """);
        const string Binding = """{"event":"*","schema":"public","table":"pay"}""";
        var anonymous = await world.JoinAsync(Binding, world.Emulator.AnonKey);
        var service = await world.JoinAsync(Binding);

        await world.SqlAsync("insert into pay values (1, 'Ann', 1.50); update pay set salary = 2");
        (await world.ChangesAsync(anonymous)).Should().Equal(
            """INSERT pay {"id":1,"name":"Ann"}""", """UPDATE pay {"id":1,"name":"Ann"} {"id":1,"name":"Ann"}""");
        (await world.ChangesAsync(service)).Should().Equal(
            """INSERT pay {"id":1,"name":"Ann","salary":1.50}""",
            """UPDATE pay {"id":1,"name":"Ann","salary":2} {"id":1,"name":"Ann","salary":1.50}""");

        await world.SqlAsync("grant select on pay to anon; update pay set salary = 3");
        (await world.ChangesAsync(anonymous)).Should().Equal(
            """UPDATE pay {"id":1,"name":"Ann","salary":3} {"id":1,"name":"Ann","salary":2}""");

        await world.SqlAsync("revoke select on pay from anon; update pay set salary = 4");
        (await world.ChangesAsync(anonymous)).Should().Equal("""UPDATE pay {} {} ["Error 401: Unauthorized"]""");
    }

    [Fact]
    public async Task A_long_value_that_an_update_left_alone_is_absent_unless_the_identity_is_full()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            """
            create table page(id int primary key, title text, body text);
            alter table page alter body set storage external;
            alter publication supabase_realtime add table page;
            insert into page values (1, 'a', repeat('x', 5000));
            """);
        const string Binding = """{"event":"*","schema":"public","table":"page"}""";
        var peer = await world.JoinAsync($$"""{{Binding}},{"event":"*","schema":"public","table":"page","filter":"body=like.x%"}""");

        await world.SqlAsync("update page set title = 'b'");
        var frames = await world.FramesAsync(peer);
        frames.Should().ContainSingle().Which.Should().Contain("\"record\":{\"id\": 1, \"title\": \"b\"}").And.Contain("{\"name\": \"body\", \"type\": \"text\"}");
        frames[0].Should().MatchRegex("\"ids\":\\[\\d+\\]", "a filter on what is not there does not match");

        await world.SqlAsync("alter table page replica identity full; update page set title = 'c'");
        frames = await world.FramesAsync(peer);
        frames.Should().ContainSingle().Which.Should().Contain($"\"record\":{{\"id\": 1, \"body\": \"{new string('x', 5000)}\", \"title\": \"c\"}}")
            .And.MatchRegex("\"ids\":\\[\\d+,\\d+\\]");
    }

    [Fact]
    public async Task Partitions_are_tables_and_a_row_that_moves_is_deleted_from_one()
    {
        const string Parted =
            """
            create table parted(id int, r int, primary key (id, r)) partition by range (r);
            create table parted_1 partition of parted for values from (0) to (100);
            create table parted_2 partition of parted for values from (100) to (200);
            """;
        await using var world = await PostgresWorld.StartAsync(cluster, Parted + "alter publication supabase_realtime add table parted;");
        (await world.TryJoinAsync("""{"event":"*","schema":"public","table":"parted"}""")).Answer.Should().StartWith("Unable to subscribe");
        var peer = await world.JoinAsync("""{"event":"*","schema":"public","table":"parted__"}""");

        await world.SqlAsync("insert into parted values (1, 5); update parted set r = 150; delete from parted");
        (await world.ChangesAsync(peer)).Should().Equal(
            """INSERT parted_1 {"r":5,"id":1}""", """DELETE parted_1 {"r":5,"id":1}""", """INSERT parted_2 {"r":150,"id":1}""",
            """DELETE parted_2 {"r":150,"id":1}""");
    }

    [Fact]
    public async Task A_parent_that_is_published_for_its_partitions_can_be_subscribed_to_and_says_nothing()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            """
            create table parted(id int primary key) partition by range (id);
            create table parted_1 partition of parted for values from (0) to (100);
            alter publication supabase_realtime set (publish_via_partition_root = true);
            alter publication supabase_realtime add table parted;
            """);
        var peer = await world.JoinAsync("""{"event":"*","schema":"public","table":"parted"}""");

        await world.SqlAsync("insert into parted values (1)");
        (await world.ChangesAsync(peer)).Should().BeEmpty("the real server's log names the partition, which nobody can subscribe to");
        (await world.TryJoinAsync("""{"event":"*","schema":"public","table":"parted_1"}""")).Answer.Should().StartWith("Unable to subscribe");
    }

    [Fact]
    public async Task Filters_compare_with_the_databases_collation_and_match_with_its_regular_expressions()
    {
        const string Names = "create table person(id int primary key, name text); alter publication supabase_realtime add table person;";
        const string Bindings =
            """
            {"event":"*","schema":"public","table":"person","filter":"name=gt.a"},
            {"event":"*","schema":"public","table":"person","filter":"name=match.\\mBob\\M"}
            """;
        foreach (var (options, expected) in (IEnumerable<(string, string[])>)
            [("", ["a2", "Bob Ross"]), ("locale_provider icu icu_locale 'en-US'", ["a2", "Bobby", "Bob Ross"])])
        {
            await using var world = await PostgresWorld.StartAsync(cluster, Names, options);
            var peer = await world.JoinAsync(Bindings);
            await world.SqlAsync("insert into person values (1, 'a2'), (2, 'Bobby'), (3, 'Bob Ross'), (4, null)");
            (await world.ChangesAsync(peer)).Select(static c => c.Split("\"name\":\"")[1][..^2]).Should().Equal(expected);
        }
    }

    [Fact]
    public async Task An_enums_labels_are_those_of_the_database()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            """
            create type mood as enum ('sad', 'happy');
            create table feeling(id int primary key, m mood);
            alter publication supabase_realtime add table feeling;
            """);
        (await world.TryJoinAsync("""{"event":"*","schema":"public","table":"feeling","filter":"m=gte.ok"}""")).Answer
            .Should().EndWith("Exception: ERROR 22P02 (invalid_text_representation) invalid input value for enum mood: \"ok\"");
        await world.SqlAsync("alter type mood add value 'ok' before 'happy'");
        var peer = await world.JoinAsync("""{"event":"*","schema":"public","table":"feeling","filter":"m=gte.ok"}""");

        await world.SqlAsync("insert into feeling values (1, 'sad'), (2, 'ok'), (3, 'happy')");
        (await world.ChangesAsync(peer)).Should().Equal("""INSERT feeling {"m":"ok","id":2}""", """INSERT feeling {"m":"happy","id":3}""");
    }

    [Fact]
    public async Task Generated_columns_are_in_rows_although_the_log_lacks_them()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            """
            create table line(id int primary key, price numeric(10, 2), amount int, "from" char(3), total numeric generated always as (price * amount) stored,
                label text generated always as ("from" || '/' || id::text) stored, ok bool generated always as (amount > 1) stored);
            alter table line replica identity full;
            alter publication supabase_realtime add table line;
            """);
        var peer = await world.JoinAsync("""{"event":"*","schema":"public","table":"line","filter":"total=gt.2"}""");

        await world.SqlAsync("insert into line values (1, 1.5, 1, 'abc'); update line set amount = 2; delete from line");
        (await world.ChangesAsync(peer)).Should().Equal(
            """UPDATE line {"id":1,"ok":true,"from":"a","label":"abc/1","price":1.50,"total":3.00,"amount":2} {"id":1,"ok":false,"from":"a","label":"abc/1","price":1.50,"total":1.50,"amount":1}""",
            """DELETE line {"id":1,"ok":true,"from":"a","label":"abc/1","price":1.50,"total":3.00,"amount":2}""");
    }

    [Fact]
    public async Task A_table_may_change_under_its_subscriptions()
    {
        await using var world = await PostgresWorld.StartAsync(
            cluster, "create table thing(id int primary key, a text, b text); alter publication supabase_realtime add table thing;");
        var peer = await world.JoinAsync("""{"event":"*","schema":"public","table":"thing","filter":"b=eq.x"}""");

        await world.SqlAsync("alter table thing drop a; alter table thing add c int default 7");
        await world.SqlAsync("insert into thing values (1, 'x', 8), (2, 'y', 9)");
        (await world.ChangesAsync(peer)).Should().Equal("""INSERT thing {"b":"x","c":8,"id":1}""");

        await world.SqlAsync("alter table thing rename b to d; insert into thing values (3, 'x')");
        (await world.ChangesAsync(peer)).Should().BeEmpty("there is no column b any more");
    }

    [Fact]
    public async Task Composite_keys_and_an_identity_by_index()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            """
            create table "Stock Item"("Item" text, shelf uuid, code text not null, n int, primary key ("Item", shelf));
            create unique index stock_code on "Stock Item"(code);
            alter table "Stock Item" replica identity using index stock_code, enable row level security;
            create policy all_items on "Stock Item" using (n > 0);
            alter publication supabase_realtime add table "Stock Item";
            """);
        var peer = await world.JoinAsync("""{"event":"*","schema":"public","table":"Stock Item"}""", world.UserToken("u1"));

        const string Shelf = "11111111-1111-1111-1111-111111111111";
        await world.SqlAsync($"""insert into "Stock Item" values ('a"b', '{Shelf}', 'c1', 1), ('z', '{Shelf}', 'c2', 0)""");
        (await world.ChangesAsync(peer)).Should().Equal($$"""INSERT Stock Item {"n":1,"Item":"a\u0022b","code":"c1","shelf":"{{Shelf}}"}""");
        await world.SqlAsync("""update "Stock Item" set n = 2, code = 'c3' where n = 1""");
        (await world.ChangesAsync(peer)).Should().Equal($$"""UPDATE Stock Item {"n":2,"Item":"a\u0022b","code":"c3","shelf":"{{Shelf}}"} {"code":"c1"}""");
        await world.SqlAsync("""delete from "Stock Item" where n = 2""");
        (await world.ChangesAsync(peer)).Should().Equal("DELETE Stock Item {}");
    }

    [Fact]
    public async Task A_policy_that_fails_costs_everybody_the_poll_and_nobody_is_told()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Documents +
            """
            create policy broken on doc for select to authenticated using (1 / (length(body) - 3) > 0);
            create table other(id int primary key);
            alter publication supabase_realtime add table other;
            """);
        var user = await world.JoinAsync($$"""{{AllDocuments}},{"event":"*","schema":"public","table":"other"}""", world.UserToken("u1"));

        var polled = world.Source.NextPoll;
        await world.SqlAsync("begin; insert into other values (1); insert into doc values ('a', 'co_1', 'abc'); commit");
        await polled.WaitAsync(world.Hang);
        (await world.ChangesAsync(user)).Should().BeEmpty();
        world.Source.LastFault.Should().NotBeNull().And.Subject.As<Exception>().Message.Should().Contain("division by zero");

        await world.SqlAsync("insert into other values (2)");
        (await world.ChangesAsync(user)).Should().Equal("""INSERT other {"id":2}""");
    }

    [Fact]
    public async Task A_filter_on_an_array_breaks_the_poll_for_everybody()
    {
        await using var world = await PostgresWorld.StartAsync(
            cluster, "create table tagged(id int primary key, tags text[]); alter publication supabase_realtime add table tagged;");
        var victim = await world.JoinAsync("""{"event":"*","schema":"public","table":"tagged"}""");
        await world.JoinAsync("""{"event":"*","schema":"public","table":"tagged","filter":"tags=eq.\"{a,b}\""}""");

        var polled = world.Source.NextPoll;
        await world.SqlAsync("insert into tagged values (1, '{a,b}')");
        await polled.WaitAsync(world.Hang);
        (await world.ChangesAsync(victim)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_new_token_takes_the_place_of_the_old_claims()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Documents);
        var (connection, peer) = await world.OpenAsync();
        connection.Receive($$$"""["1","1","realtime:room","phx_join",{"config":{"postgres_changes":[{{{AllDocuments}}},{"event":"*","schema":"public","table":"barrier"}]},"access_token":"{{{world.UserToken("u1", "co_1")}}}"}]""");
        await peer.NextAsync();
        (await peer.NextAsync()).Should().Contain("Subscribed");
        connection.Receive($$$"""["1","2","realtime:room","access_token",{"access_token":"{{{world.UserToken("u1", "co_2")}}}"}]""");
        (await peer.NextAsync()).Should().Contain("Subscribed");

        await world.SqlAsync("insert into doc values ('a', 'co_1', 'x'), ('b', 'co_2', 'y')");
        (await world.ChangesAsync(peer)).Should().Equal("""INSERT doc {"id":"b","body":"y","companyId":"co_2"}""");
    }
}
