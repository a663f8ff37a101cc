using System.Text;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Tests.Snapshots;

public sealed class RowBodyTests
{
    private const string Rows = """
        [{"id":"a\\","companyId":"}]{[","name":"\"\\\""}, 
         {"id":"b","companyId":null,"name":"ü\"}\ud83d\ude00[{"},
        {"name":"z","x":{"y":[1,{"z":"}"}]},"companyId":"c","id":"\u0063"} ]
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(int.MaxValue)]
    public async Task Rows_are_found_wherever_the_bytes_are_cut(int chunk)
    {
        var world = new SnapshotWorld();
        var bytes = Encoding.UTF8.GetBytes(Rows);
        world.Rest.Script = (n, _) => n > 1 ? FakePostgrest.Answer(200, "[]")
            : new HttpResponseMessage { Content = FakePostgrest.Body(new FakePostgrest.ChunkStream(bytes, chunk)) };
        var page = (await world.ScanAsync(world.Reader(SnapshotWorld.Parts))).Should().ContainSingle().Subject;
        page.Rows.Select(r => r.Value).Should().Equal(
            new Part { Id = "a\\", CompanyId = "}]{[", Name = "\"\\\"" }, new Part { Id = "b", Name = "ü\"}😀[{" }, new Part { Id = "c", CompanyId = "c", Name = "z" });
    }

    [Fact]
    public async Task Of_a_row_that_is_too_long_no_more_is_held_than_of_the_longest_that_is_not()
    {
        var largest = 0;
        var bytes = Encoding.UTF8.GetBytes($$"""[{"id":"a","name":"{{new string('y', 4_000_000)}}"},{"id":"b"}]""");
        using var body = new RowBody(new RoomStream(bytes, room => largest = Math.Max(largest, room)), SnapshotLimits.Default with { MaxRowBytes = 100_000 });

        (await body.MoveNextAsync(default)).Should().BeTrue();
        body.IsCut.Should().BeTrue();
        (await body.MoveNextAsync(default)).Should().BeTrue();
        Encoding.UTF8.GetString(body.Row).Should().Be("""{"id":"b"}""");
        (await body.MoveNextAsync(default)).Should().BeFalse();
        largest.Should().BeLessThan(500_000);
    }

    [Fact]
    public async Task Every_truncation_of_a_body_is_a_lost_connection_and_brings_no_row()
    {
        var bytes = Encoding.UTF8.GetBytes(Rows.TrimEnd());
        for (var length = 0; length < bytes.Length; length++)
        {
            using var body = new RowBody(new MemoryStream(bytes, 0, length), SnapshotLimits.Default);
            var read = async () =>
            {
                while (await body.MoveNextAsync(default))
                {
                }
            };
            (await read.Should().ThrowAsync<RestFaultException>()).Which.Fault.Reason.Should().Be(RealtimeErrorReason.ConnectionLost);
        }
    }

    [Fact]
    public async Task A_truncated_page_is_read_again_whole()
    {
        var world = new SnapshotWorld();
        world.AddNumbers(3);
        world.Rest.Script = (n, _) => n == 1 ? FakePostgrest.Answer(200, """[{"id":1},{"id":2},{"i""") : null;
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(1, 2, 3);
        world.Rest.Requests.Should().HaveCount(3);
    }

