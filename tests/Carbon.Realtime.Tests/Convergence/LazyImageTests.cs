using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Tests.Convergence;

/// <summary>Rows that are lent and become an image only when somebody takes them.</summary>
public sealed class LazyImageTests
{
    private const int Keys = 300;

    [Fact]
    public void What_was_taken_keeps_its_moment_and_what_was_not_is_written_in_place()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var (table, model) = (new RowTable<int, int>(null), new Dictionary<int, int>());
            List<(RowImage<int, int> Image, Dictionary<int, int> Model)> taken = [];
            var lent = table.Lend();
            var promised = new Dictionary<int, int>();
            for (var step = 0; step < 400; step++)
            {
                switch (random.Next(12))
                {
                    case < 4:
                        using (table.WriteInPlace())
                        {
                            Change(random.Next(1, 6), step);
                        }

                        promised = lent.Image is null ? new(model) : promised; // a burst that nobody looked before is part of what they will see
                        break;
                    case < 6:
                        Change(random.Next(1, 6), step);
                        break;
                    case 6 when random.Next(3) == 0:
                        table.Compact();
                        break;
                    case 6 when random.Next(6) == 0:
                        promised = lent.Image is null ? [] : promised; // what nobody looked at before nobody sees
                        table.Clear();
                        model.Clear();
                        break;
                    case < 9:
                        lent = table.Lend();
                        promised = new(model);
                        lent.Count.Should().Be(model.Count);
                        break;
                    default:
                        taken.Add((lent.Take(), promised));
                        lent.Take().Should().BeSameAs(lent.Image);
                        break;
                }
            }

            taken.Should().NotBeEmpty();
            foreach (var (image, moment) in taken)
            {
                RowsOf(image).Should().BeEquivalentTo(moment);
            }

