using System.Text;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Hostile;

/// <summary>Frames of every kind, damaged in every place, and messages that are no frames: the client goes on, and delivers no wrong row.</summary>
public sealed class HostileShapeTests
{
    private const string Change = """{"ids":[1],"data":{"schema":"public","table":"salesOrder","type":"UPDATE","commit_timestamp":"2026-11-22T10:46:23.124Z","errors":null,"columns":[{"name":"id","type":"text"},{"name":"companyId","type":"text"},{"name":"status","type":"text"}],"record":{"id":"so_1","companyId":"co_1","status":"Draft"},"old_record":{"id":"so_1","companyId":"co_1","status":"Draft"}}}""";

    [Theory]
    [InlineData("postgres_changes", Change)]
    [InlineData("postgres_changes", """{"ids":[1],"data":{"schema":"public","table":"salesOrder","type":"DELETE","commit_timestamp":null,"errors":null,"columns":[],"old_record":{"id":"so_1"}}}""")]
    [InlineData("postgres_changes", """{"ids":[1],"data":{"schema":"public","table":"salesOrder","type":"INSERT","commit_timestamp":null,"errors":["Error 413: Payload Too Large"],"columns":[],"record":{"id":"so_1","companyId":"co_1"}}}""")]
    [InlineData("system", """{"extension":"postgres_changes","status":"ok","message":"Subscribed to PostgreSQL","channel":"x"}""")]
    [InlineData("system", """{"extension":"postgres_changes","status":"error","message":"Error parsing `filter` params: x","channel":"x"}""")]
    [InlineData("system", """{"extension":"system","status":"error","message":"Token has expired 0 seconds ago","channel":"x"}""")]
    [InlineData("phx_reply", """{"status":"ok","response":{"postgres_changes":[{"id":1,"event":"*"}]}}""")]
    [InlineData("phx_reply", """{"status":"error","response":{"reason":"unmatched topic"}}""")]
    [InlineData("phx_close", "{}")]
    [InlineData("phx_error", "{}")]
    [InlineData("presence_diff", """{"joins":{},"leaves":{}}""")]
    [InlineData("broadcast", """{"type":"broadcast","event":"e","payload":{}}""")]
    public void A_frame_damaged_anywhere_harms_nothing_that_comes_after_it(string name, string payload)
    {
        var target = new Target().Live();
        var frame = $"[\"the-ref\",null,\"the-topic\",\"{name}\",{payload}]";
        var tried = 0;
        foreach (var shape in Shapes.Of(frame))
        {
            var join = target.Join;
            var text = shape.Replace("the-ref", join.JoinRef, StringComparison.Ordinal).Replace("the-topic", join.Topic, StringComparison.Ordinal);
            target.Deliver(text);
            if (tried++ % 7 == 0 || target.Stream.Status.State != RealtimeState.Live)
            {
                target.AssertUnharmed(Short(text));
                target.Seen.Clear();
                target.Seen.OnNext(new Gap<string, SalesOrder>(GapReason.Started));
            }
        }

        tried.Should().BeGreaterThan(100);
        target.AssertUnharmed("the end");
        target.World.Server.Sockets.Should().ContainSingle("no frame is worth the connection");
    }

    [Fact]
    public void A_frame_of_version_1_damaged_anywhere_harms_nothing()
    {
        var target = new Target(static options => options.ProtocolVersion = ProtocolVersion.V1).Live();
        foreach (var shape in Shapes.Of($$"""{"ref":null,"payload":{{Change}},"event":"postgres_changes","topic":"the-topic"}"""))
        {
            target.Deliver(shape.Replace("the-topic", target.Join.Topic, StringComparison.Ordinal));
        }

        target.AssertUnharmed("the end");
        target.World.Server.Sockets.Should().ContainSingle();
    }

