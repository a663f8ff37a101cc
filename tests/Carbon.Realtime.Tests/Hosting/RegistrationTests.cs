using System.Diagnostics.Metrics;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Carbon.Realtime.Tests.Hosting;

public sealed class RegistrationTests
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["Realtime:Url"] = "https://abc.supabase.co",
        ["Realtime:ApiKey"] = "key",
        ["Realtime:Linger"] = "00:00:02",
        ["Realtime:ProtocolVersion"] = "V1",
        ["Realtime:Headers:x-tenant"] = "abc",
    };

    [Fact]
    public async Task A_manager_is_made_from_configuration_and_connects_to_nothing()
    {
        var server = new FakeRealtimeServer();
        var services = new ServiceCollection().AddSingleton<IRealtimeSocketFactory>(server);
        services.AddCarbonRealtime(Configuration(Good)).UseTenant("co_7").UseAccessToken<FakeTokens>();
        await using var provider = services.BuildServiceProvider();
        var manager = provider.GetRequiredService<IRealtimeChannelManager>();
        manager.Tenant.Current.Should().Be("co_7");
        provider.GetRequiredService<ITenantContext>().Should().BeSameAs(manager.Tenant);
        provider.GetRequiredService<IRealtimeChannelManager>().Should().BeSameAs(manager);
        provider.GetRequiredService<IOptions<RealtimeOptions>>().Value.Linger.Should().Be(TimeSpan.FromSeconds(2));
        provider.GetRequiredService<IOptions<RealtimeOptions>>().Value.Headers.Should().Contain("x-tenant", "abc");
        server.Dialed.Should().BeEmpty();
    }

    [Fact]
    public void Services_of_the_container_reach_the_client()
    {
        var env = new ManualEnvironment();
        var server = new FakeRealtimeServer();
        var services = new ServiceCollection()
            .AddSingleton<IRealtimeSocketFactory>(server).AddSingleton<TimeProvider>(env.Time)
            .AddSingleton<WorkScheduler>(env.Scheduler).AddSingleton<IRandomizer>(env.Randomizer);
        services.AddCarbonRealtime(Configuration(Good)).UseTenant("co_7").UseAccessToken((_, _, _) => ValueTask.FromResult<string?>("tok"));
        using var provider = services.BuildServiceProvider();
        var manager = provider.GetRequiredService<IRealtimeChannelManager>();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(manager.Changes(Shop.SalesOrders));
        env.Advance(TimeSpan.FromSeconds(0.1));
        server.Dialed.Should().ContainSingle().Which.Uri.Host.Should().Be("abc.supabase.co");
        server.Socket.Join().AccessToken.Should().Be("tok");
    }

    [Fact]
    public void Nothing_given_where_something_is_needed_is_said_at_the_call()
    {
        var builder = new ServiceCollection().AddCarbonRealtime(Configuration(Good));
        builder.Invoking(static b => b.UseAccessToken(null!)).Should().Throw<ArgumentNullException>().WithParameterName("accessToken");
        builder.Invoking(static b => b.AddHealthCheck(null!)).Should().Throw<ArgumentNullException>().WithParameterName("tags");
        builder.Invoking(static b => b.UseTenant(" ")).Should().Throw<ArgumentException>().WithParameterName("tenant");
    }

    [Fact]
    public void Metrics_come_from_the_containers_factory_and_a_keyed_manager_is_called_by_its_key()
    {
        var services = new ServiceCollection().AddMetrics().AddSingleton<IRealtimeSocketFactory>(new FakeRealtimeServer());
        services.AddCarbonRealtime(Configuration(Good));
        services.AddCarbonRealtime("eu", Configuration(Good));
        using var provider = services.BuildServiceProvider();
        var factory = provider.GetRequiredService<IMeterFactory>();
        var told = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, factory) && instrument.Name == "carbon.realtime.connections")
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => told.Add((string)tags[0].Value!));
        listener.Start();
        _ = provider.GetRequiredService<IRealtimeChannelManager>();
        _ = provider.GetRequiredKeyedService<IRealtimeChannelManager>("eu");
        listener.RecordObservableInstruments();
        told.Should().BeEquivalentTo("default", "eu");
    }

    [Fact]
    public void Seams_that_users_implement_can_be_mocked()
    {
        var env = new ManualEnvironment();
        var provider = new Moq.Mock<IAccessTokenProvider>();
        provider.Setup(p => p.GetAccessTokenAsync(Moq.It.IsAny<AccessTokenRequest>(), Moq.It.IsAny<CancellationToken>()))
            .Returns(() => ValueTask.FromResult<string?>("mocked"));
        var factory = new Moq.Mock<IRealtimeSocketFactory>();
        factory.Setup(f => f.ConnectAsync(Moq.It.IsAny<RealtimeSocketAddress>(), Moq.It.IsAny<CancellationToken>()))
            .Throws(new UpgradeRefusedException(404, """{"error":"Tenant not found"}"""));
        var manager = new RealtimeChannelManager(
            new RealtimeOptions { Url = new Uri("https://abc.supabase.co"), ApiKey = "key", Tenant = "co_1" },
            new RealtimeDependencies { Environment = env.Environment, SocketFactory = factory.Object, AccessTokens = provider.Object });
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(manager.Changes(Shop.SalesOrders));
        env.RunUntilIdle();
        provider.Verify(p => p.GetAccessTokenAsync(Moq.It.Is<AccessTokenRequest>(r => r.Reason == AccessTokenReason.Connect), Moq.It.IsAny<CancellationToken>()), Moq.Times.Once);
        manager.Status.Error!.Reason.Should().Be(RealtimeErrorReason.ProjectNotFound);
    }

    [Fact]
    public async Task Named_managers_stand_beside_each_other()
    {
        var services = new ServiceCollection();
        services.AddCarbonRealtime("eu", o => (o.Url, o.ApiKey) = (new Uri("https://eu.supabase.co"), "k1")).UseTenant("a").UseAccessToken<FakeTokens>();
        services.AddCarbonRealtime("us", o => (o.Url, o.ApiKey) = (new Uri("https://us.supabase.co"), "k2")).UseTenant("b");
        await using var provider = services.BuildServiceProvider();
        provider.GetRequiredKeyedService<IRealtimeChannelManager>("eu").Tenant.Current.Should().Be("a");
        provider.GetRequiredKeyedService<IRealtimeChannelManager>("us").Tenant.Current.Should().Be("b");
        provider.GetService<IRealtimeChannelManager>().Should().BeNull();
    }

    [Theory]
    [InlineData("Realtime:Url", "", "Url")]
    [InlineData("Realtime:Url", "ftp://x", "Url")]
    [InlineData("Realtime:Url", "http://abc.supabase.co", "AllowInsecureTransport")]
    [InlineData("Realtime:ApiKey", "", "ApiKey")]
    [InlineData("Realtime:HeartbeatInterval", "00:02:00", "HeartbeatInterval")]
    [InlineData("Realtime:JoinTimeout", "00:00:01", "JoinTimeout")]
    [InlineData("Realtime:ConnectTimeout", "00:00:01", "ConnectTimeout")]
    [InlineData("Realtime:QueueCapacity", "0", "QueueCapacity")]
    [InlineData("Realtime:MaxChannels", "1000", "MaxChannels")]
    [InlineData("Realtime:MaxMessageBytes", "5", "MaxMessageBytes")]
    [InlineData("Realtime:ReconnectDelayMax", "00:00:00.1", "ReconnectDelayMax")]
    [InlineData("Realtime:ReconnectDelayMin", "00:00:00", "ReconnectDelayMin")]
    [InlineData("Realtime:AccessTokenTimeout", "00:00:00", "AccessTokenTimeout")]
    [InlineData("Realtime:GroupWindow", "00:01:00", "GroupWindow")]
    [InlineData("Realtime:Linger", "-00:00:01", "Linger")]
    [InlineData("Realtime:IdleTimeout", "02:00:00", "IdleTimeout")]
    [InlineData("Realtime:Tenant", " ", "Tenant")]
    [InlineData("Realtime:RealtimeUrl", "ftp://x", "RealtimeUrl")]
    [InlineData("Realtime:RestUrl", "http://abc.supabase.co", "RestUrl")]
    [InlineData("Realtime:RestUrl", "https://user:word@abc.supabase.co", "RestUrl")]
    [InlineData("Realtime:ReadPageRows", "0", "ReadPageRows")]
    [InlineData("Realtime:ReadPageRows", "10001", "ReadPageRows")]
    [InlineData("Realtime:ReadTimeout", "00:00:00.5", "ReadTimeout")]
    [InlineData("Realtime:ReadRetries", "-1", "ReadRetries")]
    public async Task Wrong_options_stop_the_host_at_start_with_a_message_that_names_the_option(string key, string value, string named)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddCarbonRealtime(Configuration(new(Good) { [key] = value }));
        using var host = builder.Build();
        (await host.Invoking(h => h.StartAsync()).Should().ThrowAsync<OptionsValidationException>()).WithMessage($"*{named}*");
    }

    [Fact]
    public async Task A_section_that_is_missing_is_named_and_so_is_everything_that_it_should_have_held()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Supabase:Realtme:Url"] = "https://abc.supabase.co" }).Build();
        var message = await Refusal(services => services.AddCarbonRealtime(configuration.GetSection("Supabase:Realtime")));
        message.Should().Contain("Url must be set").And.Contain("ApiKey must be set")
            .And.Contain("The options were read from the configuration section 'Supabase:Realtime', which does not exist.");
    }

    [Fact]
    public async Task Wrong_options_are_told_with_the_section_they_came_from_and_never_with_a_value()
    {
        var section = Configuration(new(Good) { ["Realtime:ApiKey"] = "planted key" });
        (await Refusal(services => services.AddCarbonRealtime(section))).Should().Contain("ApiKey must not contain white space").And.NotContain("must be set")
            .And.Contain("read from the configuration section 'Realtime'.").And.NotContain("planted");
        var root = new ConfigurationBuilder().AddInMemoryCollection(Good).Build();
        (await Refusal(services => services.AddCarbonRealtime("eu", root))).Should().Contain("Url must be set")
            .And.Contain("The options were read from the root of the configuration, not from a section.");
        (await Refusal(services =>
        {
            services.AddCarbonRealtime("eu", Configuration(Good));
            services.AddCarbonRealtime(static options => options.ApiKey = "key");
        })).Should().Contain("Url must be set").And.NotContain("ApiKey").And.NotContain("section", "that is where another manager's came from");
    }

    private static async Task<string> Refusal(Action<IServiceCollection> register)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        register(builder.Services);
        using var host = builder.Build();
        return (await host.Invoking(h => h.StartAsync()).Should().ThrowAsync<OptionsValidationException>()).Which.Message;
    }

    [Fact]
    public void A_manager_made_by_hand_checks_its_options_too_and_names_every_fault()
    {
        FluentActions.Invoking(() => new RealtimeChannelManager(new RealtimeOptions { MaxChannels = 0 }))
            .Should().Throw<ArgumentException>().WithMessage("*Url*MaxChannels*");
    }

    private static IConfigurationSection Configuration(Dictionary<string, string?> values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection("Realtime");
}
