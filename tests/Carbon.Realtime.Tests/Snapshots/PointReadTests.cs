using System.Text.Json;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Tests.Snapshots;

public sealed class PointReadTests
{
    [Fact]
    public async Task A_cut_answer_is_no_proof_that_a_key_is_absent()
    {
        var world = new SnapshotWorld { Rest = { MaxRows = 10 } };
        world.AddNumbers(35);
        var reads = await world.ReadAsync(world.Reader(SnapshotWorld.Numbers), [.. Enumerable.Range(1, 40).Select(i => (long)i)]);
        reads.SelectMany(r => r.Page.Rows).Select(r => r.Key).Should().BeEquivalentTo(Enumerable.Range(1, 35));
        reads.SelectMany(r => r.Absent).Should().Equal(36, 37, 38, 39, 40);
        reads.SelectMany(r => r.Unknown).Should().BeEmpty();
    }

    [Fact]
    public async Task Where_no_total_is_said_only_an_answer_without_rows_proves_absence()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n == 1 ? """[{"id":1}]""" : n == 2 ? """[{"id":3}]""" : "[]");
        var reads = await world.ReadAsync(world.Reader(SnapshotWorld.Numbers), 1, 2, 3);
        reads.SelectMany(r => r.Page.Rows).Select(r => r.Key).Should().Equal(1, 3);
        reads.SelectMany(r => r.Absent).Should().Equal(2);
        world.Rest.Requests.Should().HaveCount(3);
    }

    [Fact]
    public async Task A_total_that_equals_the_rows_saves_the_second_question()
    {
        var world = new SnapshotWorld();
        world.AddNumbers(2);
        (await world.ReadAsync(world.Reader(SnapshotWorld.Numbers), 1, 2, 3)).Should().ContainSingle().Which.Absent.Should().Equal(3);
        world.Rest.Requests.Should().ContainSingle();
    }

    [Theory]
    [InlineData("")]
    [InlineData("", "a")]
    [InlineData("a)b", "c,d", "\"e\"", "f\\", "g+h", "i;j", "ü ", "null", "*")]
    public async Task Hard_keys_are_found_and_the_empty_text_is_no_empty_list(params string[] keys)
    {
        var world = new SnapshotWorld();
        foreach (var key in keys)
        {
            world.Part.Add(JsonSerializer.Serialize(key), "null", "null");
            world.Stock.Add(JsonSerializer.Serialize(key), JsonSerializer.Serialize(key), "1");
        }

        var read = (await world.ReadAsync(world.Reader(SnapshotWorld.Parts), keys)).Should().ContainSingle().Subject;
        read.Page.Rows.Select(r => r.Key).Should().BeEquivalentTo(keys);
        read.Absent.Should().BeEmpty();
        var pairs = (await world.ReadAsync(world.Reader(SnapshotWorld.Stocks), [.. keys.Select(k => (k, k)), ("no", "row")]))[0];
        pairs.Page.Rows.Should().HaveCount(keys.Length);
        pairs.Absent.Should().Equal(("no", "row"));
    }

    [Fact]
    public async Task Batches_have_at_most_a_hundred_keys_and_4_KB_of_them()
    {
        var world = new SnapshotWorld();
        world.AddNumbers(250);
        (await world.ReadAsync(world.Reader(SnapshotWorld.Numbers), [.. Enumerable.Range(1, 250).Select(i => (long)i)]))
            .Select(r => r.Page.Rows.Count).Should().Equal(100, 100, 50);

        var uuids = Enumerable.Range(0, 200).Select(i => $"{i:x8}-0000-4000-8000-000000000000").ToArray();
        world.Rest.Requests.Clear();
        await world.ReadAsync(world.Reader(SnapshotWorld.Parts), uuids);
        world.Rest.Requests.Should().HaveCount(3).And.OnlyContain(r => r.RequestUri!.Query.Length < RowQuery.MaxPointLength + 200);
        await world.ReadAsync(world.Reader(SnapshotWorld.Parts), new string('x', 5000), "y");
        world.Rest.Requests.Should().HaveCount(5, "a key that is too long for any batch has one of its own");
    }

    [Fact]
    public async Task No_keys_are_no_request()
    {
        var world = new SnapshotWorld();
        (await world.ReadAsync(world.Reader(SnapshotWorld.Numbers))).Should().BeEmpty();
        world.Rest.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_row_whose_key_cannot_be_told_leaves_the_others_unknown_and_not_absent()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Answer(200, """[{"id":1},{"id":"planted"}]""");
        var read = (await world.ReadAsync(world.Reader(SnapshotWorld.Numbers), 1, 2)).Should().ContainSingle().Subject;
        read.Absent.Should().BeEmpty();
        read.Unknown.Should().Equal(2);
        world.Log.Lines.Should().NotContain(l => l.Contains("planted"));
    }
}
