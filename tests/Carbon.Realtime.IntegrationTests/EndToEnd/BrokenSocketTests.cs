using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.IntegrationTests.Transport;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>A server that speaks by hand, byte for byte: the connection breaks, and messages do, where no emulator would break them.</summary>
public sealed class BrokenSocketTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_breaks_in_the_middle_of_a_frame_is_told_as_lost_and_opened_again(bool reset)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var server = ScriptedServer.Start(
            async peer =>
            {
                await SubscribeAsync(peer);
                await peer.SendAsync(Text("""[null,null,"realtime:x","postgres_changes",{"data":{"table":"salesOrder"}}]""")[..40]);
                if (reset)
                {
                    peer.Reset();
                }
            },
            async peer =>
            {
                await SubscribeAsync(peer);
                await peer.WaitAsync();
            });
        await using var manager = Connect(server);
        var stream = manager.Changes(Tables.SalesOrders);
        var lost = new TaskCompletionSource<RealtimeStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var statuses = stream.StatusChanges.Subscribe(status =>
        {
            if (status.State == RealtimeState.Recovering)
            {
                lost.TrySetResult(status);
            }
        });
        var orders = new Follower<string, SalesOrder>(stream, hang.Token);

        await orders.GapAsync(GapReason.Started);
        (await lost.Task.WaitAsync(hang.Token)).Error!.Reason.Should().Be(RealtimeErrorReason.ConnectionLost);
        await orders.GapAsync(GapReason.Rejoined);
        orders.AssertContract();
    }

    [Fact]
    public async Task A_row_of_a_megabyte_in_fragments_that_cut_its_letters_comes_whole()
    {
        const int Fragment = 4093;
        var text = new string('ü', 1 << 19);
        using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var server = ScriptedServer.Start(async peer =>
        {
            var topic = await SubscribeAsync(peer);
            var change = Encoding.UTF8.GetBytes(
                $$$"""[null,null,{{{topic}}},"postgres_changes",{"data":{"table":"salesOrder","type":"INSERT","record":{"id":"so_1","companyId":"co_1","salesOrderId":"{{{text}}}","status":"new","total":1},"columns":[{"name":"id","type":"text"},{"name":"companyId","type":"text"},{"name":"salesOrderId","type":"text"},{"name":"status","type":"text"},{"name":"total","type":"numeric"}],"errors":null,"schema":"public","commit_timestamp":"2026-11-22T10:46:23.124Z"},"ids":[1]}]""");
            for (var at = 0; at < change.Length; at += Fragment)
            {
                await peer.SendAsync(ScriptedPeer.Frame(at == 0 ? 1 : 0, change[at..Math.Min(at + Fragment, change.Length)], last: at + Fragment >= change.Length));
            }

            await peer.WaitAsync();
        });
        await using var manager = Connect(server);
        var orders = new Follower<string, SalesOrder>(manager.Changes(Tables.SalesOrders), hang.Token);

        await orders.GapAsync(GapReason.Started);
        (await orders.InsertAsync()).Row.SalesOrderId.Should().Be(text);
        orders.AssertContract();
    }

    private static RealtimeChannelManager Connect(ScriptedServer server) => new(new RealtimeOptions
    {
        RealtimeUrl = new Uri($"ws://127.0.0.1:{server.Address().Uri.Port}/socket/websocket"),
        ApiKey = "key",
        Tenant = "co_1",
        ReconnectDelayMin = TimeSpan.FromMilliseconds(50),
        ReconnectDelayMax = TimeSpan.FromMilliseconds(50),
    });

    /// <summary>Takes the one join and says that its changes flow.</summary>
    /// <returns>The topic's JSON.</returns>
    private static async Task<string> SubscribeAsync(ScriptedPeer peer)
    {
        await peer.AcceptAsync();
        var join = JsonNode.Parse(Encoding.UTF8.GetString((await peer.ReadFrameAsync()).Payload))!.AsArray();
        var (reference, topic) = (join[0]!.ToJsonString(), join[2]!.ToJsonString());
        await peer.SendAsync(
            Text($$$"""[{{{reference}}},{{{reference}}},{{{topic}}},"phx_reply",{"status":"ok","response":{"postgres_changes":[{"id":1}]}}]"""),
            Text($$$"""[{{{reference}}},null,{{{topic}}},"system",{"extension":"postgres_changes","status":"ok","message":"Subscribed to PostgreSQL"}]"""));
        return topic;
    }

    private static byte[] Text(string text) => ScriptedPeer.Text(text);
}
