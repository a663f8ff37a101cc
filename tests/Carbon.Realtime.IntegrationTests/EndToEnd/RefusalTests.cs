using System.Text.Json.Nodes;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>What only a person can mend: said at once, with the server's words, and never with a secret.</summary>
public sealed class RefusalTests : IAsyncLifetime
{
    private LiveProject _project = null!;

    public async Task InitializeAsync() => _project = await LiveProject.StartAsync();

    public async Task DisposeAsync() => await _project.DisposeAsync();

    [Fact]
    public async Task A_wrong_API_key()
    {
        var key = _project.Emulator.Tokens.Sign(new JsonObject { ["role"] = "anon", ["exp"] = 4_000_000_000 }, secret: "another project's secret");
        _project.Connect(o => o.ApiKey = key);

        var error = await RefusedAsync(_project.Manager.Changes(Tables.SalesOrders), RealtimeErrorReason.InvalidApiKey);

        error.ToString().Should().NotContain(key);
        (await _project.StatusAsync(_project.Manager.StatusChanges, RealtimeState.Faulted)).Error.Should().BeSameAs(error);
    }

    [Theory]
    [InlineData(404, """{"error":"Tenant not found"}""", RealtimeErrorReason.ProjectNotFound)]
    [InlineData(403, """{"error":"Realtime is disabled"}""", RealtimeErrorReason.ProjectDisabled)]
    public async Task A_project_that_is_not_there(int status, string body, RealtimeErrorReason reason)
    {
        _project.Emulator.RefuseConnects(status, body);

        await RefusedAsync(_project.Manager.Changes(Tables.SalesOrders), reason);
    }

    [Fact]
    public async Task A_table_that_is_not_published()
    {
        _project.Emulator.SetPublished("salesOrder", false);

        var error = await RefusedAsync(_project.Manager.Changes(Tables.SalesOrders), RealtimeErrorReason.SubscriptionRefused);

        error.Message.Should().Contain("Please check Realtime is enabled for the given connect parameters").And.Contain("table: salesOrder");
    }

    [Fact]
    public async Task A_filter_on_a_column_that_is_not_there()
    {
        var error = await RefusedAsync(
            _project.Manager.Changes(Tables.SalesOrders.Where("colour=eq.red")), RealtimeErrorReason.SubscriptionRefused);

        error.Message.Should().Contain("invalid column for filter colour");
    }

    [Fact]
    public async Task One_refused_table_does_not_silence_the_others_of_its_channel()
    {
        _project.Emulator.SetPublished("salesOrder", false);
        var following = _project.FollowAsync(_project.Manager.Changes(Tables.Notes));

        await RefusedAsync(_project.Manager.Changes(Tables.SalesOrders), RealtimeErrorReason.SubscriptionRefused);

        var notes = await following;
        _project.InsertNote(1, "co_1", "still here");
        (await notes.InsertAsync()).Key.Should().Be(1);
    }

    [Fact]
    public async Task A_token_of_another_project()
    {
        var token = _project.Emulator.Tokens.Sign(
            new JsonObject { ["role"] = "authenticated", ["sub"] = "user_1", ["exp"] = 4_000_000_000 }, secret: "another project's secret");
        _project.Tokens.Answer = _ => token;

        var error = await RefusedAsync(_project.Manager.Changes(Tables.SalesOrders), RealtimeErrorReason.TokenRejected);

        error.ToString().Should().NotContain(token);
        _project.Tokens.Asked.Should().Contain(AccessTokenReason.Rejected, "a fresh one might have done");
    }

    [Fact]
    public void No_tenant()
    {
        _project.Connect(static o => o.Tenant = null);

        _project.Manager.Invoking(static m => m.Changes(Tables.SalesOrders)).Should().Throw<InvalidOperationException>().WithMessage("*tenant*");
    }

    private async Task<RealtimeException> RefusedAsync(IChangeStream<string, SalesOrder> stream, RealtimeErrorReason reason)
    {
        var error = (await stream.Awaiting(s => s.WhenLiveAsync(_project.Hang)).Should().ThrowAsync<RealtimeException>()).Which;
        error.Reason.Should().Be(reason);
        error.IsTransient.Should().BeFalse();
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        return error;
    }
}
