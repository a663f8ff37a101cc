using System.Text;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Tests.Snapshots;

public sealed class RowHeadTests
{
    /// <summary>Names and values that rows are made of here: the server's, and what no server sends.</summary>
    private static readonly string[] Names = ["companyId", "companyId", "id", "id", "line", "name", "i", "id2", "\\u0069d"];

    private static readonly string[] Values =
        ["\"co_1\"", "\"a\"", "\"\"", "\"ü\"", "1", "0", "42", "007", "-1", "1.5", "1e3", "null", "true", "\"\\\"\"", "\"a\\u0062\"", "\"a\\\",\"", "\"a\tb\"", "\"id\"", "[1]", "{\"id\":1}", "x", "\"open"];

    /// <remarks>A blank after the bracket is what the server does not write: then the row is walked.</remarks>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_read_at_once_is_what_a_walk_over_the_row_reads(int seed)
    {
        var random = new Random(seed);
        byte[][][] keys = [["id"u8.ToArray()], ["line"u8.ToArray(), "id"u8.ToArray()], ["id"u8.ToArray(), "companyId"u8.ToArray(), "line"u8.ToArray()]];
        var found = 0;
        var readAtOnce = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var head = new RowHead(keys[random.Next(keys.Length)], random.Next(3) > 0 ? "companyId"u8.ToArray() : null);
            var row = Row(random);
            var isWhole = random.Next(4) > 0;
            var bytes = Encoding.UTF8.GetBytes(isWhole ? row : row[..random.Next(2, row.Length + 1)]);
            var atOnce = Read(head, bytes, isWhole);
            atOnce.Should().Be(Read(head, [(byte)'{', (byte)' ', .. bytes[1..]], isWhole), "{0}", row);
            found += atOnce.HasKey ? 1 : 0;
            readAtOnce += IsReadAtOnce(head, bytes) ? 1 : 0;
        }

        found.Should().BeGreaterThan(500);
        readAtOnce.Should().BeGreaterThan(200);
    }

    [Fact]
    public void Columns_that_come_first_are_found_in_any_order()
    {
        var head = new RowHead(["id"u8.ToArray(), "line"u8.ToArray()], "companyId"u8.ToArray());
        IsReadAtOnce(head, "{\"companyId\":\"co_1\",\"id\":\"a\",\"line\":7,\"name\":\"n\"}"u8).Should().BeTrue();
        IsReadAtOnce(head, "{\"line\":7,\"companyId\":\"co_1\",\"id\":\"a\",\"name\":\"n\"}"u8).Should().BeTrue();
        IsReadAtOnce(head, "{\"name\":\"n\",\"line\":7,\"companyId\":\"co_1\",\"id\":\"a\"}"u8).Should().BeFalse();
        Read(head, "{\"companyId\":\"co_1\",\"id\":\"a\",\"line\":7,\"name\":\"n\"}"u8, true).Should().Be((true, "\"co_1\"", "\"a\"", "7", ""));
        Read(head, "{\"line\":7,\"companyId\":\"co_1\",\"id\":\"a\",\"name\":\"n\"}"u8, true).Should().Be((true, "\"co_1\"", "\"a\"", "7", ""));
    }

    [Fact]
    public void A_column_whose_name_holds_quotes_is_no_run_of_other_columns()
    {
        var head = new RowHead(["x\":1,\"id"u8.ToArray()], null);
        Read(head, "{\"x\":1,\"id\":\"a\",\"name\":\"n\"}"u8, true).HasKey.Should().BeFalse();
        Read(head, "{\"x\\\":1,\\\"id\":\"a\",\"name\":\"n\"}"u8, true).First.Should().Be("\"a\"");
    }

    private static bool IsReadAtOnce(RowHead head, ReadOnlySpan<byte> row)
    {
        Span<Range> found = stackalloc Range[4];
        found.Fill(0..0);
        return head.TryReadAtOnce(row, found, out _);
    }

    private static (bool HasKey, string Tenant, string First, string Second, string Third) Read(RowHead head, ReadOnlySpan<byte> row, bool isWhole)
    {
        var hasKey = head.TryRead(row, isWhole, out var tenant, out var key);
        return (hasKey, Encoding.UTF8.GetString(tenant), Encoding.UTF8.GetString(key.First), Encoding.UTF8.GetString(key.Second), Encoding.UTF8.GetString(key.Third));
    }

    private static string Row(Random random) =>
        $"{{{string.Join(random.Next(10) > 0 ? "," : " , ", Enumerable.Range(0, 1 + random.Next(6)).Select(_ => $"\"{Names[random.Next(Names.Length)]}\":{Values[random.Next(random.Next(2) > 0 ? 7 : Values.Length)]}"))}}}";
}
