using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Readers without locks beside a writer, on real threads: nothing is timed, and everybody ends when the writer does.</summary>
public sealed class RowReaderTests
{
    private const int Moments = 40_000;

    /// <summary>A row lives for so many moments after its key's own, but every third key for ever.</summary>
    private const int Life = 700;

    [Fact]
    public async Task Readers_find_in_an_image_what_was_there_at_its_moment_while_the_writer_adds_removes_grows_and_compacts()
    {
        var published = new Published(0, RowImage<string, Row>.Empty);
        var isOver = false;
        using var start = new Barrier(4);

        void Write()
        {
            var table = new RowTable<string, Row>(null);
            start.SignalAndWait();
            for (var moment = 1; moment <= Moments; moment++)
            {
                table.Set(table.SlotFor(Key(moment)), new Row(moment, moment));
                var old = moment - Life;
                if (old > 0 && old % 3 != 0)
                {
                    table.RemoveAt(table.SlotOf(Key(old)));
                }
                else if (old > 0)
                {
                    table.Set(table.SlotFor(Key(old)), new Row(old, moment)); // written a second time, at a known moment
                }

                if (moment % 7 == 0)
                {
                    Volatile.Write(ref published, new Published(moment, table.Publish()));
                }

                if (moment % 1_500 == 0)
                {
                    table.Compact();
                }
            }

            Volatile.Write(ref isOver, true);
        }

        int Read(int seed)
        {
            var random = new Random(seed);
            var held = Volatile.Read(ref published);
            var looks = 0;
            start.SignalAndWait();
            while (!Volatile.Read(ref isOver))
            {
                var newest = Volatile.Read(ref published);
                Look(newest, random);
                Look(held, random);
                if (++looks % 64 == 0)
                {
                    Count(held);
                    held = newest;
                }
            }

            Look(Volatile.Read(ref published), random);
            return looks;
        }

        var writer = Task.Factory.StartNew(Write, TaskCreationOptions.LongRunning);
        var readers = Enumerable.Range(0, 3).Select(seed => Task.Factory.StartNew(() => Read(seed), TaskCreationOptions.LongRunning)).ToArray();
        await writer;
        await Task.WhenAll(readers);

        published.Moment.Should().Be(Moments - (Moments % 7));
        Count(published);
    }

    private static string Key(int number) => $"key-{number}";

    /// <summary>Looks up keys that were, are and will be.</summary>
    private static void Look(Published published, Random random)
    {
        for (var i = 0; i < 32; i++)
        {
            var number = Math.Max(1, published.Moment - Life - 50 + random.Next(2 * Life));
            var isThere = number <= published.Moment && (number % 3 == 0 || number > published.Moment - Life);
            var changed = number % 3 == 0 && number + Life <= published.Moment ? number + Life : number;
            var expected = isThere ? new Row(number, changed) : null;
            if (published.Image.TryGet(Key(number), out var row) != isThere || row != expected)
            {
                throw new InvalidOperationException($"Moment {published.Moment} has {row} for {number}, and must have {expected}.");
            }
        }
    }

    private static void Count(Published published)
    {
        var rows = 0;
        foreach (var (key, row) in published.Image)
        {
            if (key != Key(row.Number) || row.Changed > published.Moment)
            {
                throw new InvalidOperationException($"Moment {published.Moment} shows {row} as {key}.");
            }

            rows++;
        }

        if (rows != published.Image.Count)
        {
            throw new InvalidOperationException($"Moment {published.Moment} has {rows} rows and says {published.Image.Count}.");
        }
    }

    private sealed record Row(int Number, int Changed);

    private sealed record Published(int Moment, RowImage<string, Row> Image);
}
