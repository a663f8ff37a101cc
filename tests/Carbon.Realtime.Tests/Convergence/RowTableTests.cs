using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Tests.Convergence;

/// <summary>Rows and images of them against the plainest thing that could be right: a dictionary, copied for each image.</summary>
public sealed class RowTableTests
{
    /// <summary>How many keys there are (none to several branches), and how they are compared.</summary>
    public static TheoryData<int, string> Tables
    {
        get
        {
            TheoryData<int, string> tables = [];
            foreach (var keys in (int[])[1, 31, 32, 33, 300, 5_000])
            {
                foreach (var comparer in Comparers.Keys)
                {
                    tables.Add(keys, comparer);
                }
            }

            return tables;
        }
    }

    private static Dictionary<string, IEqualityComparer<string>?> Comparers { get; } = new()
    {
        ["the key's own"] = null,
        ["one that does not see case"] = StringComparer.OrdinalIgnoreCase,
        ["one with three hashes"] = new FewHashes(3),
        ["one whose hashes differ in the high bits only"] = new HighHashes(),
    };

    [Fact]
    public void A_table_that_was_emptied_is_published_empty_and_gives_out_its_slots_anew()
    {
        var table = new RowTable<string, string>(null);
        table.Set(table.SlotFor("a"), "v1");
        table.Publish().Count.Should().Be(1);

        table.Clear();

        table.Publish().Count.Should().Be(0);
        (table.Count, table.SlotCount, table.SlotOf("a")).Should().Be((0, 0, -1));
    }

    [Fact]
    public void A_few_dead_slots_are_not_worth_a_move_although_they_are_most_of_a_small_table()
    {
        var table = new RowTable<int, int>(null);
        for (var key = 0; key < 1_025; key++)
        {
            table.Set(table.SlotFor(key), key);
        }

        for (var key = 0; key < 1_024; key++)
        {
            table.RemoveAt(table.SlotOf(key));
        }

        table.IsSparse.Should().BeFalse();
        table.RemoveAt(table.SlotOf(1_024));
        table.IsSparse.Should().BeTrue();
    }