            void Change(int count, int step)
            {
                for (var i = 0; i < count; i++)
                {
                    var key = random.Next(Keys);
                    if (random.Next(4) > 0)
                    {
                        table.Set(table.SlotFor(key), step);
                        model[key] = step;
                    }
                    else if (table.SlotOf(key) is var slot && slot >= 0)
                    {
                        table.RemoveAt(slot);
                        model.Remove(key);
                    }
                }
            }
        }
    }

    [Fact]
    public void Who_comes_late_with_one_lent_before_gets_the_rows_of_the_newest()
    {
        var table = new RowTable<int, int>(null);
        Put(table, 1);
        var before = table.Lend();
        using (table.WriteInPlace())
        {
            Put(table, 2);
        }

        var after = table.Lend();
        Put(table, 3); // readers do not wait for this one: its rows are nobody's yet

        before.Take().Should().BeSameAs(after.Take());
        RowsOf(after.Take()).Values.Should().AllBeEquivalentTo(2);
    }

    [Fact]
    public void Who_comes_late_never_gets_more_than_what_others_have_seen_since()
    {
        var table = new RowTable<int, int>(null);
        Put(table, 1);
        var first = table.Lend();
        Put(table, 1);
        var second = table.Lend();
        Burst(2);
        var third = table.Lend();
        var seen = third.Take();
        Burst(3);
        _ = table.Lend();

        second.Take().Should().BeSameAs(seen);
        RowsOf(first.Take()).Values.Should().AllBeEquivalentTo(1, "it was taken when reads wrote");

        void Burst(int value)
        {
            using (table.WriteInPlace())
            {
                Put(table, value);
            }
        }
    }

    [Fact]
    public void Rows_that_are_forgotten_are_nowhere_any_more_whether_somebody_had_looked_or_not()
    {
        var table = new RowTable<int, object>(null);
        var row = Lent(table, isTaken: true);
        table.Clear();
        Collect();
        row.IsAlive.Should().BeFalse();

        row = Lent(table, isTaken: false);
        var late = table.Lend();
        table.Clear();
        Collect();
        row.IsAlive.Should().BeFalse();
        late.Take().Count.Should().Be(0);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Lent(RowTable<int, object> table, bool isTaken)
        {
            var row = new object();
            table.Set(table.SlotFor(1), row);
            var lent = table.Lend();
            if (isTaken)
            {
                lent.Take().Count.Should().Be(1);
            }

            return new WeakReference(row);
        }

        static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
        }
    }

    [Fact]
    public void What_nobody_takes_costs_no_copy()
    {
        var table = new RowTable<int, int>(null);
        Put(table, 1);
        _ = table.Lend();
        var before = GC.GetAllocatedBytesForCurrentThread();
        using (table.WriteInPlace())
        {
            Put(table, 2);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    [Fact]
    public void A_reader_waits_for_a_burst_and_gets_all_of_it()
    {
        var table = new RowTable<int, int>(null);
        Put(table, 1);
        var lent = table.Lend();
        Thread reader;
        RowImage<int, int>? read = null;
        using (table.WriteInPlace())
        {
            reader = new Thread(() => read = lent.Take());
            reader.Start();
            Put(table, 2);
            Volatile.Read(ref read).Should().BeNull();
        }

        reader.Join();
        RowsOf(read!).Values.Should().AllBeEquivalentTo(2);
    }

    [Fact]
    public void Equality_that_looks_at_the_store_while_it_is_written_gets_rows_that_stay_as_they_are()
    {
        var looking = new Looking();
        var table = new RowTable<int, int>(looking);
        Put(table, 1);
        var lent = table.Lend();
        RowImage<int, int>? seen = null;
        looking.Look = () => seen ??= lent.Take();

        using (table.WriteInPlace())
        {
            Put(table, 2);
        }

        looking.Look = null;
        RowsOf(seen!).Values.Should().AllBeEquivalentTo(1);
        RowsOf(table.Lend().Take()).Values.Should().AllBeEquivalentTo(2);
    }

    [Fact]
    public void A_burst_that_throws_lets_readers_in_again()
    {
        var table = new RowTable<int, int>(null);
        var lent = table.Lend();
        var burst = () =>
        {
            using (table.WriteInPlace())
            {
                table.Set(table.SlotFor(1), 1);
                throw new InvalidOperationException();
            }
        };

        burst.Should().Throw<InvalidOperationException>();

        var read = 0;
        var reader = new Thread(() => read = lent.Take().Count);
        reader.Start();
        reader.Join();
        read.Should().Be(1);
    }

    /// <summary>Real threads: each burst gives all rows one number, so that half a burst is seen at once.</summary>
    [Fact]
    public void Readers_of_any_thread_see_whole_bursts_only_and_none_goes_back()
    {
        const int Readers = 3;
        const int Looks = 2_000;
        var table = new RowTable<int, int>(null);
        Put(table, 0);
        var shown = table.Lend();
        var left = Readers;
        var failures = new System.Collections.Concurrent.ConcurrentBag<string>();
        var readers = Enumerable.Range(0, Readers).Select(_ => new Thread(Read)).ToList();
        readers.ForEach(static r => r.Start());

        for (var burst = 1; Volatile.Read(ref left) > 0; burst++)
        {
            if (burst % 5 == 0)
            {
                Put(table, burst); // as a read does: nobody waits for it, and nobody sees it before it is lent
            }
            else
            {
                using (table.WriteInPlace())
                {
                    Put(table, burst);
                }
            }

            if (burst % 97 == 0)
            {
                table.Compact();
            }

            Volatile.Write(ref shown, table.Lend());
        }

        readers.ForEach(static r => r.Join());
        failures.Should().BeEmpty();

        void Read()
        {
            try
            {
                var last = 0;
                var kept = new (RowImage<int, int> Image, int Burst)[16];
                for (var look = 0; look < Looks; look++)
                {
                    var image = Volatile.Read(ref shown).Take();
                    var burst = BurstOf(image);
                    if (burst < last)
                    {
                        failures.Add($"{burst} after {last}");
                    }

                    last = burst;
                    ref var old = ref kept[look % kept.Length];
                    if (old.Image is not null && BurstOf(old.Image) != old.Burst)
                    {
                        failures.Add("an image changed");
                    }

                    old = (image, burst);
                }
            }
            catch (Exception e) when (e is InvalidOperationException or NullReferenceException or IndexOutOfRangeException or ArgumentException)
            {
                failures.Add($"{e}"); // half an image
            }
            finally
            {
                Interlocked.Decrement(ref left);
            }
        }

        int BurstOf(RowImage<int, int> image)
        {
            var bursts = RowsOf(image).Values.Distinct().ToList();
            if (bursts.Count != 1)
            {
                failures.Add($"parts of the bursts {string.Join(',', bursts)}");
            }

            return bursts[0];
        }
    }

    private static void Put(RowTable<int, int> table, int value)
    {
        for (var key = 0; key < 40; key++)
        {
            table.Set(table.SlotFor(key), value);
        }
    }

    private static Dictionary<int, int> RowsOf(RowImage<int, int> image)
    {
        Dictionary<int, int> rows = [];
        foreach (var (key, row) in image)
        {
            rows.Add(key, row);
        }

        return rows;
    }

    /// <summary>What the user's equality may do.</summary>
    private sealed class Looking : EqualityComparer<int>
    {
        public Action? Look { get; set; }

        public override bool Equals(int x, int y)
        {
            Look?.Invoke();
            return x == y;
        }

        public override int GetHashCode(int obj) => obj;
    }
}
