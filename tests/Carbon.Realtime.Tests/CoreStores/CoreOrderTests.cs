using System.Text.Json.Nodes;
using Carbon.Realtime.CoreStores;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Stores.Views;

namespace Carbon.Realtime.Tests.CoreStores;

/// <summary>The core stores' lists have one order, whichever way a row came into them (<see cref="Stores.CarbonWeaknesses"/>, line 8: there were two).</summary>
public sealed class CoreOrderTests
{
    [Fact]
    public async Task Each_list_has_its_entitys_order_after_a_read_after_changes_and_in_a_collection()
    {
        using var shop = new ShopHost(b => b.AddCoreStores().AddCoreStores(CarbonApp.Mes));
        Fill(shop.Emulator);
        await shop.StartAsync();
        var (core, mes) = (shop.Get<ICoreStores>(), shop.Get<IMesStores>());

        Holds(shop, core.Items, CarbonOrder.Items, static i => i.ReadableIdWithRevision, "AAA", "aaa", "ZZZ", "zzz");
        Holds(shop, mes.Items, CarbonOrder.MesItems, static i => i.ReadableIdWithRevision, "AAA", "aaa", "ZZZ", "zzz");
        Holds(shop, core.Customers, CarbonOrder.Customers, static c => c.Name, "AAA", "aaa", "ZZZ", "zzz");
        Holds(shop, core.Suppliers, CarbonOrder.Suppliers, static s => s.Name, "AAA", "aaa", "ZZZ", "zzz");
        Holds(shop, core.People, CarbonOrder.People, static p => p.Name, "AAA", "aaa", "ZZZ", "zzz");
    }

    [Fact]
    public async Task A_list_out_of_the_cache_has_the_order_of_the_one_that_was_read()
    {
        var cache = new InMemoryStoreCache();
        List<string> read;
        using (var shop = new ShopHost(b => b.AddCoreStores(), cache))
        {
            Fill(shop.Emulator);
            await shop.StartAsync();
            read = [.. shop.Get<ICoreStores>().Items.OrderBy().Current.Select(static i => i.Id)];
            read.Should().HaveCount(7).And.NotBeInAscendingOrder(StringComparer.Ordinal);
            await shop.StopAsync();
        }

        using var offline = new ShopHost(b => b.AddCoreStores(), cache);
        offline.Emulator.RefuseConnects(503, "");
        offline.Emulator.Faults.FailReads(int.MaxValue, EmulatorReadFault.Unreachable);
        await offline.StartAsync();

        var items = offline.Get<ICoreStores>().Items;
        items.Status.State.Should().Be(StoreState.Stale);
        items.OrderBy().Current.Select(static i => i.Id).Should().Equal(read);
    }

    /// <summary>A list of the store's own order, as it is read, bound, and told change by change.</summary>
    private static void Holds<TRow>(ShopHost shop, ILiveStore<string, TRow> store, IComparer<TRow> order, Func<TRow, string?> name, params string[] among)
    {
        var view = store.OrderBy();
        view.Current.Should().HaveCount(7);
        view.Current.Select(name).Where(n => among.Contains(n)).Should().Equal(among);
        view.Current.Should().Equal(store.Current.Rows.Order(order)).And.NotEqual(store.Current.OrderBy(static r => r.Key, StringComparer.Ordinal).Select(static r => r.Value));
        using var sets = new StreamRecorder<StoreViewChangeSet<TRow>>(view.Changes);
        var ui = new UiThread();
        using var list = store.BindTo(ui);
        list.Should().Equal(view.Current);
        shop.Advance(0.1);

        Rename(shop.Emulator, store.Table, "AB");
        for (var i = 0; i < 4; i++)
        {
            shop.Advance(1);
            ui.Run();
        }

        var shown = store.Current.Rows.Order(order).ToList();
        shown.Select(name).Should().Contain("AB");
        sets.Items[^1].Snapshot.Should().Equal(shown);
        view.Current.Should().Equal(shown);
        list.Should().Equal(shown);
        Rename(shop.Emulator, store.Table, "ZZZ");
        shop.Advance(2);
    }

    /// <summary>Four rows in each table, whose keys have another order than their names.</summary>
    private static void Fill(RealtimeEmulator emulator)
    {
        foreach (var (id, name) in (ReadOnlySpan<(string, string)>)[("0", "ZZZ"), ("1", "zzz"), ("2", "AAA"), ("3", "aaa")])
        {
            emulator.Insert("item", $$"""{"id":"{{id}}","companyId":"co_1","readableId":"{{name}}","name":"n"}""");
            emulator.Insert("customer", $$"""{"id":"{{id}}","companyId":"co_1","readableId":"r","name":"{{name}}"}""");
            emulator.Insert("supplier", $$"""{"id":"{{id}}","companyId":"co_1","readableId":"r","name":"{{name}}"}""");
            emulator.Insert("user", $$"""{"id":"{{id}}","fullName":"{{name}}","email":"e"}""");
            emulator.Insert("employee", $$"""{"id":"{{id}}","companyId":"co_1"}""");
        }
    }

    /// <summary>The row whose key is the first gets another name.</summary>
    private static void Rename(RealtimeEmulator emulator, string table, string name)
    {
        if (table == "public.employees")
        {
            emulator.Update("user", "0", $$"""{"fullName":"{{name}}"}""");
            emulator.Update("employee", new JsonObject { ["id"] = "0", ["companyId"] = "co_1" }, $$"""{"employeeTypeId":"{{name}}"}""");
        }
        else
        {
            emulator.Update(table["public.".Length..], "0", table == "public.item" ? $$"""{"readableId":"{{name}}"}""" : $$"""{"name":"{{name}}"}""");
        }
    }
}
