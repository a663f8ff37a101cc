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

    [Fact]
    public async Task Rows_that_are_too_many_for_one_answer_are_asked_for_in_halves()
    {
        var world = new SnapshotWorld(limits: l => l with { MaxPageBytes = 1500, Retries = 0 });
        for (var i = 0; i < 7; i++)
        {
            world.Part.Add($"\"{i}\"", "null", $"\"{new string('x', 400)}\"");
        }

        var before = world.Env.Time.GetUtcNow();
        var reads = await world.ReadAsync(world.Reader(SnapshotWorld.Parts), [.. Enumerable.Range(0, 8).Select(i => $"{i}")]);
        reads.SelectMany(r => r.Page.Rows).Select(r => r.Key).Should().BeEquivalentTo("0", "1", "2", "3", "4", "5", "6");
        reads.SelectMany(r => r.Absent).Should().Equal("7");
        reads.Select(r => r.Page.RowsSoFar).Should().Equal(2, 4, 6, 7);
        world.Env.Time.GetUtcNow().Should().Be(before);
    }

    [Fact]
    public async Task A_single_row_that_is_too_much_fails_the_read_and_is_not_asked_for_without_end()
    {
        var world = new SnapshotWorld(limits: l => l with { MaxPageBytes = 100, Retries = 2 });
        world.Part.Add("\"1\"", "null", $"\"{new string('x', 400)}\"");
        var read = () => world.ReadAsync(world.Reader(SnapshotWorld.Parts), "1", "2");
        (await read.Should().ThrowAsync<RealtimeException>()).Which.Reason.Should().Be(RealtimeErrorReason.ProtocolViolation);
        world.Rest.Requests.Should().HaveCount(4);
    }

    [Fact]
    public async Task A_long_filter_leaves_less_of_the_address_to_keys()
    {
        var world = new SnapshotWorld();
        var values = Enumerable.Range(0, 280).Select(i => $"value-{i:000}").ToArray();
        var table = SnapshotWorld.Parts.Where(RealtimeFilter.Where("name").In(values));
        await world.ReadAsync(world.Reader(table), [.. Enumerable.Range(0, 100).Select(i => $"{i:x8}-0000-4000-8000-000000000000")]);
        world.Rest.Requests.Should().HaveCountGreaterThan(1).And.OnlyContain(r => r.RequestUri!.OriginalString.Length < 8192);
    }

    [Fact]
    public async Task A_row_that_was_not_asked_for_makes_no_key_absent()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) =>
        {
            var response = FakePostgrest.Answer(200, """[{"id":"a0","companyId":null,"name":null}]""");
            response.Content.Headers.TryAddWithoutValidation("Content-Range", "0-0/1");
            return response;
        };

        // A uuid column that is mapped to text: the server finds A0, and calls it a0.
        var read = (await world.ReadAsync(world.Reader(SnapshotWorld.Parts), "A0")).Should().ContainSingle().Subject;
        read.Absent.Should().BeEmpty();
        read.Unknown.Should().Equal("A0");
    }

    [Fact]
    public async Task Rows_of_another_tenant_prove_no_absence()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Answer(200, """[{"companyId":"co_2","id":"1","name":null}]""");
        var read = (await world.ReadAsync(world.Reader(SnapshotWorld.Parts.TenantScoped("companyId"), "co_1"), "1", "2")).Should().ContainSingle().Subject;
        (read.Absent.Count, read.Page.Rows.Count).Should().Be((0, 0));
        read.Unknown.Should().Equal("1", "2");
    }

    [Fact]
    public async Task Keys_of_raw_rows_are_compared_by_value()
    {
        var world = new SnapshotWorld();
        world.Stock.Add("\"a\"", "\"b\"", "1");
        JsonElement[] keys = [JsonElement.Parse("""["a",1]"""), JsonElement.Parse("""["a",2]""")];
        var read = (await world.ReadAsync(world.Reader(RealtimeTable.Untyped("stock", "item", "order")), keys)).Should().ContainSingle().Subject;
        read.Page.Rows.Should().ContainSingle();
        read.Absent.Select(k => k.GetRawText()).Should().Equal("""["a",2]""");
        read.Unknown.Should().BeEmpty();
    }
}
