using System.Text.Json.Nodes;

namespace Carbon.Realtime.PostgresTests;

/// <summary>Reads are SQL as the reader: policies, collations, casts and errors are the database's.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ReadTests(PostgresCluster cluster)
{
    private const string Schema =
        """
        create table customer(id int primary key, name text);
        create table "order"(id int primary key, customer_id int references customer, note text, "companyId" text, total numeric, raw bytea, code char(4),
            doc json, tags text[]);
        alter table "order" enable row level security;
        create policy own on "order" for select using ("companyId" = any(auth.companies()));
        create view big with (security_invoker) as select id, total from "order" where total > 10;
        create table secret(id int primary key, v text);
        revoke select on secret from anon, authenticated;
        create table part_secret(id int primary key, v text);
        revoke select on part_secret from anon, authenticated; grant select (id) on part_secret to anon, authenticated;
        insert into customer values (1, 'Ann'), (2, 'Bob');
        insert into "order" values (1, 1, 'first', 'co_1', 5.50, '\x00ff', 'ab', '{"b": 1,  "a": 2}', '{a,b}'),
            (2, 2, null, 'co_1', 'NaN', null, null, null, '{}'), (3, null, 'a,b"c', 'co_1', 20, null, null, null, null), (4, 1, 'x', 'co_2', 30, null, null, null, null);
        """;

    [Fact]
    public async Task Rows_are_the_readers_and_spelled_as_postgrest_spells_them()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Schema);
        var user = world.UserToken("u1", "co_1");

        (await world.ReadAsync("order?order=id&limit=1", user)).Should().Be((200,
            """[{"id":1,"customer_id":1,"note":"first","companyId":"co_1","total":5.50,"raw":"\\x00ff","code":"ab  ","doc":{"b": 1,  "a": 2},"tags":["a","b"]}]""", "0-0/*"));
        (await world.ReadAsync("order?select=id,total&order=total.desc.nullslast,id.desc", user)).Body.Should().Be(
            "[{\"id\":2,\"total\":\"NaN\"}, \n {\"id\":3,\"total\":20}, \n {\"id\":1,\"total\":5.50}]");
        (await world.ReadAsync("order?select=id", world.UserToken("u2"))).Should().Be((200, "[]", "*/*"));
        (await world.ReadAsync("order?select=id")).Should().Be((200, "[]", "*/*"), "an anonymous reader has no companies");
        (await world.ReadAsync("order?select=id&order=id", world.Emulator.ServiceKey)).Body.Should().Contain("4");
        (await world.ReadAsync("big?order=id", user)).Body.Should().Be("[{\"id\":2,\"total\":\"NaN\"}, \n {\"id\":3,\"total\":20}]");
        (await world.ReadAsync("order?select=no:id,id,id,code::text&id=eq.1", user)).Body.Should().Be("""[{"no":1,"id":1,"id":1,"code":"ab"}]""");
        (await world.ReadAsync("order?select=id&id=eq.1", user, ("Accept", "application/vnd.pgrst.object+json"))).Body.Should().Be("""{"id":1}""");
    }

    [Theory]
    [InlineData("id=in.(1,3)", "1 3")]
    [InlineData("id=not.in.(1,3)", "2")]
    [InlineData("id=in.()", "")]
    [InlineData("note=is.null", "2")]
    [InlineData("note=not.is.null&id=gt.1", "3")]
    [InlineData("note=eq.a,b\"c", "3")]
    [InlineData("note=in.(\"a,b\\\"c\",first)", "1 3")]
    [InlineData("note=like.f*", "1")]
    [InlineData("note=imatch.^F", "1")]
    [InlineData("note=isdistinct.first", "2 3")]
    [InlineData("or=(id.eq.1,and(id.gt.1,not.or(id.eq.3)))", "1 2")]
    [InlineData("not.and=(id.eq.1,id.eq.1)", "2 3")]
    [InlineData("tags=cs.{a}", "1")]
    [InlineData("tags=ov.{b,c}", "1")]
    [InlineData("total=eq.NaN", "2")]
    public async Task Filters_are_sql(string filter, string ids)
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Schema);
        var reply = await world.ReadAsync($"order?select=id&order=id&{filter}", world.UserToken("u1", "co_1"));
        string.Join(' ', JsonNode.Parse(reply.Body)!.AsArray().Select(static r => r!["id"]!.ToString())).Should().Be(ids);
    }

    [Fact]
    public async Task Pages_counts_and_the_silent_limit()
    {
        await using var world = await PostgresWorld.StartAsync(
            cluster, "create table n(id int primary key); insert into n select generate_series(1, 10)", options: new() { MaxRows = 4 });
        (string, string) count = ("Prefer", "count=exact");

        (await world.ReadAsync("n?order=id", null, count)).Should().Be((206, "[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}, \n {\"id\":4}]", "0-3/10"));
        (await world.ReadAsync("n?order=id&offset=9")).Should().Be((200, """[{"id":10}]""", "9-9/*"));
        (await world.ReadAsync("n?order=id&limit=2", null, ("Range", "1-5"))).Should().Be((200, """[{"id":2}]""", "1-1/*"));
        (await world.ReadAsync("n?id=gt.3&limit=0", null, count)).Should().Be((206, "[]", "*/7"));
        (await world.ReadAsync("n?offset=11", null, count)).Status.Should().Be(416);
        world.Emulator.Faults.MaxRows = 1;
        (await world.ReadAsync("n?order=id")).Body.Should().Be("""[{"id":1}]""");
    }

    [Fact]
    public async Task One_row_of_another_table_by_its_foreign_key()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Schema);
        var user = world.UserToken("u1", "co_1");

        (await world.ReadAsync("order?select=id,buyer:customer(name,id)&order=id", user)).Body.Should().Be(
            "[{\"id\":1,\"buyer\":{\"id\": 1, \"name\": \"Ann\"}}, \n {\"id\":2,\"buyer\":{\"id\": 2, \"name\": \"Bob\"}}, \n {\"id\":3,\"buyer\":null}]");
        (await world.ReadAsync("order?select=id,customer!order_customer_id_fkey!inner(*)&order=id.desc", user, ("Prefer", "count=exact"))).Range.Should().Be("0-1/2");
        (await Refusal(world, "order?select=id,secret(v)", user)).Should().Be((400, "PGRST200"));
        (await Refusal(world, "customer?select=id,order(id)", user)).Should().Be((501, "EMULATOR"));
    }

    [Theory]
    [InlineData("nope", 404, "PGRST205")]
    [InlineData("order?select=nope", 400, "42703")]
    [InlineData("order?nope=eq.1", 400, "42703")]
    [InlineData("order?id=eq.x", 400, "22P02")]
    [InlineData("order?id=eq.99999999999", 400, "22003")]
    [InlineData("order?id=like.1", 404, "42883")]
    [InlineData("order?order=doc", 404, "42883")]
    [InlineData("order?note=is.true", 400, "42804")]
    [InlineData("order?note=match.(", 400, "2201B")]
    [InlineData("secret", 403, "42501")]
    [InlineData("part_secret", 403, "42501")]
    [InlineData("part_secret?select=id&v=eq.1", 403, "42501")]
    [InlineData("order?select=count()", 400, "PGRST123")]
    [InlineData("order?id=fts.1", 501, "EMULATOR")]
    public async Task What_is_refused_is_refused_by_the_database_with_postgrests_status(string target, int status, string code)
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Schema);
        (await Refusal(world, target, world.UserToken("u1", "co_1"))).Should().Be((status, code));
    }

    [Fact]
    public async Task Who_asks_decides_about_the_status_too()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Schema +
            """
            create table trap(id int primary key); alter table trap enable row level security;
            create function spring() returns bool language plpgsql as $$ begin raise exception 'snap' using hint = 'step back'; end $$;
            create policy t on trap using (spring()); insert into trap values (1);
            """);

        (await Refusal(world, "secret", null)).Should().Be((401, "42501"), "the reader is anonymous");
        (await Refusal(world, "order", world.Emulator.IssueToken("u1", "nobody"))).Should().Be((401, "22023"));
        (await world.ReadAsync("trap")).Should().Be((400, """{"code":"P0001","details":null,"hint":"step back","message":"snap"}""", null));
        await world.SqlAsync("create or replace function spring() returns bool language sql as $$ select true $$");
        (await world.ReadAsync("part_secret?select=id", null)).Should().Be((200, "[]", "*/*"));
    }

    private static async Task<(int, string)> Refusal(PostgresWorld world, string target, string? token)
    {
        var reply = await world.ReadAsync(target, token);
        return (reply.Status, JsonNode.Parse(reply.Body)!["code"]!.ToString());
    }
}
