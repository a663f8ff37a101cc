using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Hostile;

/// <summary>Tens of thousands of frames at once that are of no use: nothing grows, and the log is not filled.</summary>
public sealed class FloodTests
{
    /// <summary>More than a stream's queue holds.</summary>
    private const int Flood = 20_000;

    private const int GreatFlood = 100_000;

    private const string Change = """{"ids":[1],"data":{"schema":"public","table":"salesOrder","type":"INSERT","commit_timestamp":null,"errors":null,"columns":[{"name":"id","type":"text"},{"name":"companyId","type":"text"},{"name":"status","type":"text"}],"record":{"id":"so_1","companyId":"co_1","status":"Draft"}}}""";

    /// <summary>What is sent, how it is counted if it is, how many elements it may cost a stream, and how often it is sent.</summary>
    public static TheoryData<string, string, string?, int, int> Frames() => new()
    {
        { "junk", "this is not a frame", nameof(FrameDropReason.Malformed), 1, GreatFlood },
        { "frames that end too early", "[\"1\",null,\"realtime:x\",", nameof(FrameDropReason.Truncated), 1, Flood },
        { "changes that cannot be read", """[null,null,"the-topic","postgres_changes",{"ids":[1],"data":{}}]""", nameof(FrameDropReason.Malformed), 1, Flood },
        { "unknown topics", $"[null,null,\"realtime:other\",\"postgres_changes\",{Change}]", nameof(FrameDropReason.UnknownTopic), 0, GreatFlood },
        { "unknown events", """[null,null,"the-topic","broadcast",{}]""", nameof(FrameDropReason.UnknownEvent), 0, Flood },
        { "unknown ids", $"[null,null,\"the-topic\",\"postgres_changes\",{Change.Replace("[1]", "[7]", StringComparison.Ordinal)}]", nameof(FrameDropReason.UnknownBinding), 0, Flood },
        { "replies to nobody", """["9","9","the-topic","phx_reply",{"status":"ok","response":{}}]""", nameof(FrameDropReason.StaleReference), 0, Flood },
        { "ends of other joins", """["9","9","the-topic","phx_close",{}]""", nameof(FrameDropReason.StaleReference), 0, Flood },
        { "heartbeat replies", """[null,"9","phoenix","phx_reply",{"status":"ok","response":{}}]""", null, 0, Flood },
        { "foreign rows", $"[null,null,\"the-topic\",\"postgres_changes\",{Change.Replace("co_1", "co_2", StringComparison.Ordinal)}]", nameof(FrameDropReason.ForeignRow), 0, Flood },
        { "foreign tables", $"[null,null,\"the-topic\",\"postgres_changes\",{Change.Replace("salesOrder", "salesXrder", StringComparison.Ordinal)}]", nameof(FrameDropReason.ForeignTable), 0, Flood },
        { "rows that cannot be decoded", $"[null,null,\"the-topic\",\"postgres_changes\",{Change.Replace("\"Draft\"", "17", StringComparison.Ordinal)}]", null, 8193, Flood },
        { "errors of the table", $"[null,null,\"the-topic\",\"postgres_changes\",{Change.Replace("\"errors\":null", "\"errors\":[\"Error 401: Unauthorized\"]", StringComparison.Ordinal)}]", null, 0, Flood },
        { "errors of the channel", """["the-ref",null,"the-topic","system",{"extension":"system","status":"error","message":"Too many messages per second"}]""", null, 0, Flood },
        { "errors of the subscription", """["the-ref",null,"the-topic","system",{"extension":"postgres_changes","status":"error","message":"IncreaseSubscriptionConnectionPool: x"}]""", null, 0, GreatFlood },
        { "words that changes flow", """["the-ref",null,"the-topic","system",{"extension":"postgres_changes","status":"ok","message":"Subscribed to PostgreSQL"}]""", null, 1, Flood },
        { "crashes of the channel", """["the-ref",null,"the-topic","phx_error",{}]""", nameof(FrameDropReason.UnknownTopic), 0, Flood },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public void A_flood_is_counted_and_costs_no_memory_and_no_log(string what, string frame, string? counted, int elements, int flood)
    {
        var target = new Target().Live();
        var (join, lines) = (target.Join, target.World.Log.Lines.Count);
        ReadOnlyMemory<byte> message = System.Text.Encoding.UTF8.GetBytes(
            frame.Replace("the-topic", join.Topic, StringComparison.Ordinal).Replace("the-ref", join.JoinRef, StringComparison.Ordinal));
        for (var i = 0; i < flood; i++)
        {
            target.Socket.Deliver(message);
        }

        target.World.Run();

        if (counted is not null)
        {
            target.World.Manager.Drops[Enum.Parse<FrameDropReason>(counted)].Should().BeInRange(flood - 1, flood, what);
        }

        target.Seen.Count.Should().BeLessThanOrEqualTo(1 + elements, what);
        target.World.Log.Lines.Skip(lines).Count(static line => !line.StartsWith("Debug", StringComparison.Ordinal) && !line.StartsWith("Trace", StringComparison.Ordinal)).Should().BeLessThan(25, what);
        target.World.Manager.Deadlines.Count.Should().BeLessThan(10, what);
        target.World.Env.Scheduler.Pending.Should().Be(0, what);
        target.World.Socket.Sent.Count.Should().BeLessThan(10, what);
        target.World.Server.Sockets.Should().ContainSingle(what);
        target.World.Advance(2);
        target.AssertUnharmed(what);
    }

    [Fact]
    public void Junk_between_changes_is_a_gap_in_its_place()
    {
        var target = new Target().Live();
        target.Socket.Insert(target.Join, "salesOrder", """{"id":"a","companyId":"co_1","status":null}""");
        target.Socket.Deliver("junk");
        target.Socket.Insert(target.Join, "salesOrder", """{"id":"b","companyId":"co_1","status":null}""");
        target.Socket.Deliver("junk");
        target.World.Run();
        target.Seen.Items.Select(static change => change.ToString()).Should().Equal(
            "gap (Started)", "inserted a", "gap (Undecodable)", "inserted b", "gap (Undecodable)");
    }
}
