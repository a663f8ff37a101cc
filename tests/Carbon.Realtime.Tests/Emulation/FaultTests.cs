using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Joins, subscriptions, tokens, heartbeats and sockets that go wrong on request, and how all of it ends.</summary>
public sealed class FaultTests
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";
    private const string Heartbeat = """[null,"9","phoenix","heartbeat",{}]""";

    private readonly EmulatorWorld _world = new(new EmulatorTiming
    {
        SubscribeRetryDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(7)),
        IdleTimeout = TimeSpan.FromSeconds(60),
    });

    public FaultTests() => Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));

    public static TheoryData<string, string> Codes => new()
    {
        { nameof(EmulatorJoinFault.TooManyChannels), "ChannelRateLimitReached" },
        { nameof(EmulatorJoinFault.TooManyUsers), "ConnectionRateLimitReached" },
        { nameof(EmulatorJoinFault.Restarting), "RealtimeRestarting" },
        { nameof(EmulatorJoinFault.DatabaseUnavailable), "UnableToConnectToProject" },
        { nameof(EmulatorJoinFault.NoConnectionToSpare), "DatabaseLackOfConnections" },
        { nameof(EmulatorJoinFault.Initializing), "InitializingProjectConnection" },
        { nameof(EmulatorJoinFault.Crashed), "join crashed" },
    };

    private RealtimeEmulator Emulator => _world.Emulator;

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_join_fails_by_its_code_as_often_as_it_was_ordered(string fault, string code)
    {
        Emulator.Faults.FailJoins(1, (EmulatorJoinFault)typeof(EmulatorJoinFault).GetProperty(fault)!.GetValue(null)!);
        var (connection, peer) = _world.Open();

        Join(connection);
        peer.Take().Should().ContainSingle().Which.Should().StartWith($$"""["1","1","realtime:room","phx_reply",{"status":"error","response":{"reason":"{{code}}""");
        Join(connection);
        peer.Take().Should().HaveCount(2);
        connection.IsOpen.Should().BeTrue();
    }

    [Fact]
    public void Too_many_joins_close_the_socket_and_any_reason_can()
    {
        Emulator.Faults.FailJoins(1, EmulatorJoinFault.TooManyJoins);
        Emulator.Faults.FailJoins(1, EmulatorJoinFault.Of("TenantNotFound: Tenant not found").ThenClose(1001));
        foreach (var reason in (string[])["ClientJoinRateLimitReached", "TenantNotFound"])
        {
            var (connection, peer) = _world.Open();
            Join(connection);
            peer.Frames.Should().ContainSingle().Which.Should().Contain(reason);
            peer.Closed.Should().Be(((int?)1001, (string?)""));
        }
    }

    [Fact]
    public void A_join_may_stay_unanswered_on_a_socket_that_goes_on()
    {
        Emulator.Faults.FailJoins(1, EmulatorJoinFault.NoAnswer);
        var (connection, peer) = _world.Open();
        Join(connection);
        connection.Receive(Heartbeat);
        _world.World.RunUntilIdle();
        peer.Frames.Should().ContainSingle().Which.Should().Contain("phoenix");
        FluentActions.Invoking(() => EmulatorJoinFault.NoAnswer.ThenClose(1001)).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void A_subscription_fails_and_the_server_tries_again_by_itself()
    {
        Emulator.Faults.FailSubscriptions(2, EmulatorSubscriptionFault.Transient);
        var (connection, peer) = _world.Open();
        Join(connection);
        peer.Take()[^1].Should().Contain("IncreaseSubscriptionConnectionPool").And.Contain("\"error\"");
        _world.World.Advance(TimeSpan.FromSeconds(7));
        peer.Take().Should().ContainSingle().Which.Should().Contain("IncreaseSubscriptionConnectionPool");
        _world.World.Advance(TimeSpan.FromSeconds(6.9));
        peer.Frames.Should().BeEmpty();
        _world.World.Advance(TimeSpan.FromSeconds(0.1));
        peer.Take().Should().ContainSingle().Which.Should().Contain("Subscribed to PostgreSQL");
    }

    [Fact]
    public void A_fault_for_a_table_that_does_not_exist_is_refused_with_those_that_do()
    {
        Emulator.CreateTable("items", static t => t.Column("id", "text"), "app");
        Emulator.CreateView("seen", static v => v.Column("id", "text").Rows(static _ => []));
        var faults = Emulator.Faults;

        FluentActions.Invoking(() => faults.FailReads(1, "parts", EmulatorReadFault.Unreachable)).Should().Throw<ArgumentException>()
            .WithMessage("There is no table or view parts: create it first. There are *items, *seen. (Parameter 'table')");
        FluentActions.Invoking(() => faults.FailReads(1, "app.items", EmulatorReadFault.Unreachable)).Should().Throw<ArgumentException>("an address names no schema");
        FluentActions.Invoking(() => faults.FailSubscriptions(1, "seen", EmulatorSubscriptionFault.Refused)).Should().Throw<ArgumentException>("no view can be subscribed to")
            .WithMessage("There is no table seen*");
        foreach (var table in (string[])["items", "seen"])
        {
            faults.FailReads(1, table, EmulatorReadFault.Unreachable);
        }

        faults.FailSubscriptions(1, "items", EmulatorSubscriptionFault.Refused);
        faults.FailSubscriptions(1, "*", EmulatorSubscriptionFault.Refused);
    }

    [Fact]
    public void A_binding_is_refused_in_the_servers_words_and_only_where_its_table_is_asked_for()
    {
        Emulator.CreateTable("other", static t => t.Column("id", "text").PrimaryKey("id"));
        Emulator.Faults.FailSubscriptions(1, "other", EmulatorSubscriptionFault.Refused);
        _world.Join(Item);
        var (connection, peer) = _world.Open();
        var both = Item + ",{\"event\":\"*\",\"schema\":\"public\",\"table\":\"other\"}";
        connection.Receive(EmulatorWorld.JoinFrame(both));
        _world.World.Advance(TimeSpan.FromSeconds(30));
        peer.Take().Should().HaveCount(2, "the server does not try again").And.Subject.Last().Should().Contain("table: other, filters: []");

        connection.Receive(EmulatorWorld.JoinFrame(both));
        _world.World.RunUntilIdle();
        peer.Frames[^1].Should().Contain("Subscribed to PostgreSQL");
    }

    [Fact]
    public async Task Tokens_expire_now_for_channels_joins_and_reads_and_the_api_key_does_not()
    {
        var token = Emulator.IssueToken("u1");
        var (connection, peer) = _world.Join(Item, token);
        var (_, anonymous) = _world.Join(Item);

        Emulator.Faults.ExpireTokens();
        _world.World.RunUntilIdle();
        peer.Take().Should().HaveCount(2).And.Subject.First().Should().Contain("Token has expired 0 seconds ago");
        anonymous.Take()[^1].Should().Contain("phx_close");
        connection.Receive(EmulatorWorld.JoinFrame(Item, token));
        _world.World.RunUntilIdle();
        peer.Take().Should().ContainSingle().Which.Should().Contain("InvalidJWTToken: Token has expired 0 seconds ago");
        (await ReadAsync(token)).Should().Be((401, "PGRST303"));

        connection.Receive(EmulatorWorld.JoinFrame(Item, Emulator.IssueToken("u2")));
        _world.World.RunUntilIdle();
        peer.Take().Should().HaveCount(2, "another token is good");
        Emulator.Faults.HealAll();
        (await ReadAsync(token)).Should().Be((200, null));
    }

    [Fact]
    public void Heartbeats_stay_unanswered_as_often_as_it_was_ordered()
    {
        var (connection, peer) = _world.Open();
        Emulator.Faults.IgnoreHeartbeats(1);
        connection.Receive(Heartbeat);
        connection.Receive(Heartbeat);
        _world.World.RunUntilIdle();
        peer.Take().Should().HaveCount(1);
    }

    [Fact]
    public void Nothing_passes_a_half_open_socket_and_the_client_does_not_hear_of_its_end()
    {
        var (connection, peer) = _world.Join(Item);
        var (_, other) = _world.Join(Item, topic: "realtime:other");
        Emulator.Faults.HalfOpen(connection);
        connection.IsHalfOpen.Should().BeTrue();

        connection.Receive(Heartbeat);
        Emulator.Insert("item", """{"id":"1"}""");
        _world.World.RunUntilIdle();
        peer.Frames.Should().BeEmpty();
        other.Take().Should().HaveCount(1);
        connection.ReceivePing();
        _world.World.Advance(TimeSpan.FromSeconds(61));
        connection.IsOpen.Should().BeFalse("the server hears nothing either, and gives it up");
        peer.Closed.Should().BeNull();
        peer.Broken.Should().BeFalse();

        Emulator.Faults.HealAll();
        _world.World.RunUntilIdle();
        peer.Broken.Should().BeTrue("a network that is back answers with a reset");
    }

    [Fact]
    public void What_was_under_way_is_lost_with_a_half_open_socket_and_nothing_the_client_sends_keeps_it()
    {
        var (connection, peer) = _world.Join(Item);
        connection.Receive(Heartbeat);
        Emulator.Faults.HalfOpen();

        _world.World.Advance(TimeSpan.FromSeconds(30));
        connection.Receive(Heartbeat);
        connection.ReceivePing();
        _world.World.Advance(TimeSpan.FromSeconds(30));

        peer.Frames.Should().BeEmpty("the answer had not left the server");
        connection.IsOpen.Should().BeFalse();
        connection.ReceivedFrames.Should().HaveCount(2, "the second heartbeat never came");
    }

    [Fact]
    public void A_slot_that_cannot_be_created_loses_everything_until_it_is_healed()
    {
        Emulator.Faults.LoseSlot(Timeout.InfiniteTimeSpan);
        var (_, peer) = _world.Join(Item);
        Emulator.Insert("item", """{"id":"1"}""");
        _world.World.Advance(TimeSpan.FromSeconds(50));
        Emulator.Faults.HealAll();
        Emulator.Insert("item", """{"id":"2"}""");
        _world.Changes(peer).Should().Equal("""INSERT item {"id":"2"}""");
    }

    [Fact]
    public async Task Everything_is_healed_at_once()
    {
        var faults = Emulator.Faults;
        var (connection, peer) = _world.Join(Item);
        faults.Stream = new StreamFaults { Drop = 1 };
        faults.Wire = new WireFaults { Cut = 1 };
        faults.Reads = new ReadFaults { Fail = 1 };
        faults.FailReads(int.MaxValue, EmulatorReadFault.DatabaseUnavailable);
        faults.FailJoins(int.MaxValue, EmulatorJoinFault.Restarting);
        faults.FailSubscriptions(int.MaxValue, EmulatorSubscriptionFault.Transient);
        faults.IgnoreHeartbeats(int.MaxValue);
        faults.DropChanges(1000);
        faults.DropChanges(1000, connection);
        (faults.MaxRows, faults.ReplicaLag, faults.HoldReads, faults.ChangesPerSecond) = (1, TimeSpan.FromHours(1), true, 0);
        Emulator.HoldSystemOk = true;
        Emulator.RefuseConnects(500, "");

        faults.HealAll();
        _world.World.RunUntilIdle();
        faults.Should().BeEquivalentTo(new { MaxRows = (int?)null, ReplicaLag = (TimeSpan?)null, HoldReads = false, ChangesPerSecond = (int?)null });
        (faults.Stream is null, faults.Wire is null, faults.Reads is null, Emulator.HoldSystemOk).Should().Be((true, true, true, false));
        peer.Take();
        Emulator.Insert("item", """{"id":"1"}""");
        _world.Changes(peer).Should().HaveCount(1);
        connection.Receive(Heartbeat);
        _world.World.RunUntilIdle();
        peer.Take().Should().HaveCount(1);
        _world.Join(Item);
        (await ReadAsync(Emulator.ServiceKey)).Should().Be((200, null));
    }

    private async Task<(int Status, string? Code)> ReadAsync(string token)
    {
        using var http = new HttpMessageInvoker(Emulator.CreateHttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://db.test/rest/v1/item"));
        request.Headers.Add("apikey", Emulator.AnonKey);
        request.Headers.Add("Authorization", $"Bearer {token}");
        var sending = http.SendAsync(request, default);
        await _world.World.RunAsync(sending);
        using var response = await sending;
        var body = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, body.StartsWith('{') ? System.Text.Json.Nodes.JsonNode.Parse(body)!["code"]!.ToString() : null);
    }

    private void Join(EmulatorConnection connection)
    {
        connection.Receive(EmulatorWorld.JoinFrame(Item));
        _world.World.RunUntilIdle();
    }
}
