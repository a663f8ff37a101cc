using System.Net;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Tests.Hosting;

/// <summary>Which handler rows are read with, where it comes from, and what the options make of a read.</summary>
public sealed class HttpClientTests
{
    [Theory]
    [InlineData("https://abc.supabase.co", null, null, "https://abc.supabase.co/rest/v1")]
    [InlineData("https://abc.supabase.co/realtime/v1/", null, null, "https://abc.supabase.co/rest/v1")]
    [InlineData("https://host/base?apikey=x", null, null, "https://host/base/rest/v1")]
    [InlineData("https://abc.supabase.co", "https://rows.example.com:8443/pg/", null, "https://rows.example.com:8443/pg")]
    [InlineData("https://abc.supabase.co", "http://127.0.0.1:3000", null, "http://127.0.0.1:3000/")]
    [InlineData("https://abc.supabase.co", "https://host/rest/v1?apikey=x", null, "https://host/rest/v1")]
    [InlineData(null, null, "wss://abc.supabase.co/realtime/v1/websocket", "https://abc.supabase.co/rest/v1")]
    public async Task The_root_follows_from_the_projects_url_unless_it_is_given(string? url, string? rest, string? socket, string root)
    {
        var world = new World(o => (o.Url, o.RestUrl, o.RealtimeUrl) = (Parsed(url), Parsed(rest), Parsed(socket)));
        world.Manager.Rest(world.Manager.User).Root.Should().Be(new Uri(root));
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());

