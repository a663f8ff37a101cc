using System.Diagnostics;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Observability;

/// <summary>docs/observability.md, "Activities".</summary>
public sealed class ActivityTests
{
    private readonly FakeTokens _tokens = new();

    [Fact]
    public void Connect_join_and_token_question_are_activities_with_the_times_they_took()
    {
        const string Name = "activities";
        using var traces = new RecordingTraces(Name);
        var world = new World(tokens: _tokens, name: Name) { AutoSubscribed = false };
        using var seen = Watch(world);
        world.Join();
        var joined = world.Env.Time.GetUtcNow();
        world.Advance(2);
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        traces.Stopped.Select(a => $"{a.OperationName} {a.Kind}").Should().Equal(
            "carbon.realtime.connect Client", "carbon.realtime.token Internal", "carbon.realtime.join Client");
        traces.Stopped.Select(Text).Should().Equal(
            "carbon.realtime.manager=activities server.address=127.0.0.1 server.port=54321 carbon.realtime.attempt=1 carbon.realtime.outcome=ok",
            "carbon.realtime.manager=activities carbon.realtime.token.reason=connect carbon.realtime.outcome=none",
            $"carbon.realtime.manager=activities server.address=127.0.0.1 server.port=54321 carbon.realtime.topic={world.Socket.Join().Topic} carbon.realtime.bindings=1 carbon.realtime.outcome=ok");
        var join = traces.Stopped[^1];
        join.StartTimeUtc.Should().Be(joined.UtcDateTime);
        join.Duration.Should().Be(TimeSpan.FromSeconds(2));
        join.Status.Should().Be(ActivityStatusCode.Unset);
    }

    [Fact]
    public void Every_activity_is_a_root_and_the_callers_own_is_left_alone()
    {
        const string Name = "roots";
        using var traces = new RecordingTraces(Name);
        var world = new World(tokens: _tokens, name: Name);
        var during = new List<string?>();
        _tokens.Answer = (_, _) =>
        {
            during.Add(Activity.Current?.OperationName);
            return ValueTask.FromResult<string?>(null);
        };
        var inside = new List<Activity?>();
        using var ambient = new Activity("a page").Start();
        using var seen = world.Manager.Changes(Shop.SalesOrders).Subscribe(_ => inside.Add(Activity.Current));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "salesOrder", """{"id":"so_1","companyId":"co_1","status":"new"}""");
        world.Socket.Break();
        world.Advance(2);
        traces.Stopped.Should().HaveCount(6).And.OnlyContain(a => a.ParentId == null && a.TraceId != ambient.TraceId);
        traces.Stopped.Select(a => a.TraceId).Should().OnlyHaveUniqueItems();
        Activity.Current.Should().BeSameAs(ambient);
        during.Should().Equal(["carbon.realtime.token", "carbon.realtime.token"], "what the provider does shows beneath the question");
        inside.Should().HaveCount(3).And.OnlyContain(a => a == ambient, "observers run where the scheduler runs them, within nothing of ours");
    }

    [Fact]
    public void A_failure_is_an_error_with_its_reason_and_without_the_servers_words()
    {
        const string Name = "failures";
        using var traces = new RecordingTraces(Name);
        var world = new World(tokens: _tokens, name: Name) { AutoSubscribed = false };
        world.Server.RefuseNext(401, """{"error":"the server's words"}""");
        _tokens.Answer = (_, _) => throw new InvalidOperationException("the provider's words");
        using var seen = Watch(world);
        world.Run();
        _tokens.Answer = null;
        world.Advance(70);
        world.Socket.System(world.Socket.Join(), "postgres_changes", "error", "Unable to subscribe to changes with given parameters. filter: companyId=eq.co_1");
        world.Run();
        var failed = traces.Stopped.Where(a => a.Status == ActivityStatusCode.Error).ToList();
        failed.Select(a => $"{a.OperationName} {a.StatusDescription}").Should().Equal(
            "carbon.realtime.connect invalid_api_key", "carbon.realtime.token token_provider_failed", "carbon.realtime.join subscription_refused");
        failed.Should().OnlyContain(a => (string?)a.GetTagItem("error.type") == a.StatusDescription && (string?)a.GetTagItem("carbon.realtime.outcome") == "failed");
        traces.Stopped.Select(Text).Should().NotContain(t => t.Contains("words") || t.Contains("co_1") || t.Contains("filter"));
    }

    [Fact]
    public async Task Disposal_ends_what_is_open()
    {
        const string Name = "disposal";
        using var traces = new RecordingTraces(Name);
        var world = new World(tokens: _tokens, name: Name) { AutoSubscribed = false };
        var hanging = new World(name: Name);
        hanging.Server.HangNext();
        using var seen = Watch(world);
        using var waiting = Watch(hanging);
        world.Join();
        hanging.Join();
        traces.Of("carbon.realtime.join").Should().BeEmpty();
        traces.Of("carbon.realtime.connect").Should().HaveCount(1);
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        await hanging.Env.RunAsync(hanging.Manager.DisposeAsync().AsTask());
        traces.Of("carbon.realtime.join").Should().ContainSingle().Which.GetTagItem("carbon.realtime.outcome").Should().Be("abandoned");
        traces.Of("carbon.realtime.connect").Select(a => a.GetTagItem("carbon.realtime.outcome")).Should().Equal("ok", "abandoned");
        traces.Stopped.Should().OnlyContain(a => a.Status == ActivityStatusCode.Unset);
    }

    [Fact]
    public void A_sampler_that_wants_none_costs_nothing_but_the_activities()
    {
        const string Name = "sampled-out";
        using var traces = new RecordingTraces(Name, ActivitySamplingResult.None);
        var world = new World(tokens: _tokens, name: Name);
        using var ambient = new Activity("a page").Start();
        using var seen = Watch(world);
        world.Join();
        seen.Items.Should().ContainSingle();
        traces.Stopped.Should().BeEmpty();
        Activity.Current.Should().BeSameAs(ambient);
    }

    [Fact]
    public void An_activity_whose_listener_throws_is_nobodys_activity_afterwards()
    {
        const string Name = "left-behind";
        using var traces = new RecordingTraces(Name, hook: static _ => throw new InvalidOperationException("no exporter"));
        var world = new World(tokens: _tokens, name: Name);
        var during = new List<Activity?>();
        world.Server.Opened += socket => socket.OnSent += _ => during.Add(Activity.Current);
        using var seen = Watch(world);
        world.Advance(60);
        traces.Of("carbon.realtime.connect").Should().ContainSingle();
        during.Should().HaveCountGreaterThan(2).And.OnlyContain(static a => a == null, "the loop goes on without it");
    }

    private static StreamRecorder<TableChange<string, SalesOrder>> Watch(World world) => new(world.Manager.Changes(Shop.SalesOrders));

    private static string Text(Activity activity) => string.Join(' ', activity.TagObjects.Select(t => $"{t.Key}={t.Value}"));
}
