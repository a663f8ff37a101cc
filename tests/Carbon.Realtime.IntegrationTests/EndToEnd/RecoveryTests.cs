namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>Whatever ends a channel or a socket: the stream goes on, with a gap where it was.</summary>
public sealed class RecoveryTests : IAsyncLifetime
{
    private LiveProject _project = null!;

    public async Task InitializeAsync() => _project = await LiveProject.StartAsync();

    public async Task DisposeAsync() => await _project.DisposeAsync();

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1012)]
    public Task A_socket_that_the_server_closes_is_opened_again(int code) => GoesOnAfterAsync(() => _project.Emulator.DropConnections(code));

    [Fact]
    public Task A_socket_that_breaks_is_opened_again() => GoesOnAfterAsync(_project.Emulator.BreakConnections);

    [Fact]
    public Task A_channel_that_crashes_is_joined_again() => GoesOnAfterAsync(_project.Emulator.CrashChannels);

    [Fact]
    public Task A_channel_that_the_server_ends_is_joined_again() =>
        GoesOnAfterAsync(() => _project.Emulator.CloseChannels("Too many messages per second"));

    [Fact]
    public Task A_server_that_subscribes_anew_by_itself_may_have_lost_something() =>
        GoesOnAfterAsync(_project.Emulator.RepeatSubscribed, GapReason.Resubscribed);

    [Fact]
    public async Task A_server_that_was_away_is_found_again()
    {
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));

        await _project.RestartHostAsync();
        await orders.GapAsync(GapReason.Rejoined);
        _project.InsertOrder("so_1");

        (await orders.InsertAsync()).Key.Should().Be("so_1");
    }

    [Fact]
    public async Task While_connects_are_refused_the_status_says_why()
    {
        var stream = _project.Manager.Changes(Tables.SalesOrders);
        var orders = await _project.FollowAsync(stream);

        _project.Emulator.RefuseConnects(503, "");
        _project.Emulator.DropConnections();
        var status = await RefusedAsync();

        status.Error!.IsTransient.Should().BeTrue();
        status.NextRetry.Should().NotBeNull();
        _project.Emulator.AcceptConnects();
        await orders.GapAsync(GapReason.Rejoined);
        stream.Status.State.Should().Be(RealtimeState.Live);

        async Task<RealtimeStatus> RefusedAsync()
        {
            await foreach (var next in StatusesAsync(stream.StatusChanges))
            {
                if (next is { State: RealtimeState.Recovering, Error.Reason: RealtimeErrorReason.ServerUnavailable })
                {
                    return next;
                }
            }

            throw new InvalidOperationException("The statuses ended.");
        }
    }

    private async IAsyncEnumerable<RealtimeStatus> StatusesAsync(IObservable<RealtimeStatus> statuses)
    {
        var arrived = System.Threading.Channels.Channel.CreateUnbounded<RealtimeStatus>();
        using var subscription = statuses.Subscribe(status => arrived.Writer.TryWrite(status));
        await foreach (var status in arrived.Reader.ReadAllAsync(_project.Hang))
        {
            yield return status;
        }
    }

    private async Task GoesOnAfterAsync(Action fault, GapReason reason = GapReason.Rejoined)
    {
        var orders = await _project.FollowAsync(_project.Manager.Changes(Tables.SalesOrders));
        _project.InsertOrder("so_1");
        await orders.InsertAsync();

        fault();
        await orders.GapAsync(reason);
        _project.InsertOrder("so_2");

        (await orders.InsertAsync()).Key.Should().Be("so_2");
    }
}
