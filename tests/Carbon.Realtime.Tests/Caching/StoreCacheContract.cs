using System.Globalization;
using System.Text;
using static Carbon.Realtime.Tests.Caching.CacheRows;

namespace Carbon.Realtime.Tests.Caching;

/// <summary>What every cache promises; each of ours runs it.</summary>
public abstract class StoreCacheContract
{
    protected abstract IStoreCache Cache { get; }

    public static TheoryData<string> OtherKeys => new(Others.Keys);

    private static Dictionary<string, StoreCacheKey> Others { get; } = new()
    {
        ["project"] = Key with { Project = "https://abd.supabase.co" },
        ["subject"] = Key with { Subject = "user_2" },
        ["nobody"] = Key with { Subject = null },
        ["empty subject"] = Key with { Subject = "" },
        ["role"] = Key with { Role = "admin" },
        ["no role"] = Key with { Role = null },
        ["tenant"] = Key with { Tenant = "co_2" },
        ["no tenant"] = Key with { Tenant = null },
        ["table"] = Key with { Table = "public.items" },
        ["query"] = Key with { Query = "select=id&active=is.true" },
        ["shape"] = Key with { Shape = "s2" },
        ["a field's end moved into the next"] = Key with { Role = "authenticatedc", Tenant = "o_1" },
        ["fields swapped"] = Key with { Role = Key.Tenant, Tenant = Key.Role },
    };

    [Fact]
    public async Task Nothing_is_given_before_something_was_saved() => (await Cache.LoadAsync(Key)).Should().Be((null, null));

    [Fact]
    public async Task What_was_saved_is_given_with_its_time()
    {
        await Cache.SaveAsync(Key, Replace(Row("a", "{\"v\":1}"), Row("b", "{\"v\":2}")));

        var (header, rows) = await Cache.LoadAsync(Key);

        header.Should().Be(new StoreCacheHeader(AsOf));
        rows.Should().Equal("{\"v\":1}", "{\"v\":2}");
    }

    [Fact]
    public async Task An_empty_table_is_something()
    {
        await Cache.SaveAsync(Key, Replace());

        var (header, rows) = await Cache.LoadAsync(Key);

        header.Should().NotBeNull();
        rows.Should().BeEmpty();
    }

    [Fact]
    public async Task Keys_and_rows_may_hold_anything_that_is_text()
    {
        string[] keys =
        [
            "", " ", "\0", "a\0b", "a\0c", "a", "A", "'", "\"", "'; DROP TABLE row; --", "%_", "[\"a\",\"b\"]", "ü", "u\u0308", "\U0001F529", "\uFEFF", "\n", "?1",
            new('k', 10_240), new string('k', 10_240) + "l",
        ];
        var rows = keys.Select(static (key, i) => Row(key, $$"""{"i":{{i:00}},"t":"\u0000 ' 🔩 {{new string('x', i * 100)}}"}""")).ToArray();
        await Cache.SaveAsync(Key, Replace(rows));
        var expected = rows.Select(static row => Encoding.UTF8.GetString(row.Json.Span)).ToList();
        (await Cache.RowsAsync(Key)).Should().BeEquivalentTo(expected);

        for (var i = 0; i < keys.Length; i++)
        {
            await Cache.SaveAsync(Key, Change([], keys[i]));
            expected.RemoveAt(0);
            (await Cache.RowsAsync(Key)).Should().BeEquivalentTo(expected, "each key is its own");
        }
    }

    [Fact]
    public async Task A_change_touches_the_rows_it_names_and_the_time()
    {
        await Cache.SaveAsync(Key, Replace(Row("a", "1"), Row("b", "2"), Row("c", "3")));
        await Cache.SaveAsync(Key, new StoreCacheChanges
        {
            AsOf = AsOf.AddHours(1),
            Upserts = [Row("b", "22"), Row("d", "4"), Row("c", "3")],
            Removes = ["a", "never there"],
        });

        var (header, rows) = await Cache.LoadAsync(Key);

        header!.AsOf.Should().Be(AsOf.AddHours(1));
        rows.Should().Equal("22", "3", "4");
    }

