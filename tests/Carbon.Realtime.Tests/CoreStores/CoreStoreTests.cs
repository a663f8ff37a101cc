using System.Text.Json.Nodes;
using Carbon.Realtime.CoreStores;
using Carbon.Realtime.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Carbon.Realtime.Tests.CoreStores;

/// <summary>The four lists and the shop floor's two, from the container to an emulated server and back.</summary>
public sealed class CoreStoreTests
{
    [Fact]
    public async Task The_four_lists_are_live_soon_after_the_hosts_start_on_one_channel()
    {
        using var shop = new ShopHost(b => b.AddCoreStores());

        await shop.StartAsync();

        var core = shop.Get<ICoreStores>();
        core.All.Select(s => $"{s.Table} {s.Status.State}").Should().Equal(
            "public.item Live", "public.customer Live", "public.supplier Live", "public.employees Live");
        core.Items.Current.Rows.Should().HaveCount(3).And.OnlyContain(i => i.ReadableIdWithRevision.StartsWith("P-"));
        (core.Customers.Current.Count, core.Suppliers.Current.Count, core.People.Current.Count).Should().Be((3, 3, 3));
        shop.Emulator.Connections.Should().ContainSingle().Which.Topics.Should().ContainSingle().Which.Should().Contain("-core-");
    }

    [Fact]
    public async Task The_shop_floors_two_lists_share_the_channel_of_the_four()
    {
        using var shop = new ShopHost(b => b.AddCoreStores().AddCoreStores(CarbonApp.Mes));

        await shop.StartAsync();

        shop.Get<IMesStores>().All.Should().OnlyContain(s => s.Status.IsLive);
        shop.Emulator.Connections.Should().ContainSingle().Which.Topics.Should().ContainSingle().Which.Should().Contain("-core-");
    }

    [Fact]
    public async Task Each_list_is_injectable_by_itself_and_is_the_same_store()
    {
        using var shop = new ShopHost(b => b.AddCoreStores().AddCoreStores(CarbonApp.Mes));

        await shop.StartAsync();

        var (core, mes) = (shop.Get<ICoreStores>(), shop.Get<IMesStores>());
        shop.Get<ILiveStore<string, Item>>().Should().BeSameAs(core.Items);
        shop.Get<ILiveStore<string, Customer>>().Should().BeSameAs(core.Customers);
        shop.Get<ILiveStore<string, Supplier>>().Should().BeSameAs(core.Suppliers);
        shop.Get<ILiveStore<string, Person>>().Should().BeSameAs(core.People).And.BeSameAs(mes.People);
        shop.Get<ILiveStore<string, MesItem>>().Should().BeSameAs(mes.Items);
        shop.Manager.CoreStores().Items.Should().BeSameAs(core.Items, "equal stores are one, however they were asked for");
        mes.All.Should().Equal(mes.Items, mes.People).And.OnlyContain(s => s.Status.IsLive);
    }

    [Fact]
    public async Task People_are_read_from_the_view_when_their_table_changes()
    {
        using var shop = new ShopHost(b => b.AddCoreStores());
        await shop.StartAsync();
        var people = shop.Get<ICoreStores>().People;
        var person = people.Current.Rows.First();
        person.Should().Match<Person>(p => p.Active == true && p.Email != null && p.Name!.StartsWith("Worker "));

        shop.Emulator.Update("employee", new JsonObject { ["id"] = person.Id, ["companyId"] = "co_1" }, """{"active":false}""");
        shop.Advance(2);

        people.Current[person.Id].Should().Be(person with { Active = false }, "nothing of the row is lost on the way through the other table");
    }

    [Fact]
    public async Task A_changed_item_keeps_the_picture_of_its_model_on_the_shop_floor()
    {
        using var shop = new ShopHost(b => b.AddCoreStores(CarbonApp.Mes));
        shop.Emulator.Insert("modelUpload", """{"id":"m","companyId":"co_1","modelPath":"m.step","thumbnailPath":"m.png"}""");
        shop.Emulator.Insert("item", """{"id":"i","companyId":"co_1","readableId":"A","name":"Arm","modelUploadId":"m"}""");
        await shop.StartAsync();
        var items = shop.Get<IMesStores>().Items;
        items.Current["i"].Thumbnail.Should().Be("m.png");

        shop.Emulator.Update("item", "i", """{"name":"Left arm"}""");
        shop.Advance(2);

        items.Current["i"].Should().Match<MesItem>(i => i.Name == "Left arm" && i.Thumbnail == "m.png");
        shop.Host.Services.GetService<ICoreStores>().Should().BeNull("the shop floor has no customers");
    }

    [Fact]
    public async Task A_table_that_is_not_published_leaves_the_others_live_and_is_polled()
    {
        using var shop = new ShopHost(b => b.AddCoreStores());
        shop.Emulator.SetPublished("customer", false);

        await shop.StartAsync(60);

        var core = shop.Get<ICoreStores>();
        core.All.Where(s => s.Status.IsLive).Should().Equal(core.Items, core.Suppliers, core.People);
        core.Customers.Status.Should().Match<StoreStatus>(s => s.State == StoreState.Degraded && s.Reason == StoreReason.PollingOnly);
        core.Customers.Status.Error!.Reason.Should().Be(RealtimeErrorReason.SubscriptionRefused);
        core.Customers.Current.Count.Should().Be(3, "what cannot be listened to can be read");
        shop.Emulator.Insert("item", """{"id":"i","companyId":"co_1","readableId":"A","name":"Arm"}""");
        shop.Advance(1);
        core.Items.Current.ContainsKey("i").Should().BeTrue();
    }

    [Fact]
    public async Task A_table_that_may_not_be_read_leaves_the_others_live_and_shows_nothing()
    {
        using var shop = new ShopHost(b => b.AddCoreStores());
        shop.Emulator.Faults.FailReads(int.MaxValue, "supplier", EmulatorReadFault.PermissionDenied);

        await shop.StartAsync(10);

        var core = shop.Get<ICoreStores>();
        core.All.Where(s => s.Status.IsLive).Should().Equal(core.Items, core.Customers, core.People);
        core.Suppliers.Status.State.Should().Be(StoreState.Faulted);
        core.Suppliers.Status.Error!.Reason.Should().Be(RealtimeErrorReason.PermissionDenied);
        core.Suppliers.Current.Count.Should().Be(0);

        shop.Emulator.Faults.HealReads();
        shop.Advance(400);
        core.Suppliers.Status.IsLive.Should().BeTrue("the store looks again by itself");
    }

    [Fact]
    public async Task Without_a_host_a_scope_has_its_own_companys_lists_beside_the_managers()
    {
        using var shop = new ShopHost(_ => { });
        var mine = shop.Manager.CoreStores();
        using var other = shop.Manager.ForTenant("co_2");
        var theirs = other.CoreStores();
        using var running = mine.Start();
        using var theirRunning = theirs.Start();
        shop.Advance(1);

        mine.All.Concat(theirs.All).Should().HaveCount(8).And.OnlyContain(s => s.Status.IsLive);
        mine.Items.Current.Keys.Should().HaveCount(3).And.NotIntersectWith(theirs.Items.Current.Keys);
        theirs.Items.Current.Count.Should().Be(3);
        await other.DisposeAsync();
        theirs.All.Should().OnlyContain(s => s.Status.State == StoreState.Closed);
        mine.All.Should().OnlyContain(s => s.Status.IsLive);
        shop.Manager.MesStores().Items.Status.State.Should().Be(StoreState.Empty, "asking for stores starts none");
    }
}
