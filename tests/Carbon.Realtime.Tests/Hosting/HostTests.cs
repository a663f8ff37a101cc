using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.DependencyInjection;

namespace Carbon.Realtime.Tests.Hosting;

/// <summary>Where the library runs: browsers, private-only projects, behind gateways that want headers, several managers in one process.</summary>
public sealed class HostTests
{
    [Fact]
    public void In_a_browser_headers_are_refused_before_anything_is_dialled()
    {
        var options = Options();
        options.ApiKeyPlacement = ApiKeyPlacement.Headers;
        options.Headers["x-tenant"] = "abc";
        RealtimeOptionsValidation.Validate(options, isBrowser: true).Should().SatisfyRespectively(
            fault => fault.Should().Contain("ApiKeyPlacement must be Query in a browser"),
            fault => fault.Should().Contain("Headers must be empty in a browser"));
        RealtimeOptionsValidation.Validate(options, isBrowser: false).Should().BeEmpty();
        RealtimeOptionsValidation.Validate(Options(), isBrowser: true).Should().BeEmpty();
    }

    [Fact]
    public void With_the_defaults_the_address_alone_carries_all_that_the_server_needs()
    {
        var address = RealtimeOptionsValidation.Address(Options());
        address.Headers.Should().BeEmpty("a browser could not send any");
        address.Uri.Query.Should().Contain("apikey=the-key").And.Contain("vsn=2.0.0");
    }

