namespace Carbon.Realtime.IntegrationTests.EndToEnd;

public sealed class DisposalTests : IAsyncLifetime
{
    private LiveProject _project = null!;

    public async Task InitializeAsync() => _project = await LiveProject.StartAsync();

    public async Task DisposeAsync() => await _project.DisposeAsync();

    [Fact]
    public async Task A_disposed_manager_leaves_no_socket_and_completes_its_streams()
    {
        var stream = _project.Manager.Changes(Tables.SalesOrders);
        await _project.FollowAsync(stream);
        var completed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = stream.Subscribe(static _ => { }, completed.SetException, completed.SetResult);

        await _project.Manager.DisposeAsync();

        _project.Emulator.Connections.Should().BeEmpty("the close was answered");
        await completed.Task.WaitAsync(_project.Hang);
        stream.Status.State.Should().Be(RealtimeState.Closed);
        _project.Manager.Status.State.Should().Be(RealtimeState.Closed);
    }

    [Fact]
    public async Task A_manager_that_was_never_used_never_connected()
    {
        await _project.Manager.DisposeAsync();

        _project.Emulator.Connections.Should().BeEmpty();
        _project.Tokens.Asked.Should().BeEmpty();
    }

    [Fact]
    public async Task The_socket_closes_when_nobody_needs_it_and_opens_when_somebody_does()
    {
        _project.Connect(static o =>
        {
            o.Linger = TimeSpan.Zero;
            o.IdleTimeout = TimeSpan.Zero;
        });
        var stream = _project.Manager.Changes(Tables.SalesOrders);
        await stream.WhenLiveAsync(_project.Hang);

        await _project.StatusAsync(_project.Manager.StatusChanges, RealtimeState.Idle);

        var orders = await _project.FollowAsync(stream);
        _project.InsertOrder("so_1");
        (await orders.InsertAsync()).Key.Should().Be("so_1");
    }
}