    [Theory]
    [InlineData("""{"id":1}""")]
    [InlineData("[1]")]
    [InlineData("""[{"id":1}]]""")]
    [InlineData("""[{"id":1}{"id":2}]""")]
    [InlineData("""[,]""")]
    [InlineData("""[{"id":1},]""")]
    [InlineData("null")]
    public async Task What_is_no_array_of_rows_is_said_and_not_repeated(string body)
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Answer(200, body);
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.ProtocolViolation);
        world.Rest.Requests.Should().ContainSingle();
    }

    [Fact]
    public async Task A_row_that_lacks_a_mapped_column_is_no_row_with_a_default()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Answer(200, """[{"id":"1","name":"a"}]""");
        var scan = () => world.ScanAsync(world.Reader(SnapshotWorld.Parts));
        (await scan.Should().ThrowAsync<RealtimeException>()).Which.Message.Should().Contain("'companyId'");
    }

    [Fact]
    public async Task A_row_that_cannot_be_decoded_is_told_with_its_key_and_costs_no_other_row()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]"
            : """[{"id":"1","companyId":"c","name":"n"},{"id":"2","companyId":{"planted":1},"name":"planted"},{"id":"3","companyId":"c","name":"n"}]""");
        var page = (await world.ScanAsync(world.Reader(SnapshotWorld.Parts)))[0];
        page.Rows.Select(r => r.Key).Should().Equal("1", "3");
        page.Unreadable.Should().Equal(new UnreadableRow<string>(true, "2", UnreadableReason.Undecodable));
        world.Log.Lines.Should().Contain(l => l.Contains("$.companyId")).And.NotContain(l => l.Contains("planted"));
    }

    [Fact]
    public async Task A_number_that_a_decimal_would_round_is_told_and_not_rounded()
    {
        var world = new SnapshotWorld();
        var table = new PostgrestTable("price", ("at", "timestamptz"), ("amount", "numeric"));
        world.Rest.Tables.Add(table);
        table.Add("\"2026-01-01T00:00:00+00:00\"", "0.10000000000000000000000000000000000");
        table.Add("\"2026-01-02T00:00:00+00:00\"", "0.12345678901234567890123456789012345");
        var page = (await world.ScanAsync(world.Reader(RealtimeTable.Define("price", SnapshotJson.Default.Price, "at", p => p.At))))[0];
        page.Rows.Should().ContainSingle().Which.Value.Amount.Should().Be(0.1m);
        page.Unreadable.Should().ContainSingle().Which.Problem.Should().Be(UnreadableReason.Rounded);
    }

    [Fact]
    public async Task A_short_number_with_a_negative_exponent_is_not_rounded_to_nothing()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]"
            : """[{"at":"2026-01-01T00:00:00+00:00","amount":1e-40},{"at":"2026-01-03T00:00:00+00:00","amount":1e-9225809},{"at":"2026-01-02T00:00:00+00:00","amount":1e-7}]""");
        var page = (await world.ScanAsync(world.Reader(RealtimeTable.Define("price", SnapshotJson.Default.Price, "at", p => p.At))))[0];
        page.Unreadable.Select(u => u.Problem).Should().Equal(UnreadableReason.Rounded, UnreadableReason.Rounded);
        page.Rows.Should().ContainSingle().Which.Value.Amount.Should().Be(0.0000001m);
    }

    [Fact]
    public async Task A_name_that_is_not_Unicode_costs_no_other_row()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]"
            : """[{"\ud800":1,"id":"1","companyId":"c","name":"n"},{"id":"2","companyId":"c","name":"n"}]""");
        var page = (await world.ScanAsync(world.Reader(SnapshotWorld.Parts)))[0];
        page.Rows.Select(r => r.Key).Should().Equal("2");
        page.Unreadable.Should().ContainSingle().Which.HasKey.Should().BeFalse();
    }

    [Fact]
    public async Task Each_row_of_another_tenant_is_dropped_also_behind_one_of_its_own_kind_and_behind_one_of_ours()
    {
        var world = new SnapshotWorld();
        List<int> companies = [2, 2, 1, 1, 2, 1, 3];
        var rows = companies.Select((company, n) => $$"""{"companyId":"co_{{company}}","id":"{{n}}","name":"n"}""");
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]" : $"[{string.Join(',', rows)}]");
        var page = (await world.ScanAsync(world.Reader(SnapshotWorld.Parts.TenantScoped("companyId"), "co_1")))[0];
        page.Rows.Select(r => r.Key).Should().Equal("2", "3", "5");
        page.Foreign.Should().Be(4);
    }

    [Theory]
    [InlineData("""{"id":"1","companyId":"co_1","name":"n","companyId":"co_2"}""")]
    [InlineData("""{"id":"1","companyId":"co_1","name":"n","company\u0049d":"co_2"}""")]
    [InlineData("""{"companyId":"co_1","companyId":"co_2","id":"1","name":"n"}""")]
    [InlineData("""{"id":"1","companyId":"co_1","name":"n","id":"2"}""")]
    public async Task A_row_in_which_the_tenant_or_the_key_stands_twice_is_nobodys_for_it_would_be_made_of_the_one_that_was_not_judged(string row)
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]" : $$"""[{{row}},{"id":"3","companyId":"co_1","name":"{\"id\":1}"}]""");
        var page = (await world.ScanAsync(world.Reader(SnapshotWorld.Parts.TenantScoped("companyId"), "co_1")))[0];
        page.Rows.Select(r => r.Key).Should().Equal("3");
        page.Foreign.Should().Be(1);
        page.ProvesAbsence.Should().BeFalse();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public async Task A_row_that_is_too_long_is_told_by_its_key_and_not_kept(int chunk)
    {
        var world = new SnapshotWorld(limits: l => l with { MaxRowBytes = 10_000 }) { Rest = { ChunkBytes = chunk } };
        world.Part.Add("\"1\"", "null", "\"a\"");
        world.Part.Add("\"2\"", "null", $"\"{new string('x', 50_000)}\"");
        world.Part.Add("\"3\"", "null", "\"c\"");
        var page = (await world.ScanAsync(world.Reader(SnapshotWorld.Parts)))[0];
        page.Rows.Select(r => r.Key).Should().Equal("1", "3");
        page.Unreadable.Should().Equal(new UnreadableRow<string>(true, "2", UnreadableReason.TooLong));
    }

    [Fact]
    public async Task A_page_that_is_too_long_is_asked_for_with_fewer_rows()
    {
        var world = new SnapshotWorld(limits: l => l with { MaxPageBytes = 500, PageRows = 64 });
        world.AddNumbers(200);
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().HaveCount(200);
        world.Rest.Queries[1].Should().Contain("limit=32");
    }

    [Fact]
    public async Task Columns_are_looked_for_in_the_first_whole_row_though_a_cut_one_came_before()
    {
        var world = new SnapshotWorld(limits: l => l with { MaxRowBytes = 1000 });
        world.Rest.Script = (_, _) => FakePostgrest.Answer(200, $$"""[{"id":"1","companyId":null,"name":"{{new string('x', 2000)}}"},{"id":"2","name":"a"}]""");
        var scan = () => world.ScanAsync(world.Reader(SnapshotWorld.Parts));
        (await scan.Should().ThrowAsync<RealtimeException>()).Which.Message.Should().Contain("'companyId'");
    }

    [Fact]
    public async Task A_body_that_is_broken_deeper_than_its_brackets_costs_its_row()
    {
        var world = new SnapshotWorld();
        var deep = string.Concat(Enumerable.Repeat("[", 100)) + string.Concat(Enumerable.Repeat("]", 100));
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]"
            : $$"""[{"id":"1","companyId":x,"name":null},{"id":"2","companyId":null,"name":{{deep}}},{"id":"3","companyId":null,"name":null}]""");
        var page = (await world.ScanAsync(world.Reader(SnapshotWorld.Parts)))[0];
        page.Rows.Select(r => r.Key).Should().Equal("3");
        page.Unreadable.Select(r => r.Key).Should().Equal("1", "2");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task A_long_rows_escapes_are_stepped_over_wherever_the_bytes_are_cut(int chunk)
    {
        var world = new SnapshotWorld(limits: l => l with { MaxRowBytes = 1000 }) { Rest = { ChunkBytes = chunk } };
        world.Part.Add("\"1\"", "null", "\"" + string.Concat(Enumerable.Repeat("}\\\"", 4000)) + "\"");
        world.Part.Add("\"2\"", "null", "null");
        var page = (await world.ScanAsync(world.Reader(SnapshotWorld.Parts)))[0];
        (page.Unreadable.Single().Key, page.Rows.Single().Key).Should().Be(("1", "2"));
    }

    [Fact]
    public async Task A_key_that_is_cut_in_the_middle_is_none()
    {
        var world = new SnapshotWorld(limits: l => l with { MaxRowBytes = 5000 });
        var row = $$"""{"pad":"{{new string('x', 4077)}}","id":123456789,"more":"{{new string('y', 2000)}}"}""";
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]" : $$"""[{{row}},{"id":200000000}]""");
        var page = (await world.ScanAsync(world.Reader(RealtimeTable.Untyped("number"))))[0];
        page.Unreadable.Should().ContainSingle().Which.HasKey.Should().BeFalse("its first digits are another row's key");
        page.Rows.Should().ContainSingle();
    }

    [Fact]
    public async Task The_log_names_the_column_and_nothing_inside_it()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]" : """[{"id":"1","modelUpload":{"thumbnailPath":{"planted":1}}}]""");
        await world.ScanAsync(world.Reader(RealtimeTable.Define("item", PicturedJson.Default.Pictured, "id", p => p.Id)));
        world.Log.Lines.Should().Contain(l => l.Contains("at $.modelUpload into"));
    }

    /// <summary>Says how much room it is given.</summary>
    private sealed class RoomStream(byte[] bytes, Action<int> given) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            given(buffer.Length);
            return base.ReadAsync(buffer, cancellationToken);
        }
    }
}
