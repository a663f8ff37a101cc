using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Connection;

/// <summary>docs/protocol.md, "Close codes": one test a row, with the row's words.</summary>
public sealed class CloseCodeTableTests
{
    public static TheoryData<int?, string, string, RealtimeErrorReason, string> Rows => new()
    {
        { 1000, "cowboy idle timeout (no client frame for 60 s), some proxies", "yes", RealtimeErrorReason.ConnectionLost, "Retry" },
        { 1001, "\"disconnect\" broadcast: too many joins, tenant not found at join; server going away", "yes, with back-off", RealtimeErrorReason.RateLimited, "RetrySpread" },
        { null, "1006: TCP drop, heap kill, no-channel killer, LB", "yes", RealtimeErrorReason.ConnectionLost, "Retry" },
        { 1006, "TCP drop, heap kill, no-channel killer, LB", "yes", RealtimeErrorReason.ConnectionLost, "Retry" },
        { 1009, "our frame > 5 MB", "yes, but do not resend the frame", RealtimeErrorReason.ConnectionLost, "Retry" },
        { 1011, "server error", "yes", RealtimeErrorReason.ConnectionLost, "Retry" },
        { 1012, "config change (JWT secret, JWKS, private_only), node drain/deploy", "yes, with jitter and with a fresh token", RealtimeErrorReason.ConnectionLost, "RetrySpread" },
        { 4000, "4xxx: not used by the server", "yes", RealtimeErrorReason.ConnectionLost, "Retry" },
        { 4999, "4xxx: not used by the server", "yes", RealtimeErrorReason.ConnectionLost, "Retry" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Every_row_is_told_with_its_reason_and_leads_to_a_reconnect(int? code, string cause, string reconnect, RealtimeErrorReason reason, string reaction)
    {
        var row = $"{code}: {cause} → {reconnect}";
        var tokens = new FakeTokens { Token = "one" };
        var world = new World(tokens: tokens);
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        tokens.Token = "two";
        if (code is null)
        {
            world.Socket.Break(new IOException("reset by peer"));
        }
        else
        {
            world.Socket.CloseFromServer(code);
        }

        world.Run();
        FaultTable.Close(code, null).Reaction.ToString().Should().Be(reaction, row);
        foreach (var status in new[] { world.Manager.Status, stream.Status })
        {
            status.State.Should().Be(RealtimeState.Recovering, row);
            status.Error!.Reason.Should().Be(reason, row);
            status.Error.IsTransient.Should().BeTrue(row);
            status.Error.ServerCode.Should().Be(code?.ToString(System.Globalization.CultureInfo.InvariantCulture), row);
        }

        var wait = world.Manager.Status.NextRetry!.Value - world.Env.Time.GetUtcNow();
        wait.TotalSeconds.Should().BeInRange(0.5, reaction == "RetrySpread" ? 10 : 1, row);
        world.Env.Advance(wait + TimeSpan.FromMilliseconds(1));
        world.Server.Sockets.Should().HaveCount(2, row);
        world.Socket.Join().AccessToken.Should().Be("two", row);
        stream.Status.State.Should().Be(RealtimeState.Live, row);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void A_join_over_five_megabytes_is_never_sent_so_that_it_costs_nobody_the_socket_again_and_again()
    {
        var world = new World();
        using var good = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders, new ChangeStreamOptions { Group = "good" }));
        var stream = world.Manager.Changes(Shop.Todos.Where("title=eq." + new string('x', 5_000_000)), new ChangeStreamOptions { Group = "huge" });
        using var huge = new StreamRecorder<TableChange<long, Todo>>(stream);
        world.Advance(600);
        world.Server.Sockets.Should().ContainSingle("1009 would have ended it");
        world.Socket.Frames("phx_join").Should().ContainSingle();
        good.Items.Should().HaveCount(1);
        huge.Items.Should().BeEmpty();
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Message.Should().Contain("too large").And.Contain("shorten its filter");
    }

    [Fact]
    public void A_tenant_that_is_not_found_at_a_join_stays_told_although_the_socket_is_closed_and_opened_again()
    {
        var world = new World { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), "TenantNotFound: Tenant with the given external_id was not found");
        world.Socket.CloseFromServer(1001);
        world.Advance(11);
        world.Server.Sockets.Should().HaveCount(2);
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.ProjectNotFound);
        world.Socket.Frames("phx_join").Should().BeEmpty("the join waits for somebody to change something");
    }
}