    [Fact]
    public async Task A_replacement_leaves_nothing_of_before()
    {
        await Cache.SaveAsync(Key, Replace(Row("a", "1"), Row("b", "2")));
        await Cache.SaveAsync(Key, Replace(Row("b", "22")));

        (await Cache.RowsAsync(Key)).Should().Equal("22");
    }

    [Fact]
    public async Task A_change_of_nothing_that_is_kept_is_refused()
    {
        (await FaultAsync(() => Cache.SaveAsync(Key, Change([Row("a", "1")])))).Fault.Should().Be(StoreCacheFault.Missing, "the rest of the table would be missing");

        (await Cache.RowsAsync(Key)).Should().BeNull();
    }

    [Theory]
    [MemberData(nameof(OtherKeys))]
    public async Task A_key_that_differs_in_anything_is_given_nothing(string what)
    {
        await Cache.SaveAsync(Key, Replace(Row("a", "mine")));

        (await Cache.RowsAsync(Others[what])).Should().BeNull();

        await Cache.SaveAsync(Others[what], Replace(Row("a", "theirs")));
        (await Cache.RowsAsync(Key)).Should().Equal("mine");
        await Cache.RemoveAsync(Others[what]);
        (await Cache.RowsAsync(Key)).Should().Equal("mine");
    }

    [Fact]
    public async Task A_removed_key_is_gone_and_its_neighbours_stay()
    {
        var other = Key with { Table = "public.customer" };
        await Cache.SaveAsync(Key, Replace(Row("a", "1")));
        await Cache.SaveAsync(other, Replace(Row("a", "2")));
        await Cache.RemoveAsync(Key);
        await Cache.RemoveAsync(Key);

        (await Cache.RowsAsync(Key)).Should().BeNull();
        (await Cache.RowsAsync(other)).Should().Equal("2");
    }

    [Fact]
    public async Task A_removed_user_leaves_nothing_and_others_keep_theirs()
    {
        foreach (var key in Others.Values.Append(Key))
        {
            await Cache.SaveAsync(key, Replace(Row("a", "1")));
        }

        await Cache.RemoveUserAsync(Key.Project, Key.Subject, CancellationToken.None);

        foreach (var (what, key) in Others.Append(KeyValuePair.Create("itself", Key)))
        {
            var isTheirs = key.Project == Key.Project && key.Subject == Key.Subject;
            ((await Cache.RowsAsync(key)) is null).Should().Be(isTheirs, what);
        }
    }

    [Fact]
    public async Task Nobody_is_a_user_too()
    {
        var nobody = Key with { Subject = null };
        await Cache.SaveAsync(nobody, Replace(Row("a", "1")));
        await Cache.RemoveUserAsync(Key.Project, "", CancellationToken.None);
        (await Cache.RowsAsync(nobody)).Should().NotBeNull();

        await Cache.RemoveUserAsync(Key.Project, null, CancellationToken.None);
        (await Cache.RowsAsync(nobody)).Should().BeNull();
    }

    [Fact]
    public async Task What_a_row_handler_throws_is_thrown_on_and_harms_nothing()
    {
        await Cache.SaveAsync(Key, Replace(Row("a", "1"), Row("b", "2")));
        var given = 0;

        // An exception that a cache might take for its own.
        var load = async () => await Cache.LoadAsync(Key, _ => throw new IOException($"row {++given}"), CancellationToken.None);

        (await load.Should().ThrowAsync<IOException>()).WithMessage("row 1");
        (await Cache.RowsAsync(Key)).Should().Equal("1", "2");
    }

    [Fact]
    public async Task A_cancelled_call_changes_nothing()
    {
        await Cache.SaveAsync(Key, Replace(Row("a", "1"), Row("b", "2"), Row("c", "3")));
        using var cancel = new CancellationTokenSource();
        var given = 0;
        var load = async () => await Cache.LoadAsync(
            Key,
            _ =>
            {
                given++;
                cancel.Cancel();
            },
            cancel.Token);
        await load.Should().ThrowAsync<OperationCanceledException>();
        given.Should().Be(1);

        foreach (var call in (Func<ValueTask>[])
        [
            () => Cache.SaveAsync(Key, Replace(), cancel.Token),
            () => Cache.RemoveAsync(Key, cancel.Token),
            () => Cache.RemoveUserAsync(Key.Project, Key.Subject, cancel.Token),
        ])
        {
            await FluentActions.Awaiting(async () => await call()).Should().ThrowAsync<OperationCanceledException>();
        }

        (await Cache.RowsAsync(Key)).Should().Equal("1", "2", "3");
    }

