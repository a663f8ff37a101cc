using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

public sealed class CarbonShopTests
{
    private static readonly string[] Tables = ["item", "customer", "supplier", "employee", "salesOrder", "job"];

    [Fact]
    public void Equal_seeds_make_equal_histories_with_all_kinds_of_changes_in_both_companies()
    {
        var first = History(seed: 7);

        History(seed: 7).Should().Equal(first);
        History(seed: 8).Should().NotEqual(first);
        first.Select(static h => h.Split(' ')[0]).Should().Contain(CarbonShop.Companies);
        first.Should().Contain(static h => h.EndsWith(" new")).And.Contain(static h => h.EndsWith(" gone")).And.Contain(static h => h.Contains(" status "));
    }

    [Fact]
    public void A_member_sees_the_rows_of_the_company_by_claim_or_by_membership()
    {
        var world = new EmulatorWorld();
        var shop = Open(world);
        const string orders = """{"event":"INSERT","schema":"public","table":"salesOrder"}""";
        var (_, byClaim) = world.Join(orders, world.Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray("co_1") }));
        world.Emulator.Insert("userToCompany", """{"userId":"u2","companyId":"co_2"}""");
        var (_, byTable) = world.Join(orders, world.Emulator.IssueToken("u2"));
        var (_, stranger) = world.Join(orders);

        for (var i = 0; i < 100; i++)
        {
            shop.Step();
            world.World.RunUntilIdle();
        }

        Companies(byClaim).Should().Equal("co_1");
        Companies(byTable).Should().Equal("co_2");
        stranger.Frames.Should().BeEmpty();

        static IEnumerable<string> Companies(RecordingPeer peer) => peer.Json.Select(static f => f[4]!["data"]!["record"]!["companyId"]!.ToString()).Distinct();
    }

    [Fact]
    public async Task It_runs_at_its_pace_until_it_is_stopped()
    {
        var world = new EmulatorWorld();
        var shop = Open(world);
        using var stop = new CancellationTokenSource();
        var before = Rows(world).Length;
        var running = world.World.Scheduler.Start(() => shop.RunAsync(TimeSpan.FromSeconds(1), stop.Token));

        world.World.Advance(TimeSpan.FromSeconds(0.9));
        Rows(world).Should().HaveCount(before);
        world.World.Advance(TimeSpan.FromSeconds(60));
        Rows(world).Should().NotHaveCount(before);

        await stop.CancelAsync();
        await world.World.RunAsync(running);
    }

    [Fact]
    public async Task Reads_find_people_in_the_view_and_pictures_beside_items()
    {
        var world = new RestWorld();
        CarbonShop.CreateTables(world.Emulator);
        new CarbonShop(world.Emulator, new SeededRandomizer(1)).Seed(8);
        world.Emulator.Insert("item", """{"id":"r","companyId":"co_1","readableId":"P-9","revision":"B"}""");
        var token = world.Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray("co_1") });

        var people = JsonNode.Parse((await world.ReadAsync("employees?select=id,name,email,avatarUrl,active,companyId&order=name,id", token)).Body)!.AsArray();
        people.Should().HaveCount(8).And.OnlyContain(static p => p!["companyId"]!.ToString() == "co_1" && p["name"]!.ToString().StartsWith("Worker "));
        (await world.ReadAsync("employees", world.Emulator.AnonKey)).Body.Should().Be("[]");

        var items = JsonNode.Parse((await world.ReadAsync("item?select=id,readableIdWithRevision,modelUpload(thumbnailPath)", token)).Body)!.AsArray();
        items.Should().HaveCount(9).And.Contain(static i => i!["modelUpload"] != null).And.Contain(static i => i!["modelUpload"] == null);
        items.Single(static i => i!["id"]!.ToString() == "r")!["readableIdWithRevision"]!.ToString().Should().Be("P-9.B");
        items.Where(static i => i!["id"]!.ToString() != "r").Should().OnlyContain(static i => !i!["readableIdWithRevision"]!.ToString().Contains('.'));
    }

    private static string[] Rows(EmulatorWorld world) =>
        [.. Tables.SelectMany(t => world.Emulator.Rows(t)).Select(static r => r.ToString())];

    private static CarbonShop Open(EmulatorWorld world, int seed = 1)
    {
        CarbonShop.CreateTables(world.Emulator);
        var shop = new CarbonShop(world.Emulator, new SeededRandomizer(seed));
        shop.Seed();
        return shop;
    }

    private static string[] History(int seed)
    {
        var shop = Open(new EmulatorWorld(), seed);
        return [.. Enumerable.Range(0, 200).Select(_ => shop.Step())];
    }
}
