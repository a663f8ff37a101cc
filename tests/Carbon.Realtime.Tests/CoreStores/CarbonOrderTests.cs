using Carbon.Realtime.CoreStores;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.CoreStores;

public sealed class CarbonOrderTests
{
    [Fact]
    public void Names_are_ordered_without_regard_to_case_then_with_it_then_by_id_and_none_comes_last()
    {
        Person[] ordered =
        [
            Named("0", ""), Named("1", "Ada"), Named("2", "Bob"), Named("3", "bob"), Named("A", "bob"), Named("a", "bob"), Named("4", "Bob 2"), Named("5", "carl"),
            Named("6", "Ärmel"), Named("7", null), Named("8", null),
        ];
        var random = new SeededRandomizer(1);
        for (var i = 0; i < 50; i++)
        {
            ordered.OrderBy(_ => random.NextDouble()).Order(CarbonOrder.People).Should().Equal(ordered);
        }
    }

    [Fact]
    public void Orders_are_total()
    {
        string[] names = ["", "a", "A", "ä", "Ä", "b", "a-1", "a.1", "A.1", "a_1", "ß", "ss", "İ", "i", "I"];
        var people = names.SelectMany(name => new[] { Named("1", name), Named("2", name) }).Append(Named("1", null)).Append(Named("2", null)).ToList();
        foreach (var x in people)
        {
            foreach (var y in people)
            {
                var order = CarbonOrder.People.Compare(x, y);
                (order == 0).Should().Be(x == y);
                Math.Sign(order).Should().Be(-Math.Sign(CarbonOrder.People.Compare(y, x)));
                people.Where(z => order < 0 && CarbonOrder.People.Compare(y, z) < 0).Should().NotContain(z => CarbonOrder.People.Compare(x, z) >= 0);
            }
        }
    }

    [Fact]
    public void Each_entity_has_its_column()
    {
        Sorted(CarbonOrder.Items, Revision("1", "P-2", "0"), Revision("2", "P-1", "0")).Should().Be("2 1");
        Sorted(CarbonOrder.MesItems, Mes("1", "b"), Mes("2", "A"), Mes("0", "b")).Should().Be("2 0 1");
        Sorted(CarbonOrder.Customers, new Customer { Id = "1", Name = "b" }, new Customer { Id = "2", Name = "a" }).Should().Be("2 1");
        Sorted(CarbonOrder.Suppliers, new Supplier { Id = "1", Name = "b" }, new Supplier { Id = "2", Name = "a" }).Should().Be("2 1");

        static string Sorted<TRow>(IComparer<TRow> order, params TRow[] rows) =>
            string.Join(' ', rows.Order(order).Select(r => (string)r!.GetType().GetProperty("Id")!.GetValue(r)!));
    }

    [Theory]
    [InlineData("", "A", "B", "B")]
    [InlineData(null, "A", "0", "A")]
    [InlineData("10", "9", "0", "9")] // by characters, not as numbers
    [InlineData("b", "B", "", "b")]
    public void The_latest_revision_ranks_the_first_one_lowest_and_others_by_their_characters(string? one, string? two, string? three, string latest)
    {
        Item[] items = [Revision("1", "P", one), Revision("2", "P", two), Revision("3", "P", three), Revision("4", "Q", null)];
        foreach (var order in (Item[][])[items, [.. items.Reverse()]])
        {
            var found = ItemRevisions.LatestByReadableId(order);
            found.Should().HaveCount(2);
            found["P"].Revision.Should().Be(latest);
        }
    }

    [Fact]
    public void Equal_revisions_are_told_apart_by_id_whatever_order_they_come_in()
    {
        Item[] items = [Revision("1", "P", null), Revision("3", "P", ""), Revision("2", "P", "0")];
        foreach (var order in (Item[][])[items, [.. items.Reverse()], [items[1], items[0], items[2]]])
        {
            ItemRevisions.LatestByReadableId(order)["P"].Id.Should().Be("3");
        }
    }

    private static Person Named(string id, string? name) => new() { Id = id, Name = name };

    private static MesItem Mes(string id, string readable) => new()
    {
        Id = id,
        ReadableIdWithRevision = readable,
        Name = "n",
        Type = "Part",
        ReplenishmentSystem = "Buy",
        ItemTrackingType = "Inventory",
        Active = true,
    };

    private static Item Revision(string id, string readable, string? revision) => new()
    {
        Id = id,
        ReadableId = readable,
        Revision = revision,
        ReadableIdWithRevision = readable,
        Name = "n",
        Type = ItemTypes.Part,
        ReplenishmentSystem = ReplenishmentSystems.Buy,
        ItemTrackingType = ItemTrackingTypes.Inventory,
        Active = true,
    };
}