    [Fact]
    public void A_removed_row_is_not_held()
    {
        var table = new RowTable<string, object>(null);
        var row = Removed(table);

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        row.IsAlive.Should().BeFalse();
        table.Count.Should().Be(0);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Removed(RowTable<string, object> table)
        {
            var row = new object();
            table.Set(table.SlotFor("a"), row);
            table.RemoveAt(table.SlotOf("a"));
            return new WeakReference(row);
        }
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void A_table_is_a_dictionary_and_its_images_keep_their_moments(int keys, string comparer)
    {
        for (var seed = 0; seed < 8; seed++)
        {
            var random = new Random(seed);
            var (table, model) = (new RowTable<string, string>(Comparers[comparer]), new Dictionary<string, string>(Comparers[comparer]));
            List<(RowImage<string, string> Image, Dictionary<string, string> Model)> moments = [];
            for (var step = 0; step < 600; step++)
            {
                var key = Key(random.Next(keys), isUpper: random.Next(2) == 0);
                switch (random.Next(20))
                {
                    case < 12:
                        table.Set(table.SlotFor(key), $"{step}");
                        model[key] = $"{step}";
                        break;
                    case < 18:
                        var slot = table.SlotOf(key);
                        (slot >= 0).Should().Be(model.Remove(key));
                        if (slot >= 0)
                        {
                            table.RemoveAt(slot);
                        }

                        break;
                    case 18 when random.Next(4) == 0:
                        table.Compact();
                        table.SlotCount.Should().Be(model.Count, "there are no gaps");
                        break;
                    case 18 when random.Next(16) == 0:
                        table.Clear();
                        model.Clear();
                        break;
                    case 18:
                        break;
                    default:
                        moments.Add((table.Publish(), new(model, model.Comparer)));
                        break;
                }

                table.Count.Should().Be(model.Count);
                table.TryGet(key, out var row).Should().Be(model.TryGetValue(key, out var expected));
                row.Should().Be(expected);
            }

            moments.Add((table.Publish(), model));
            foreach (var (image, moment) in moments)
            {
                Same(image, moment, Enumerable.Range(0, keys));
            }
        }
    }

    [Fact]
    public void A_hundred_thousand_rows_and_what_becomes_of_them()
    {
        const int Many = 100_000;
        var (table, model) = (new RowTable<int, int>(null), new Dictionary<int, int>());
        var images = new List<(RowImage<int, int> Image, int Count)>();
        for (var key = 0; key < Many; key++)
        {
            table.Set(table.SlotFor(key * 7), key);
            model[key * 7] = key;
            if (key % 9_973 == 0)
            {
                images.Add((table.Publish(), key + 1));
            }
        }

        for (var key = 0; key < Many; key += 2)
        {
            table.RemoveAt(table.SlotOf(key * 7));
            model.Remove(key * 7);
        }

        Enumerate(table.Publish()).Should().Equal(model);
        foreach (var (image, count) in images)
        {
            image.Count.Should().Be(count);
            Enumerate(image).Should().HaveCount(count);
            image.TryGet((count - 1) * 7, out var last).Should().BeTrue();
            last.Should().Be(count - 1);
            image.TryGet(count * 7, out _).Should().BeFalse("it came later");
        }
    }

    [Fact]
    public void A_key_keeps_its_slot_while_others_come_and_go_and_until_the_table_is_compacted()
    {
        var table = new RowTable<string, int>(null);
        var slot = table.SlotFor("a");
        table.Set(slot, 1);
        for (var i = 0; i < 3_000; i++)
        {
            table.Set(table.SlotFor($"k{i}"), i);
            table.SlotOf("a").Should().Be(slot);
        }

        table.RemoveAt(slot);
        table.SlotOf("a").Should().Be(-1);
        table.SlotFor("a").Should().Be(slot);
        table.KeyAt(slot).Should().Be("a");

        table.Compact();
        table.SlotOf("k0").Should().Be(0);
    }

    [Fact]
    public void Dead_slots_make_a_table_sparse_when_they_are_most_of_it_and_not_few()
    {
        var table = new RowTable<int, int>(null);
        for (var key = 0; key < 2_500; key++)
        {
            table.Set(table.SlotFor(key), key);
        }

        for (var key = 0; key < 1_250; key++)
        {
            table.RemoveAt(table.SlotOf(key));
        }

        table.IsSparse.Should().BeFalse("half of it lives");
        table.RemoveAt(table.SlotOf(2_000));
        table.IsSparse.Should().BeTrue();
        table.Compact();
        table.IsSparse.Should().BeFalse();
        table.Count.Should().Be(1_249);
        table.SlotCount.Should().Be(1_249);
    }

    [Fact]
    public void Nothing_changed_is_nothing_new()
    {
        var table = new RowTable<int, int>(null);
        table.Set(table.SlotFor(1), 1);
        var image = table.Publish();

        table.Publish().Should().BeSameAs(image);

        table.Set(table.SlotFor(1), 2);
        table.Publish().Should().NotBeSameAs(image);
    }

    [Fact]
    public void A_table_that_was_emptied_and_compacted_holds_nothing_of_before()
    {
        var table = new RowTable<int, int>(null);
        table.Set(table.SlotFor(1), 1);
        table.RemoveAt(table.SlotOf(1));
        var before = table.Publish();

        table.Compact();

        table.Publish().Should().NotBeSameAs(before, "it leads to the old index and its keys");
        table.SlotCount.Should().Be(0);
    }

    [Theory]
    [InlineData(1_000, 1_000)]
    [InlineData(30_000, 1_300)]
    [InlineData(200_000, 1_600)]
    public void A_publication_costs_what_changed_whatever_the_number_of_rows(int rows, int bytes)
    {
        var table = new RowTable<int, object>(null);
        var row = new object();
        for (var key = 0; key < rows; key++)
        {
            table.Set(table.SlotFor(key), row);
        }

        long ChangeOne(int key)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            table.Set(table.SlotFor(key), row);
            table.Publish();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        table.Publish();
        ChangeOne(0);
        ChangeOne(rows - 1).Should().BeLessThanOrEqualTo(bytes);
        ChangeOne(rows / 2).Should().BeLessThanOrEqualTo(bytes);
    }

    [Fact]
    public void Changes_between_two_publications_copy_a_page_once()
    {
        var table = new RowTable<int, object>(null);
        var row = new object();
        for (var key = 0; key < 1_000; key++)
        {
            table.Set(table.SlotFor(key), row);
        }

        table.Publish();
        table.Set(0, row);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var slot = 0; slot < Slots.Size; slot++)
        {
            table.Set(slot, row);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    private static string Key(int number, bool isUpper) => isUpper ? $"K{number}" : $"k{number}";

    private static Dictionary<int, int> Enumerate(RowImage<int, int> image)
    {
        Dictionary<int, int> rows = [];
        foreach (var (key, row) in image)
        {
            rows.Add(key, row);
        }

        return rows;
    }

    private static void Same(RowImage<string, string> image, Dictionary<string, string> model, IEnumerable<int> numbers)
    {
        image.Count.Should().Be(model.Count);
        Dictionary<string, string> rows = new(model.Comparer);
        foreach (var (key, row) in image)
        {
            rows.Add(key, row);
        }

        rows.Should().HaveCount(model.Count);
        image.Keys.Should().HaveCount(model.Count);
        foreach (var key in numbers.SelectMany(static n => new[] { Key(n, true), Key(n, false) }))
        {
            var isThere = model.TryGetValue(key, out var expected);
            if (image.TryGet(key, out var row) != isThere || row != expected || rows.GetValueOrDefault(key) != expected)
            {
                Assert.Fail($"{key} is {row}, and was {expected} then.");
            }
        }
    }

    private sealed class FewHashes(int hashes) : EqualityComparer<string>
    {
        public override bool Equals(string? x, string? y) => x == y;

        public override int GetHashCode(string obj) => obj.Length % hashes;
    }

    private sealed class HighHashes : EqualityComparer<string>
    {
        public override bool Equals(string? x, string? y) => x == y;

        public override int GetHashCode(string obj) => StringComparer.Ordinal.GetHashCode(obj) << 24;
    }
}
