using Microsoft.Extensions.DependencyInjection;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

public sealed class ChangeTests : IAsyncLifetime
{
    private LiveProject _project = null!;

    public async Task InitializeAsync() => _project = await LiveProject.StartAsync();

    public async Task DisposeAsync() => await _project.DisposeAsync();

    [Theory]
    [InlineData(ProtocolVersion.V1)]
    [InlineData(ProtocolVersion.V2)]
    public async Task A_subscriber_is_told_of_the_gap_before_it_and_of_every_change_after_it(ProtocolVersion version)
    {
        _project.InsertOrder("so_0");
        _project.Connect(o => o.ProtocolVersion = version);
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));

        _project.InsertOrder("so_1", total: 123456789012345.6789m);
        var inserted = await orders.InsertAsync();
        inserted.Key.Should().Be("so_1");
        inserted.Row.Should().Be(new SalesOrder("so_1", "co_1", "SO so_1", "draft", 123456789012345.6789m));
        inserted.CommittedAt.Should().NotBeNull();

        _project.Emulator.Update("salesOrder", "so_1", """{"status":"released"}""");
        var updated = await orders.UpdateAsync();
        updated.Key.Should().Be("so_1");
        updated.Row.Status.Should().Be("released");

        _project.Emulator.Delete("salesOrder", "so_1");
        var deleted = await orders.DeleteAsync();
        deleted.Key.Should().Be("so_1");
        deleted.HasOldRow.Should().BeFalse("row level security hides it");
        deleted.IsVerified.Should().BeTrue();
    }

    [Fact]
    public async Task Rows_that_the_token_may_not_see_never_arrive()
    {
        _project.Tokens.Answer = _ => _project.TokenFor("co_2");
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders.AllTenants()));

        _project.InsertOrder("so_1", "co_1");
        _project.InsertOrder("so_2", "co_2");

        (await orders.InsertAsync()).Key.Should().Be("so_2");
    }

    [Fact]
    public async Task Rows_of_another_tenant_never_arrive_although_the_token_may_see_them()
    {
        _project.Tokens.Answer = _ => _project.TokenFor("co_1", "co_2");
        await using var other = _project.Manager.ForTenant("co_2");
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));
        var witness = await _project.FollowAsync(other.Changes(Tables.SalesOrders));

        // Each is waited for: row level security hides an insert whose row is gone when the server looks.
        _project.InsertOrder("so_2", "co_2");
        await witness.InsertAsync();
        _project.Emulator.Update("salesOrder", "so_2", """{"status":"released"}""");
        await witness.UpdateAsync();
        _project.Emulator.Delete("salesOrder", "so_2");
        await witness.DeleteAsync();
        _project.InsertOrder("so_1", "co_1");

        (await orders.InsertAsync()).Key.Should().Be("so_1");
    }

    [Fact]
    public async Task Two_tenants_live_side_by_side_on_one_socket()
    {
        await using var other = _project.Manager.ForTenant("co_2", new SteeredTokens(_project.TokenOf("user_2", "co_2")));
        var mine = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));
        var theirs = await _project.FollowAsync(other.Changes(Tables.SalesOrders));

        _project.InsertOrder("so_2", "co_2");
        _project.InsertOrder("so_1", "co_1");

        (await mine.InsertAsync()).Key.Should().Be("so_1");
        (await theirs.InsertAsync()).Key.Should().Be("so_2");
        _project.Emulator.Connections.Should().ContainSingle();
    }

    [Fact]
    public async Task A_filter_is_the_servers_work()
    {
        var released = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders.Where("status=eq.released")));

        _project.InsertOrder("so_1", status: "draft");
        _project.InsertOrder("so_2", status: "released");
        _project.Emulator.Update("salesOrder", "so_1", """{"status":"released"}""");

        (await released.InsertAsync()).Key.Should().Be("so_2");
        (await released.UpdateAsync()).Key.Should().Be("so_1", "a row that comes to match arrives as an update");
    }

    [Fact]
    public async Task A_delete_that_the_server_cannot_match_comes_only_where_it_was_asked_for()
    {
        var careful = await _project.FollowAsync(_project.Manager.Changes(Tables.Notes));
        var eager = await _project.FollowAsync(_project.Manager.Changes(Tables.Notes, new ChangeStreamOptions { KeyOnlyDeletes = true }));
        _project.InsertNote(1, "co_1", "ours");
        await careful.InsertAsync();
        await eager.InsertAsync();

        _project.Emulator.Delete("note", 1);
        _project.InsertNote(2, "co_1", "later");

        var deleted = await eager.DeleteAsync();
        deleted.Key.Should().Be(1);
        deleted.IsVerified.Should().BeFalse();
        (await eager.InsertAsync()).Key.Should().Be(2);
        (await careful.InsertAsync()).Key.Should().Be(2);
    }

    [Fact]
    public async Task A_key_of_two_columns_is_a_tuple()
    {
        var employees = await _project.FollowAsync(_project.Manager.Changes(Tables.Employees));

        _project.Emulator.Insert("employee", """{"id":"user_7","companyId":"co_1","name":"Zoë \"Z\" Łukasz","active":false}""");

        var inserted = await employees.InsertAsync();
        inserted.Key.Should().Be(("user_7", "co_1"));
        inserted.Row.Should().Be(new Employee("user_7", "co_1", "Zoë \"Z\" Łukasz", false));
    }

    [Fact]
    public async Task An_untyped_table_brings_every_column_as_it_was_sent()
    {
        _project.Connect(static o => o.TenantColumn = "companyId");
        var notes = await _project.FollowAsync(_project.Manager.Changes("note"));

        _project.InsertNote(1, "co_2", "theirs");
        _project.InsertNote(2, "co_1", "ours");

        var inserted = await notes.InsertAsync();
        inserted.Key.GetInt64().Should().Be(2);
        inserted.Row.GetProperty("text").GetString().Should().Be("ours");
    }

    [Fact]
    public async Task Streams_that_begin_together_share_a_channel_and_equal_ones_a_subscription()
    {
        var orders = _project.Manager.Changes(Tables.SalesOrders);
        await Task.WhenAll(
            _project.FollowAsync(orders),
            _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders)),
            _project.FollowAsync(_project.Manager.Changes(Tables.Employees)),
            _project.FollowAsync(_project.Manager.Changes(Tables.Notes)));

        _project.Emulator.Connections.Should().ContainSingle().Which.Topics.Should().ContainSingle();
        _project.Sent("phx_join").Should().ContainSingle()
            .Which[4]!["config"]!["postgres_changes"]!.AsArray().Should().HaveCount(3);
        orders.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public async Task A_burst_arrives_whole_and_in_order()
    {
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));

        for (var i = 0; i < 2000; i++)
        {
            _project.InsertOrder($"so_{i}");
        }

        for (var i = 0; i < 2000; i++)
        {
            (await orders.InsertAsync()).Key.Should().Be($"so_{i}");
        }
    }

    [Fact]
    public async Task Changes_can_be_pulled()
    {
        await foreach (var change in _project.Manager.Changes(Tables.SalesOrders).ReadAllAsync(_project.Hang))
        {
            if (change is Gap<string, SalesOrder>)
            {
                _project.InsertOrder("so_1");
                continue;
            }

            change.Should().BeOfType<Inserted<string, SalesOrder>>().Which.Key.Should().Be("so_1");
            break;
        }
    }

    [Fact]
    public async Task The_same_comes_out_of_a_container()
    {
        var services = new ServiceCollection();
        services.AddCarbonRealtime(options =>
        {
            options.Url = _project.Host.Url;
            options.ApiKey = _project.Emulator.AnonKey;
            options.Tenant = "co_1";
        });
        await using var provider = services.BuildServiceProvider();
        var notes = await _project.FollowAsync(provider.GetRequiredService<IRealtimeChannelManager>().Changes(Tables.Notes));

        _project.InsertNote(1, "co_1", "ours");

        (await notes.InsertAsync()).Row.Text.Should().Be("ours");
    }
}