    [Fact]
    public void A_damaged_reply_to_a_join_is_an_ok_a_refusal_or_nothing_and_the_channel_comes_back()
    {
        foreach (var shape in Shapes.Of("""{"status":"ok","response":{"postgres_changes":[{"id":1,"event":"*","schema":"public","table":"salesOrder"}]}}"""))
        {
            var target = new Target();
            target.World.AutoJoin = false;
            target.World.Join();
            var join = target.Join;
            target.Deliver($"[\"{join.JoinRef}\",\"{join.Ref}\",\"{join.Topic}\",\"phx_reply\",{shape}]");
            target.Stream.Status.State.Should().BeOneOf([RealtimeState.Joining, RealtimeState.Recovering], Short(shape));

            target.World.AutoJoin = true;
            target.Socket.CloseChannel(join, "phx_error");
            target.World.Run();
            target.AssertUnharmed(Short(shape));
            target.World.Server.Sockets.Should().ContainSingle(Short(shape));
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_no_frame_is_counted_told_as_a_gap_and_forgotten(string what, byte[] message)
    {
        var target = new Target().Live();
        target.Socket.Deliver(message);
        target.World.Run();

        target.Seen.Items.Select(static change => change.ToString()).Should().Equal(["gap (Started)", "gap (Undecodable)"], what);
        target.AssertUnharmed(what);
        target.World.Server.Sockets.Should().ContainSingle();
    }

    public static TheoryData<string, byte[]> Messages() => new()
    {
        { "nothing", [] },
        { "blanks", " \r\n\t"u8.ToArray() },
        { "a byte order mark", [0xEF, 0xBB, 0xBF, .. "[null,null,\"realtime:x\",\"broadcast\",{}]"u8] },
        { "UTF-16", Encoding.Unicode.GetBytes("[null,null,\"realtime:x\",\"broadcast\",{}]") },
        { "zeros", new byte[1000] },
        { "one bracket", "["u8.ToArray() },
        { "a million brackets", Encoding.UTF8.GetBytes(new string('[', 1_000_000)) },
        { "a million braces", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 200_000))) },
        { "half a string", "[null,null,\"realtime:x"u8.ToArray() },
        { "a string cut in an escape", "[null,null,\"realtime:x\\u00"u8.ToArray() },
        { "HTML", "<html><body>502 Bad Gateway</body></html>"u8.ToArray() },
        { "a number", "42"u8.ToArray() },
        { "bad UTF-8 instead of a frame", [0xC3, 0x28, 0xA0, 0xFF, 0xFE] },
    };

    [Fact]
    public void Bad_text_in_a_row_costs_that_row()
    {
        var target = new Target().Live();
        byte[] head = [.. Encoding.UTF8.GetBytes($"[null,null,\"{target.Join.Topic}\",\"postgres_changes\","), .. Encoding.UTF8.GetBytes(Change.Replace("\"status\":\"Draft\"", "\"status\":\"#\"", StringComparison.Ordinal)), (byte)']'];
        foreach (var bad in new byte[][] { [0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], "\\ud83d"u8.ToArray(), "\\udc00\\ud800"u8.ToArray() })
        {
            byte[] message = [.. head.SelectMany(b => b == (byte)'#' ? bad : [b])];
            target.Socket.Deliver(message);
            target.World.Run();
        }

        target.Seen.Items.Skip(1).Should().HaveCount(6).And.OnlyContain(static change => change.ToString() == "gap (Undecodable) at so_1");
        target.AssertUnharmed("bad text");
        target.World.Server.Sockets.Should().ContainSingle();
    }

    [Fact]
    public void Messages_that_are_binary_or_over_the_limit_are_counted_and_only_the_latter_may_have_been_a_change()
    {
        var target = new Target().Live();
        target.Socket.DeliverBinary(new byte[] { 4, 1, 1, 0, 1, (byte)'t', (byte)'e', (byte)'{' });
        target.Socket.DeliverBinary(ReadOnlyMemory<byte>.Empty);
        target.World.Run();
        target.Seen.Items.Should().ContainSingle();

        target.Socket.DeliverTooLarge();
        target.World.Run();
        target.Seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "gap (Undecodable)");
        (target.World.Manager.Drops[FrameDropReason.Binary], target.World.Manager.Drops[FrameDropReason.TooLarge]).Should().Be((2L, 1L));
        target.AssertUnharmed("binary and too large");
    }

    private static string Short(string text) => text.Length < 300 ? text : text[..300] + "…";
}
