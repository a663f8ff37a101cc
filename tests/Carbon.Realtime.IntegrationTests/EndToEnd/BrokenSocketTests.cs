using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.IntegrationTests.Transport;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>A server that speaks by hand, byte for byte: the connection breaks where no emulator would break it.</summary>
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
        await using var manager = new RealtimeChannelManager(new RealtimeOptions
        {
            RealtimeUrl = new Uri($"ws://127.0.0.1:{server.Address().Uri.Port}/socket/websocket"),
            ApiKey = "key",
            Tenant = "co_1",
            ReconnectDelayMin = TimeSpan.FromMilliseconds(50),
            ReconnectDelayMax = TimeSpan.FromMilliseconds(50),
        });
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

    /// <summary>Takes the one join and says that its changes flow.</summary>
    private static async Task SubscribeAsync(ScriptedPeer peer)
    {
        await peer.AcceptAsync();
        var join = JsonNode.Parse(Encoding.UTF8.GetString((await peer.ReadFrameAsync()).Payload))!.AsArray();
        var (reference, topic) = (join[0]!.ToJsonString(), join[2]!.ToJsonString());
        await peer.SendAsync(
            Text($$$"""[{{{reference}}},{{{reference}}},{{{topic}}},"phx_reply",{"status":"ok","response":{"postgres_changes":[{"id":1}]}}]"""),
            Text($$$"""[{{{reference}}},null,{{{topic}}},"system",{"extension":"postgres_changes","status":"ok","message":"Subscribed to PostgreSQL"}]"""));
    }

    private static byte[] Text(string text) => ScriptedPeer.Text(text);
}
