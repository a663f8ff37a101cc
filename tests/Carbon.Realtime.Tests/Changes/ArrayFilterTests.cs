using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>A filter on an array column would silence every client of the project: it ends at the first sight of the column's type, whoever sees it.</summary>
public sealed class ArrayFilterTests
{
    private const string Columns = "id text, tags _text, companyId text";
    private const string Row = """{"id":"a","tags":["x"],"companyId":"co_1"}""";

    private static readonly RealtimeTable<JsonElement, JsonElement> Jobs = RealtimeTable.Untyped("job");

    private readonly World _world = new();

    [Fact]
    public void A_stream_that_filters_on_an_array_ends_at_the_first_sight_of_its_type()
    {
        var stream = _world.Manager.Changes(Jobs.Where("tags=eq.\"{x}\""));
        using var seen = Watch(stream);
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        var join = _world.Socket.Join();
        _world.Socket.Raw(join, "job", "INSERT", Columns, Row);
        _world.Run();

        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)");
        var error = seen.Error.Should().BeOfType<RealtimeException>().Subject;
        error.Reason.Should().Be(RealtimeErrorReason.UnsafeFilter);
        error.IsTransient.Should().BeFalse();
        error.Message.Should().Contain("'tags'").And.Contain("public.job").And.Contain("every client of the project");
        (stream.Status.State, stream.Status.Error).Should().Be((RealtimeState.Closed, error));
        statuses.Items[^1].State.Should().Be(RealtimeState.Closed);
        _world.Socket.Frames("phx_leave").Select(f => f.Topic).Should().Equal([join.Topic], "it is unsubscribed at once");
        _world.Log.Lines.Should().Contain(l => l.StartsWith("Error") && l.Contains("'tags'"));
        seen.AssertContract();
    }

    [Fact]
    public void Whoever_sees_the_type_first_all_streams_that_filter_on_it_end_and_no_others()
    {
        using var unfiltered = Watch(_world.Manager.Changes(Jobs));
        using var other = Watch(_world.Manager.Changes(Jobs.Where("companyId=eq.co_1")));
        using var bad = Watch(_world.Manager.Changes(Jobs.Where("id=eq.z,tags=is.null")));
        using var tenants = Watch(_world.Manager.Changes(Jobs.TenantScoped("tags")));
        using var elsewhere = Watch(_world.Manager.Changes(RealtimeTable.Untyped("part").Where("tags=eq.x")));
        using var otherSchema = Watch(_world.Manager.Changes(Jobs.InSchema("app").Where("tags=eq.x")));
        var idle = _world.Manager.Changes(Jobs.Where("tags=eq.y"));
        _world.Socket.Raw(_world.Socket.Join(0), "job", "INSERT", Columns, Row);
        _world.Run();

        new[] { bad.Error, tenants.Error }.Should().AllBeOfType<RealtimeException>().And.OnlyContain(e => ((RealtimeException)e!).Reason == RealtimeErrorReason.UnsafeFilter);
        idle.Status.State.Should().Be(RealtimeState.Closed, "it must not be subscribed any more");
        idle.Invoking(s => s.WhenLiveAsync()).Should().ThrowAsync<RealtimeException>();
        new[] { unfiltered.Error, other.Error, elsewhere.Error, otherSchema.Error }.Should().AllSatisfy(e => e.Should().BeNull());
        unfiltered.Items.Should().HaveCount(2);
    }

    [Fact]
    public void Once_seen_a_filter_on_an_array_is_refused_before_it_is_sent()
    {
        using var unfiltered = Watch(_world.Manager.Changes(Jobs));
        _world.Manager.Changes(Jobs.Where("tags=eq.x")).Status.State.Should().Be(RealtimeState.Idle, "nobody knows yet");
        _world.Socket.Raw(_world.Socket.Join(), "job", "INSERT", Columns, Row);
        _world.Run();
        var joins = _world.Socket.Frames("phx_join").Count;

        foreach (var table in new[] { Jobs.Where("tags=eq.x"), Jobs.TenantScoped("tags"), Jobs.Where("id=eq.1").Where("tags=is.null") })
        {
            _world.Manager.Invoking(m => m.Changes(table)).Should().Throw<RealtimeException>().Which.Reason.Should().Be(RealtimeErrorReason.UnsafeFilter);
        }

        _world.Manager.Changes(Jobs.Where("id=eq.x")).Should().NotBeNull();
        _world.Advance(1);
        _world.Socket.Frames("phx_join").Should().HaveCount(joins);
    }

    [Fact]
    public void A_column_that_is_no_array_any_more_can_be_filtered_on_again_and_one_that_another_role_does_not_see_is_remembered()
    {
        using var unfiltered = Watch(_world.Manager.Changes(Jobs));
        _world.Socket.Raw(_world.Socket.Join(), "job", "INSERT", Columns, Row);
        _world.Socket.Raw(_world.Socket.Join(), "job", "INSERT", "id text", """{"id":"b"}""");
        _world.Run();
        _world.Manager.Invoking(m => m.Changes(Jobs.Where("tags=eq.x"))).Should().Throw<RealtimeException>();
        _world.Socket.Raw(_world.Socket.Join(), "job", "INSERT", "id text, tags text", """{"id":"c","tags":"x"}""");
        _world.Run();
        _world.Manager.Changes(Jobs.Where("tags=eq.x")).Should().NotBeNull();
    }

    [Fact]
    public void A_typed_stream_whose_row_does_not_map_the_array_ends_too()
    {
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(_world.Manager.Changes(Shop.SalesOrders.Where("tags=eq.x")));
        _world.Join();
        _world.Socket.Raw(
            _world.Socket.Join(), "salesOrder", "INSERT", "id text, companyId text, status text, tags _text", """{"id":"a","companyId":"co_1","status":"s","tags":["x"]}""");
        _world.Run();
        seen.Error.Should().BeOfType<RealtimeException>().Which.Reason.Should().Be(RealtimeErrorReason.UnsafeFilter);
        seen.Items.Should().HaveCount(1);
    }

    [Fact]
    public void What_was_gathered_before_the_end_still_comes()
    {
        using var seen = Watch(_world.Manager.Changes(Jobs.Where("tags=eq.x")));
        _world.Socket.Raw(_world.Socket.Join(), "job", "INSERT", "id text, tags text", """{"id":"a","tags":"x"}""");
        _world.Socket.Raw(_world.Socket.Join(), "job", "INSERT", Columns, Row);
        _world.Socket.Raw(_world.Socket.Join(), "job", "INSERT", Columns, Row);
        _world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted a");
        seen.Error.Should().NotBeNull();
        seen.AssertContract();
    }

    private StreamRecorder<TableChange<JsonElement, JsonElement>> Watch(IChangeStream<JsonElement, JsonElement> stream)
    {
        var seen = new StreamRecorder<TableChange<JsonElement, JsonElement>>(stream);
        _world.Join();
        return seen;
    }
}
