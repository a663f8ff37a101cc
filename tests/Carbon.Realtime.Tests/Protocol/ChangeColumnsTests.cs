using System.Text;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.Replays;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary><c>columns</c> is half of a frame and the same from row to row: it is compared, and read again only when it differs.</summary>
public sealed class ChangeColumnsTests
{
    private const string OneColumn = """[{"name": "id", "type": "int8"}]""";
    private const string TwoColumns = """[{"name": "id", "type": "int8"}, {"name": "title", "type": "text"}]""";

    private readonly ChangeReader _reader = new();

    [Fact]
    public void Equal_columns_are_read_once()
    {
        var first = Read(Payload("todos", TwoColumns));

        Read(Payload("todos", TwoColumns)).Should().BeSameAs(first);
        Type(first, "title").Should().Be("text");
    }

    [Theory]
    [InlineData("""[{"name": "id", "type": "int4"}, {"name": "title", "type": "text"}]""", "int4")]
    [InlineData("""[{"name": "id", "type": "int8"}, {"name": "title", "type": "text"}, {"name": "more", "type": "text"}]""", "int8")]
    [InlineData("""[{"name": "id", "type": "int8"}]""", "int8")]
    [InlineData("""[]""", "")]
    public void Changed_columns_are_read_again(string changed, string type)
    {
        var first = Read(Payload("todos", TwoColumns));

        var second = Read(Payload("todos", changed));

        second.Should().NotBeSameAs(first);
        Type(second, "id").Should().Be(type);
        Type(Read(Payload("todos", TwoColumns)), "title").Should().Be("text", "and back again");
    }

    [Fact]
    public void Each_table_keeps_its_own()
    {
        var todos = Read(Payload("todos", TwoColumns));
        var other = Read(Payload("other", OneColumn));

        for (var i = 0; i < 3; i++)
        {
            Read(Payload("todos", TwoColumns)).Should().BeSameAs(todos);
            Read(Payload("other", OneColumn)).Should().BeSameAs(other);
        }
    }

    [Theory]
    [InlineData("5")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("\"id\"")]
    [InlineData("[1]")]
    [InlineData("[{}]")]
    [InlineData("""[{"name":"id"}]""")]
    [InlineData("""[{"name":5,"type":"int8"}]""")]
    [InlineData("""[{"name":"\ud83d","type":"int8"}]""")]
    [InlineData("""[{"name":"id" "type":"int8"}]""")]
    public void A_hostile_value_is_malformed_and_forgotten(string columns)
    {
        var known = Read(Payload("todos", TwoColumns));

        _reader.TryRead(Payload("todos", columns), out _, out var error).Should().BeFalse();

        error.Should().Be(FrameDropReason.Malformed);
        Read(Payload("todos", TwoColumns)).Should().BeSameAs(known);
    }

    [Fact]
    public void A_value_that_goes_on_after_the_known_one_is_not_taken_for_it()
    {
        Read(Payload("todos", OneColumn));

        _reader.TryRead(Payload("todos", OneColumn + OneColumn), out _, out var error).Should().BeFalse();

        error.Should().Be(FrameDropReason.Malformed);
    }

    [Fact]
    public void More_tables_than_are_remembered_are_still_read_right()
    {
        for (var i = 0; i < 3_000; i++)
        {
            Type(Read(Payload($"t{i}", $$"""[{"name": "c{{i}}", "type": "text"}]""")), $"c{i}").Should().Be("text");
        }
    }

    [Theory]
    [InlineData("04_crud_v1")]
    [InlineData("04_crud_v2")]
    [InlineData("08_types")]
    public void Reading_a_change_allocates_nothing_once_its_table_is_known(string name)
    {
        var frames = Transcript.Read(name)
            .Where(line => line.Direction == "recv" && RecordedFrame.Parse(line.Bytes).Event == "postgres_changes")
            .Select(line => line.Bytes)
            .ToArray();
        frames.Should().NotBeEmpty();
        ReadAll(frames, 50).Should().BeTrue();

        var before = GC.GetAllocatedBytesForCurrentThread();
        ReadAll(frames, 200);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        allocated.Should().Be(0);
    }

    private bool ReadAll(byte[][] frames, int times)
    {
        var all = true;
        for (var i = 0; i < times; i++)
        {
            foreach (var bytes in frames)
            {
                all &= FrameReader.TryRead(bytes, out var frame, out _) && _reader.TryRead(frame.Payload, out _, out _);
            }
        }

        return all;
    }

    private TableColumns Read(byte[] payload)
    {
        _reader.TryRead(payload, out var change, out var error).Should().BeTrue($"{error}");
        return change.Columns;
    }

    private static string Type(TableColumns columns, string column) => Encoding.UTF8.GetString(columns.TypeOf(Encoding.UTF8.GetBytes(column)));

    private static byte[] Payload(string table, string columns) => Encoding.UTF8.GetBytes(
        $$"""{"data":{"table":"{{table}}","type":"INSERT","record":{"id": 1},"columns":{{columns}},"errors":null,"schema":"public","commit_timestamp":null},"ids":[1]}""");
}
