using System.Net;
using Carbon.Realtime.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Carbon.Realtime.Emulator;

/// <summary>An emulator on a port of 127.0.0.1, for clients that want a real socket.</summary>
/// <remarks>
/// Listens on the loopback address only, without TLS, and answers to loopback names only (<c>localhost</c>, <c>127.0.0.1</c>): what a web page on the same
/// machine can do all the same is in <c>docs/emulator.md</c>. It does not own the emulator: one can have several hosts, or outlive one.
/// </remarks>
public sealed class RealtimeEmulatorHost : IAsyncDisposable
{
    private readonly HostApplication _application;
    private readonly KestrelServer _server;

    private RealtimeEmulatorHost(RealtimeEmulator emulator, int port)
    {
        Emulator = emulator;
        Url = new Uri("http://127.0.0.1");
        _application = new HostApplication(emulator);

        // Kestrel without a WebApplication around it. Configuration files, environment variables and Ctrl+C are those of the program that uses the
        // emulator and must not reach it; and the container, configuration and routing that bring them took 90 of 250 ms of a cold start.
        var options = new KestrelServerOptions();
        options.Listen(IPAddress.Loopback, port);
        var sockets = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        _server = new KestrelServer(Options.Create(options), sockets, NullLoggerFactory.Instance);
    }

    /// <summary>The emulator that is served.</summary>
    public RealtimeEmulator Emulator { get; }

    /// <summary>
    /// The project's address, <c>http://127.0.0.1:port</c>; the socket is at <c>/realtime/v1/websocket</c> and <c>/socket/websocket</c>, reads are at
    /// <c>/rest/v1/{table}</c>, and <c>/emulator/v1/</c> steers it from other languages (<c>docs/testing.md</c>).
    /// </summary>
    public Uri Url { get; private set; }

    /// <summary>Starts to listen.</summary>
    /// <param name="emulator">What to serve. Its environment's scheduler must run by itself, as the default does.</param>
    /// <param name="port">The port; 0, the default, takes a free one.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="EmulatorPortInUseException">Another program has the port.</exception>
    public static async Task<RealtimeEmulatorHost> StartAsync(RealtimeEmulator emulator, int port = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(emulator);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        var host = new RealtimeEmulatorHost(emulator, port);
        try
        {
            await host._server.StartAsync(host._application, cancellationToken);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            host._server.Dispose();
            throw new EmulatorPortInUseException(port, e);
        }
        catch
        {
            host._server.Dispose();
            throw;
        }

        var addresses = host._server.Features.Get<IServerAddressesFeature>()!;
        host.Url = new Uri(addresses.Addresses.First());
        return host;
    }

    /// <summary>Closes the sockets of this host politely with 1012, as a restarting server does, and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        _application.Sockets.Stop();

        // A client that does not answer the close frame must not hold the program up.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1), Emulator.Options.Environment.TimeProvider);
        await _server.StopAsync(patience.Token);
        _server.Dispose();
    }
}
