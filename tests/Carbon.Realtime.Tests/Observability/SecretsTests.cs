using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Channels;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Observability;

public sealed class SecretsTests
{
    [Fact]
    public async Task No_log_metric_or_activity_holds_a_key_a_token_a_filters_value_or_a_row()
    {
        const string Name = "secrets", Key = "planted-key-1", Token = "planted-token-2", Column = "planted-row-3", Filter = "planted-filter-4";
        using var meters = new RecordingMeters();
        using var traces = new RecordingTraces(Name);
        var tokens = new FakeTokens { Token = Token };
        var world = new World(o => o.ApiKey = Key, tokens, meters, Name);
        world.Server.RefuseNext(401, """{"error":"Failed to validate JWT signature"}""");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders.Where($"status=neq.{Filter}")));
        world.Advance(70);
        var join = world.Socket.Join();
        world.Socket.Insert(join, "salesOrder", $$"""{"id":"{{Column}}","companyId":"co_1","status":"{{Column}}"}""");
        world.Socket.Insert(join, "salesOrder", $$"""{"id":"{{Column}}","companyId":"{{Column}}","status":"{{Column}}"}""");
        world.Socket.Insert(join, "salesOrder", $$"""{"id":"{{Column}}","companyId":"co_1","status":{"{{Column}}":1} }""");
        world.Socket.Insert(join, "salesOrder", $$"""{"id":"{{Column}}","companyId":"co_1"}""");
        world.Run();
        tokens.Answer = (_, _) => throw new InvalidOperationException(Token);
        await FluentActions.Awaiting(() => world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync())).Should().ThrowAsync<RealtimeException>();
        world.Socket.Break(new IOException(Key));
        world.Advance(70);
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        world.Run();

        var telemetry = meters.Everything().Select(m => m.Attributes)
            .Concat(traces.Stopped.SelectMany(a => a.TagObjects.Select(t => $"{t.Key}={t.Value}").Append(a.DisplayName).Append(a.StatusDescription ?? "")))
            .ToList();
        telemetry.Should().HaveCountGreaterThan(40);
        world.Log.Lines.Should().HaveCountGreaterThan(20).And.Contain(l => l.StartsWith("Trace")).And.Contain(l => l.StartsWith("Debug"));
        foreach (var secret in new[] { Key, Token, Column, Filter })
        {
            telemetry.Should().NotContain(t => t.Contains(secret));
            world.Log.Lines.Should().NotContain(l => l.Contains(secret));
        }
    }

    [Fact]
    public void A_refusal_that_quotes_the_filter_is_told_in_the_status_and_not_logged()
    {
        var world = new World();
        var server = new TableServer(world);
        server.Unpublished.Add("job");
        var stream = world.Manager.Changes(RealtimeTable.Untyped("job").Where("email=eq.jane.doe@example.com"));
        using var seen = new StreamRecorder<TableChange<JsonElement, JsonElement>>(stream);
        world.Join();
        world.Run();
        stream.Status.Error!.Message.Should().Contain("jane.doe", "the program may know what it asked for");
        world.Log.Lines.Where(l => l.Contains("jane.doe", StringComparison.Ordinal)).Should().BeEmpty();
    }
}