    [Fact]
    public async Task A_row_handler_may_use_the_cache()
    {
        var other = Key with { Table = "public.customer" };
        await Cache.SaveAsync(Key, Replace(Row("a", "1")));
        var saved = default(ValueTask);
        await Cache.LoadAsync(Key, _ => saved = Cache.SaveAsync(other, Replace(Row("b", "2"))), CancellationToken.None);
        await saved;

        (await Cache.RowsAsync(other)).Should().Equal("2");
    }

    [Theory]
    [InlineData("a replacement")]
    [InlineData("a change")]
    [InlineData("the key's removal")]
    [InlineData("the user's removal")]
    public async Task What_comes_while_a_load_gives_its_rows_is_no_part_of_it(string what)
    {
        await Cache.SaveAsync(Key, Replace(Row("a", "1"), Row("b", "2"), Row("c", "3")));
        var rows = new List<string>();
        var call = default(ValueTask);

        var header = await Cache.LoadAsync(
            Key,
            row =>
            {
                call = rows.Count > 0 ? call : what switch
                {
                    "a replacement" => Cache.SaveAsync(Key, Replace(Row("b", "new")).At(AsOf.AddHours(1))),
                    "a change" => Cache.SaveAsync(Key, Change([Row("b", "new")], "a", "c").At(AsOf.AddHours(1))),
                    "the key's removal" => Cache.RemoveAsync(Key),
                    _ => Cache.RemoveUserAsync(Key.Project, Key.Subject, CancellationToken.None),
                };
                rows.Add(Encoding.UTF8.GetString(row));
            },
            CancellationToken.None);
        await call;

        header.Should().Be(new StoreCacheHeader(AsOf));
        rows.Should().BeEquivalentTo("1", "2", "3");
        var (after, left) = await Cache.LoadAsync(Key);
        (after?.AsOf, left?.Single()).Should().Be(what.Contains("removal", StringComparison.Ordinal) ? (null, null) : (AsOf.AddHours(1), "new"));
    }

    [Fact]
    public async Task Calls_for_one_key_at_once_look_as_if_they_had_come_one_after_the_other()
    {
        // Real threads: what is asserted does not depend on how they take turns.
        await Parallel.ForAsync(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (caller, _) =>
        {
            for (var round = 0; round < 25; round++)
            {
                switch (caller)
                {
                    case 0:
                        await Cache.RemoveAsync(Key);
                        break;
                    case 1:
                        await Cache.RemoveUserAsync(Key.Project, Key.Subject, CancellationToken.None);
                        break;
                    case < 5:
                        var minute = (caller * 25) + round;
                        await Cache.SaveAsync(Key, Replace([.. Enumerable.Range(0, 40).Select(i => Row($"k{i}", $"{i:00} {minute}"))]).At(AsOf.AddMinutes(minute)));
                        break;
                    default:
                        var (header, rows) = await Cache.LoadAsync(Key);
                        string[]? expected = header is null ? null : [.. Enumerable.Range(0, 40).Select(i => $"{i:00} {(header.AsOf - AsOf).TotalMinutes}")];
                        rows.Should().BeEquivalentTo(expected);
                        break;
                }
            }
        });
    }

    [Fact]
    public async Task Calls_of_many_stores_at_once_do_not_meet()
    {
        // Real threads: what is asserted does not depend on how they take turns.
        await Parallel.ForAsync(0, 8, async (store, _) =>
        {
            var key = Key with { Table = store.ToString(CultureInfo.InvariantCulture) };
            await Cache.SaveAsync(key, Replace([.. Enumerable.Range(0, 50).Select(i => Row($"k{i}", $"{store} {i:00} 0"))]));
            for (var round = 1; round <= 5; round++)
            {
                await Cache.SaveAsync(key, Change([.. Enumerable.Range(0, 50).Select(i => Row($"k{i}", $"{store} {i:00} {round}"))]));
                (await Cache.RowsAsync(key)).Should().Equal(Enumerable.Range(0, 50).Select(i => $"{store} {i:00} {round}"));
            }
        });
    }
}