        static Uri? Parsed(string? text) => text is null ? null : new Uri(text);
    }

    [Fact]
    public void Options_bound_a_read()
    {
        var world = new World(o => (o.ReadPageRows, o.ReadTimeout, o.ReadRetries, o.MaxMessageBytes, o.ReconnectDelayMin, o.ReconnectDelayMax) =
            (50, TimeSpan.FromSeconds(5), 7, 40 << 20, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9)));
        world.Manager.Rest(world.Manager.User).Limits.Should().Be(new SnapshotLimits
        {
            PageRows = 50,
            MaxPageRows = 200,
            MaxRowBytes = 40 << 20,
            MaxPageBytes = 80 << 20,
            RequestTimeout = TimeSpan.FromSeconds(5),
            Retries = 7,
            RetryDelayMin = TimeSpan.FromSeconds(1),
            RetryDelayMax = TimeSpan.FromSeconds(9),
        });
        var defaults = new World();
        defaults.Manager.Rest(defaults.Manager.User).Limits.Should().Be(SnapshotLimits.Default);
    }

    [Fact]
    public async Task Each_user_has_one_session_with_its_own_tokens()
    {
        var rest = new FakePostgrest();
        rest.Tables.Add(new PostgrestTable("todos", ("id", "int8"), ("title", "text"), ("done", "bool")));
        var world = new World(tokens: new FakeTokens { Token = "mine" }, rest: rest);
        world.Manager.Rest(world.Manager.User).Should().BeSameAs(world.Manager.Rest(world.Manager.User));
        await ReadAsync(world);
        rest.Requests.Should().ContainSingle().Which.Headers.Authorization!.Parameter.Should().Be("mine");
        rest.Requests[0].RequestUri!.AbsoluteUri.Should().StartWith("http://127.0.0.1:54321/rest/v1/todos?select=id%2Ctitle%2Cdone&");
        rest.Requests[0].Headers.GetValues("apikey").Should().Equal("the-api-key");
        (rest.Requests[0].Version, rest.Requests[0].VersionPolicy).Should().Be((HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower));
    }

    [Fact]
    public async Task A_disposed_manager_reads_no_more_and_disposes_no_handler_that_it_was_given()
    {
        var rest = new DisposalWatch();
        var world = new World(rest: rest);
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        await FluentActions.Awaiting(() => ReadAsync(world)).Should().ThrowAsync<ObjectDisposedException>();
        rest.IsDisposed.Should().BeFalse();
    }

    [Fact]
    public void The_managers_own_handler_follows_no_redirect_unpacks_everything_keeps_no_cookies_and_renews_its_connections()
    {
        using var handler = RestHandler.Create().Should().BeOfType<SocketsHttpHandler>().Subject;
        handler.AllowAutoRedirect.Should().BeFalse();
        handler.AutomaticDecompression.Should().Be(DecompressionMethods.All);
        handler.UseCookies.Should().BeFalse();
        handler.PooledConnectionLifetime.Should().BeGreaterThanOrEqualTo(TimeSpan.FromMinutes(2)).And.BeLessThanOrEqualTo(TimeSpan.FromMinutes(5));
    }

    [Theory]
    [InlineData(null, "Carbon.Realtime")]
    [InlineData("eu", "Carbon.Realtime-eu")]
    public async Task Rows_are_read_with_the_named_clients_handlers_which_the_program_may_add_to(string? name, string client)
    {
        var rest = new FakePostgrest();
        rest.Tables.Add(new PostgrestTable("todos", ("id", "int8"), ("title", "text"), ("done", "bool")));
        var env = new ManualEnvironment();
        var log = new RecordingLog();
        var added = new AddedHandler();
        var services = new ServiceCollection().AddSingleton<TimeProvider>(env.Time).AddSingleton<WorkScheduler>(env.Scheduler)
            .AddSingleton<IRandomizer>(env.Randomizer).AddSingleton<ILoggerFactory>(log);
        Action<RealtimeOptions> configure = o => (o.Url, o.ApiKey) = (new Uri("https://abc.supabase.co"), "key");
        _ = name is null ? services.AddCarbonRealtime(configure) : services.AddCarbonRealtime(name, configure);
        services.AddHttpClient(client).ConfigurePrimaryHttpMessageHandler(() => rest).AddHttpMessageHandler(() => added);
        using var provider = services.BuildServiceProvider(); // not awaited: the manual scheduler, on which a manager is disposed, stands still by then
        var manager = (RealtimeChannelManager)(name is null
            ? provider.GetRequiredService<IRealtimeChannelManager>()
            : provider.GetRequiredKeyedService<IRealtimeChannelManager>(name));
        await env.RunAsync(env.Environment.Scheduler.Start(
            () => new SnapshotReader<long, Todo>(manager.Rest(manager.User), Shop.Todos, null).ScanAsync(false, _ => { }, default)));
        added.Count.Should().Be(1);
        rest.Requests.Should().ContainSingle();
        log.Lines.Should().NotContain(l => l.Contains("System.Net.Http"), "its own log would tell every page, and the addresses of them");
    }

    [Fact]
    public async Task The_named_clients_own_handler_is_the_same_as_a_managers()
    {
        var services = new ServiceCollection();
        services.AddCarbonRealtime(o => (o.Url, o.ApiKey) = (new Uri("https://abc.supabase.co"), "key"));
        await using var provider = services.BuildServiceProvider();
        HttpMessageHandler handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("Carbon.Realtime");
        while (handler is DelegatingHandler outer)
        {
            handler = outer.InnerHandler!;
        }

        var inner = handler.Should().BeOfType<SocketsHttpHandler>().Subject;
        (inner.AllowAutoRedirect, inner.AutomaticDecompression, inner.UseCookies).Should().Be((false, DecompressionMethods.All, false));
    }

    private static Task ReadAsync(World world) => world.Env.RunAsync(world.Env.Environment.Scheduler.Start(
        () => new SnapshotReader<long, Todo>(world.Manager.Rest(world.Manager.User), Shop.Todos, null).ScanAsync(false, _ => { }, default)));

    private sealed class AddedHandler : DelegatingHandler
    {
        public int Count { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Count++;
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class DisposalWatch : HttpMessageHandler
    {
        public bool IsDisposed { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