    [Fact]
    public void The_whole_client_runs_on_one_thread()
    {
        var threads = new HashSet<int>();
        var tokens = new FakeTokens
        {
            Answer = (_, _) =>
            {
                threads.Add(Environment.CurrentManagedThreadId);
                return ValueTask.FromResult<string?>(null);
            },
        };
        var world = new World(tokens: tokens);
        world.Server.Opened += _ => threads.Add(Environment.CurrentManagedThreadId);
        using var subscription = world.Manager.Changes(Shop.SalesOrders).Subscribe(_ => threads.Add(Environment.CurrentManagedThreadId));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "salesOrder", """{"id":"so_1","companyId":"co_1","status":"draft"}""");
        world.Run();
        world.Socket.Break();
        world.Advance(60);
        world.Manager.Status.State.Should().Be(RealtimeState.Live);
        threads.Should().Equal(Environment.CurrentManagedThreadId);
    }

    [Fact]
    public void No_static_state_is_shared_between_managers()
    {
        // Constants, caches of the compiler (<>c, <>O) and generated loggers apart: what is static must be readonly.
        var mutable = typeof(RealtimeChannelManager).Assembly.GetTypes()
            .Where(static type => !type.Name.Contains('<', StringComparison.Ordinal) && type.DeclaringType?.Name.Contains('<', StringComparison.Ordinal) != true)
            .SelectMany(static type => type.GetFields(
                System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.DeclaredOnly))
            .Where(static field => field is { IsInitOnly: false, IsLiteral: false })
            .Select(static field => $"{field.DeclaringType}.{field.Name}");
        mutable.Should().BeEmpty();
    }

    [Fact]
    public void Channels_of_a_private_only_project_are_private_and_their_topics_can_be_named_in_a_policy()
    {
        var world = new World(o =>
        {
            o.PrivateChannels = true;
            o.TopicPrefix = "company:co_1";
        });
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var join = world.Socket.Join();
        join.Payload.GetProperty("config").GetProperty("private").GetBoolean().Should().BeTrue();
        join.Topic.Should().StartWith("realtime:company:co_1-default-");
        world.Socket.Break();
        world.Advance(60);
        world.Socket.Join().Topic.Should().StartWith("realtime:company:co_1-default-").And.NotBe(join.Topic);
    }

    [Fact]
    public void A_private_only_project_that_is_joined_publicly_says_what_to_set()
    {
        var world = new World { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), "PrivateOnly: This project only allows private channels");
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.PermissionDenied);
        stream.Status.Error.Message.Should().Contain("PrivateChannels");
    }

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("per%cent")]
    public void A_topic_prefix_that_a_topic_or_a_policy_could_not_carry_is_refused(string prefix)
    {
        var options = Options();
        options.TopicPrefix = prefix;
        RealtimeOptionsValidation.Validate(options).Should().ContainSingle().Which.Should().Contain("TopicPrefix");
    }

    [Fact]
    public void Extra_headers_travel_with_every_connect_and_the_key_in_them_where_it_is_asked_for()
    {
        var world = new World(o =>
        {
            o.ApiKeyPlacement = ApiKeyPlacement.Headers;
            o.Headers["x-gateway"] = "abc";
        });
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Break();
        world.Advance(60);
        world.Server.Dialed.Should().HaveCount(2).And.AllSatisfy(address =>
        {
            address.Headers.Should().BeEquivalentTo(new Dictionary<string, string>
            {
                ["x-gateway"] = "abc",
                ["x-api-key"] = "the-api-key",
                ["apikey"] = "the-api-key",
            });
            address.Uri.Query.Should().NotContain("the-api-key");
        });
    }

    [Fact]
    public void Managers_of_one_process_have_their_own_sockets_tokens_tenants_and_streams()
    {
        var env = new ManualEnvironment();
        var (first, second) = (new FakeRealtimeServer(), new FakeRealtimeServer());
        var services = new ServiceCollection()
            .AddSingleton<TimeProvider>(env.Time).AddSingleton<WorkScheduler>(env.Scheduler).AddSingleton<IRandomizer>(env.Randomizer)
            .AddSingleton<IRealtimeSocketFactory>(new ByHost(new() { ["one.supabase.co"] = first, ["two.supabase.co"] = second }));
        Add(services, "one").UseAccessToken((_, _, _) => ValueTask.FromResult<string?>("token-one"));
        Add(services, "two").UseAccessToken((_, _, _) => ValueTask.FromResult<string?>("token-two"));
        using var provider = services.BuildServiceProvider();
        var one = provider.GetRequiredKeyedService<IRealtimeChannelManager>("one");
        var two = provider.GetRequiredKeyedService<IRealtimeChannelManager>("two");
        using var seenByOne = new StreamRecorder<TableChange<string, SalesOrder>>(one.Changes(Shop.SalesOrders));
        using var seenByTwo = new StreamRecorder<TableChange<string, SalesOrder>>(two.Changes(Shop.SalesOrders));
        env.Advance(TimeSpan.FromSeconds(0.1));
        first.Socket.Join().AccessToken.Should().Be("token-one");
        second.Socket.Join().AccessToken.Should().Be("token-two");
        first.Socket.Join().Bindings.Single().GetProperty("filter").GetString().Should().Be("companyId=eq.tenant-one");
        second.Socket.Join().Bindings.Single().GetProperty("filter").GetString().Should().Be("companyId=eq.tenant-two");

        foreach (var server in new[] { first, second })
        {
            server.Socket.AcceptJoin(server.Socket.Join());
            server.Socket.Subscribed(server.Socket.Join());
        }

        env.RunUntilIdle();
        one.Dispose();
        env.RunUntilIdle();
        second.Socket.Insert(second.Socket.Join(), "salesOrder", """{"id":"so_1","companyId":"tenant-two","status":"draft"}""");
        env.RunUntilIdle();
        seenByOne.Items.Select(static c => c.ToString()).Should().Equal("gap (Started)");
        seenByTwo.Items.Select(static c => c.ToString()).Should().Equal("gap (Started)", "inserted so_1");
        two.Status.State.Should().Be(RealtimeState.Live, "disposing one leaves the other alone");
    }

    private static ICarbonRealtimeBuilder Add(IServiceCollection services, string name) => services.AddCarbonRealtime(name, o =>
    {
        o.Url = new Uri($"https://{name}.supabase.co");
        o.ApiKey = "key-" + name;
        o.Tenant = "tenant-" + name;
    });

    private static RealtimeOptions Options() => new() { Url = new Uri("https://abc.supabase.co"), ApiKey = "the-key" };

    /// <summary>Two servers behind one factory, as a process that talks to two projects has.</summary>
    private sealed class ByHost(Dictionary<string, FakeRealtimeServer> servers) : IRealtimeSocketFactory
    {
        public ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken) =>
            servers[address.Uri.Host].ConnectAsync(address, cancellationToken);
    }
}
