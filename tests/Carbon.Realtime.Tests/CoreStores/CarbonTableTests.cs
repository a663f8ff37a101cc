using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.CoreStores;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Emulation;
using Carbon.Realtime.Tests.Snapshots;

namespace Carbon.Realtime.Tests.CoreStores;

public sealed class CarbonTableTests
{
    private static readonly Item Bracket = new()
    {
        Id = "item_1",
        ReadableId = "P-1",
        Revision = "B",
        ReadableIdWithRevision = "P-1.B",
        Name = "Bracket \"ü\" 日本\u2028",
        Type = ItemTypes.Part,
        ReplenishmentSystem = ReplenishmentSystems.BuyAndMake,
        ItemTrackingType = ItemTrackingTypes.Serial,
        UnitOfMeasureCode = "EA",
        Active = true,
    };

    [Fact]
    public void Tables_columns_and_scope_are_Carbons()
    {
        (string, string?, string)[] tables = [Told(CarbonTables.Items), Told(CarbonTables.Customers), Told(CarbonTables.Suppliers), Told(CarbonTables.People), Told(CarbonTables.MesItems)];
        tables.Should().Equal(
            ("public.item", "companyId", "id,readableId,revision,readableIdWithRevision,name,type,replenishmentSystem,itemTrackingType,unitOfMeasureCode,active"),
            ("public.customer", "companyId", "id,readableId,name,website"),
            ("public.supplier", "companyId", "id,readableId,name,website,supplierStatus"),
            ("public.employees", "companyId", "id,name,email,avatarUrl,active"),
            ("public.item", "companyId", "id,readableIdWithRevision,name,type,replenishmentSystem,itemTrackingType,active,thumbnailPath,modelUpload"));

        static (string, string?, string) Told<TRow>(RealtimeTable<string, TRow> table) =>
            ($"{table.Schema}.{table.Name}", table.TenantColumn, string.Join(',', table.Definition.Columns.Select(c => c.Name)));
    }

    [Fact]
    public void The_shops_rows_have_every_column_and_become_rows()
    {
        var world = new EmulatorWorld();
        CarbonShop.CreateTables(world.Emulator);
        new CarbonShop(world.Emulator, new SeededRandomizer(1)).Seed();
        Rows(CarbonTables.Items, "item").Should().OnlyContain(i => i.Type == ItemTypes.Part && i.Active && i.ReadableIdWithRevision.StartsWith("P-"));
        Rows(CarbonTables.Customers, "customer").Should().OnlyContain(c => c.Name.Length > 0);
        Rows(CarbonTables.Suppliers, "supplier").Should().OnlyContain(s => s.SupplierStatus == SupplierStatuses.Active);
        Rows(CarbonTables.People, "employee").Should().OnlyContain(p => p.Active == true && p.Email!.Contains('@'));
        Rows(CarbonTables.MesItems, "item", "modelUpload").Should().OnlyContain(i => i.Thumbnail == null);

        List<TRow> Rows<TRow>(RealtimeTable<string, TRow> table, string source, params string[] embedded)
        {
            var rows = world.Emulator.Rows(source).Select(r => JsonDocument.Parse(r.ToString()!).RootElement).ToList();
            var columns = table.Definition.Columns.Select(c => c.Name).Except(embedded).ToList();
            rows.Should().HaveCount(10).And.OnlyContain(row => !columns.Except(row.EnumerateObject().Select(p => p.Name)).Any());
            return rows.ConvertAll(row => table.Definition.DecodeRow(JsonSerializer.SerializeToUtf8Bytes(row)));
        }
    }

