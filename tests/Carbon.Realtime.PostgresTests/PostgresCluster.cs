using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Carbon.Realtime.PostgresTests;

/// <summary>A PostgreSQL server of the tests' own, in a temporary folder: made, started, stopped and removed. It never runs as root.</summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"carbon-postgres-{Path.GetRandomFileName()}");
    private readonly List<string> _log = [];
    private Process? _server;
    private int _port;
    private int _databases;

    /// <summary>The server's <c>wal_level</c>.</summary>
    public string WalLevel { get; init; } = "logical";

    private static string Binaries => Directory.GetDirectories("/usr/lib/postgresql")
        .Select(static d => Path.Combine(d, "bin")).Where(static d => File.Exists(Path.Combine(d, "initdb"))).Max(StringComparer.Ordinal)
        ?? throw new InvalidOperationException("There is no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql-15");

    public async Task InitializeAsync()
    {
        _port = FreePort();
        var isRoot = Environment.UserName == "root";
        await RunAsync("install", ["-d", "-m", "700", .. isRoot ? (string[])["-o", "postgres", "-g", "postgres"] : [], _folder]);
        await RunAsync(isRoot, "initdb", ["-D", $"{_folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        _server = Start(isRoot, "postgres",
        [
            "-D", $"{_folder}/data", "-p", _port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1",
            "-c", $"unix_socket_directories={_folder}", "-c", $"wal_level={WalLevel}", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
            "-c", "max_wal_senders=20", "-c", "max_replication_slots=20", "-c", "autovacuum=off",
        ]);
        await ReadyAsync(_server);
        await ExecuteAsync("postgres",
            "create role plain login; create role hidden nologin;");
    }

    public string ConnectionString(string database, string user = "postgres") =>
        $"Host=127.0.0.1;Port={_port};Database={database};Username={user};Pooling=false;SSL Mode=Disable;GSS Encryption Mode=Disable";

    /// <summary>A new database.</summary>
    /// <param name="options">Of <c>create database</c>, for a collation.</param>
    public async Task<string> CreateDatabaseAsync(string options = "")
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync("postgres", $"create database {name} template template0 {options}");
        return name;
    }

    public async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task DisposeAsync()
    {
        if (_server is { HasExited: false })
        {
            await RunAsync("kill", ["-QUIT", ServerProcess()]);
            await _server.WaitForExitAsync();
            _server.Dispose();
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Process Start(bool asPostgres, string binary, string[] arguments)
    {
        var path = Path.Combine(Binaries, binary);

        // The server refuses to run as root; setpriv becomes it, so that it is our child.
        string[] all = asPostgres ? ["--reuid=postgres", "--regid=postgres", "--init-groups", path, .. arguments] : arguments;
        return Process.Start(new ProcessStartInfo(asPostgres ? "setpriv" : path, all)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        })!;
    }

    private static async Task RunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        await process.WaitForExitAsync();
    }

    private static async Task RunAsync(bool asPostgres, string binary, string[] arguments)
    {
        using var process = Start(asPostgres, binary, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0, "{0} said {1} {2}", binary, await output, await errors);
    }

    // The first line of the server's own file is its process.
    private string ServerProcess() => File.ReadLines($"{_folder}/data/postmaster.pid").First();

    /// <summary>The server says when it is ready.</summary>
    private async Task ReadyAsync(Process server)
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.Add(line.Data ?? "(the end)");
                if (line.Data is null)
                {
                    ready.TrySetException(new InvalidOperationException("PostgreSQL ended: " + string.Join('\n', _log)));
                }
                else if (line.Data.Contains("ready to accept connections", StringComparison.Ordinal))
                {
                    ready.TrySetResult();
                }
            }
        };
        server.BeginErrorReadLine();
        server.BeginOutputReadLine();
        await ready.Task;
    }
}