    [Fact]
    public void Rows_come_back_from_the_cache_as_they_went_in()
    {
        Round(Bracket, CarbonJson.Default.Item);
        Round(Bracket with { Revision = null, UnitOfMeasureCode = null, Active = false }, CarbonJson.Default.Item);
        Round(new Customer { Id = "c", Name = "n" }, CarbonJson.Default.Customer);
        Round(new Customer { Id = "c", Name = "n", ReadableId = "C-1", Website = "https://x" }, CarbonJson.Default.Customer);
        Round(new Supplier { Id = "s", Name = "n" }, CarbonJson.Default.Supplier);
        Round(new Supplier { Id = "s", Name = "n", ReadableId = "S-1", Website = "w", SupplierStatus = SupplierStatuses.Pending }, CarbonJson.Default.Supplier);
        Round(new Person { Id = "u" }, CarbonJson.Default.Person);
        Round(new Person { Id = "u", Name = "n", Email = "e", AvatarUrl = "a", Active = false }, CarbonJson.Default.Person);
        Round(Mes(null, null), CarbonJson.Default.MesItem);
        Round(Mes("own", new ModelUpload { ThumbnailPath = "upload" }), CarbonJson.Default.MesItem);

        static void Round<TRow>(TRow row, JsonTypeInfo<TRow> type)
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(row, type);
            JsonSerializer.Deserialize(json, type).Should().Be(row);
            JsonDocument.Parse(json).RootElement.EnumerateObject().Select(p => p.Name).Should().Equal(
                type.Properties.Where(p => p.Get is not null).Select(p => p.Name), "what is left out would come back as a missing column");
        }
    }

    [Fact]
    public void Values_that_this_version_does_not_know_survive()
    {
        var item = JsonSerializer.Deserialize("""
            {"id":"1","readableId":"a","revision":null,"readableIdWithRevision":"a","name":"n","type":"Hologram","replenishmentSystem":"Print",
             "itemTrackingType":"Blockchain","unitOfMeasureCode":null,"active":true,"a newer column":{"x":[1]}}
            """, CarbonJson.Default.Item)!;
        (item.Type, item.ReplenishmentSystem, item.ItemTrackingType).Should().Be(("Hologram", "Print", "Blockchain"));
        JsonSerializer.Deserialize(JsonSerializer.Serialize(item, CarbonJson.Default.Item), CarbonJson.Default.Item).Should().Be(item);
        (item.Type switch { ItemTypes.Part => "part", ItemTypes.Tool => "tool", var other => other }).Should().Be("Hologram");
    }

    [Theory]
    [InlineData("own", "upload", "own")]
    [InlineData(null, "upload", "upload")]
    [InlineData("own", null, "own")]
    [InlineData(null, null, null)]
    public void A_thumbnail_is_the_items_own_or_its_models(string? own, string? upload, string? shown)
    {
        Mes(own, new ModelUpload { ThumbnailPath = upload }).Thumbnail.Should().Be(shown);
        Mes(own, null).Thumbnail.Should().Be(own);
    }

    [Fact]
    public async Task Items_of_the_shop_floor_are_read_with_their_models_picture()
    {
        SelectColumns(CarbonTables.MesItemSelect).Should().Equal(CarbonTables.MesItems.Definition.Columns.Select(c => c.Name).Prepend("companyId"));
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]" : """
            [{"companyId":"co_1","id":"1","readableIdWithRevision":"a","name":"n","type":"Part","replenishmentSystem":"Buy","itemTrackingType":"Inventory","active":true,
              "thumbnailPath":null,"modelUpload":{"thumbnailPath":"co_1/models/1.png"}}]
            """);
        var pages = await world.ScanAsync(new SnapshotReader<string, MesItem>(world.Rows, CarbonTables.MesItems, "co_1", CarbonTables.MesItemSelect));
        pages[0].Rows[0].Value.Thumbnail.Should().Be("co_1/models/1.png");

        static IEnumerable<string> SelectColumns(string select) => select.Split(',').Select(c => c.Split('(')[0]);
    }

    private static MesItem Mes(string? own, ModelUpload? upload) => new()
    {
        Id = "1",
        ReadableIdWithRevision = "a",
        Name = "n",
        Type = "Part",
        ReplenishmentSystem = "Buy",
        ItemTrackingType = "Inventory",
        Active = true,
        ThumbnailPath = own,
        ModelUpload = upload,
    };
}
