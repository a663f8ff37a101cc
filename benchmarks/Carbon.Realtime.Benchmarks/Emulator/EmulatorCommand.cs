using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Benchmarks.Emulator;

/// <summary>How the emulator is measured.</summary>
internal sealed record EmulatorBenchOptions
{
    public required int Runs { get; init; }

    public required int Events { get; init; }

    public string? Date { get; init; }

    public string? Out { get; init; }

    public bool Check { get; init; }
}

/// <summary>The emulator's figures: how fast it starts, how much it sends to one subscriber over a real socket, how many sockets it holds.</summary>
internal static class EmulatorCommand
{
    private const int Sockets = 1000;
    private const int ComponentTests = 500;
    private const string Join =
        """["1","1","realtime:bench","phx_join",{"config":{"postgres_changes":[{"event":"*","schema":"public","table":"item"}]}}]""";

    public static async Task<int> RunAsync(EmulatorBenchOptions options)
    {
        var load = Machine.LoadAverage();
        var cold = (Memory: new List<double>(), Host: new List<double>(), Kestrel: new List<double>());
        for (var run = 0; run < options.Runs; run++)
        {
            cold.Memory.Add(Cold("emulator-memory"));
            cold.Host.Add(Cold("emulator-host"));
            cold.Kestrel.Add(Cold("emulator-kestrel"));
        }

        var warm = (Memory: new List<double>(), Host: new List<double>(), Kestrel: new List<double>());
        var rates = new List<double>();
        for (var run = -1; run < options.Runs; run++)
        {
            var (memory, host, kestrel, rate) = (StartInMemory(), await StartHostAsync(), await BareKestrel.StartAsync(), await RateAsync(options.Events));
            if (run >= 0)
            {
                warm.Memory.Add(memory);
                warm.Host.Add(host);
                warm.Kestrel.Add(kestrel);
                rates.Add(rate);
            }
        }

        var suite = Stopwatch.GetTimestamp();
        for (var test = 0; test < ComponentTests; test++)
        {
            ComponentScenario.Run();
        }

        var suiteSeconds = Stopwatch.GetElapsedTime(suite).TotalSeconds;
        var report = new EmulatorReport(options, load,
        [
            new("start in memory, warm", "ms", warm.Memory) { AtMost = 5 },
            new("start in memory, cold process", "ms", cold.Memory),
            new("start of the Kestrel host, warm", "ms", warm.Host) { AtMost = 10 },
            new("start of the Kestrel host, cold process", "ms", cold.Host) { AtMost = 150 },
            new("start of a bare Kestrel with one answer, warm", "ms", warm.Kestrel),
            new("start of a bare Kestrel with one answer, cold process", "ms", cold.Kestrel),
            new("changes to one subscriber over Kestrel", "events/s", rates) { AtLeast = 50_000 },
            new("that joined the Kestrel host and got one change each", "sockets", await HoldAsync(Sockets)) { AtLeast = Sockets },
            new($"{ComponentTests} component tests in memory", "s", suiteSeconds) { AtMost = 20 },
        ]);
        var text = report.Markdown();
        Console.WriteLine(text);
        if (options.Out is { } file) ReportFile.Write(file, "emulator", text);
        return options.Check ? Floors.Check(report.Misses()) : 0;
    }

    /// <summary>One start in this process, in milliseconds; the command of the cold processes.</summary>
    public static double StartInMemory()
    {
        var started = Stopwatch.GetTimestamp();
        using var emulator = NewEmulator();
        _ = emulator.CreateSocketFactory();
        using var rest = emulator.CreateHttpHandler();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    /// <summary>The same for a host that listens.</summary>
    public static async Task<double> StartHostAsync()
    {
        var started = Stopwatch.GetTimestamp();
        using var emulator = NewEmulator();
        await using var host = await RealtimeEmulatorHost.StartAsync(emulator);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static RealtimeEmulator NewEmulator()
    {
        var emulator = new RealtimeEmulator();
        emulator.CreateTable("item", static t => t.Column("id", "int8").Column("name", "text").Column("price", "numeric").PrimaryKey("id"));
        return emulator;
    }

    private static double Cold(string command)
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [command]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return double.Parse(output, CultureInfo.InvariantCulture);
    }

    /// <summary>From the first commit to the last frame, in transactions of a thousand rows.</summary>
    private static async Task<double> RateAsync(int events)
    {
        using var emulator = NewEmulator();
        await using var host = await RealtimeEmulatorHost.StartAsync(emulator);
        using var socket = await JoinAsync(host, emulator);
        var receiving = Task.Run(() => CountAsync(socket, events));
        var started = Stopwatch.GetTimestamp();
        for (var first = 0; first < events; first += 1000)
        {
            emulator.Transaction(t =>
            {
                for (var id = first; id < Math.Min(first + 1000, events); id++)
                {
                    t.Insert("item", $$"""{"id":{{id}},"name":"Part number {{id}}","price":12.50}""");
                }
            });
        }

        await receiving;
        return events / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<int> HoldAsync(int count)
    {
        using var emulator = NewEmulator();
        await using var host = await RealtimeEmulatorHost.StartAsync(emulator);
        var sockets = new List<ClientWebSocket>();
        for (var i = 0; i < count; i++)
        {
            sockets.Add(await JoinAsync(host, emulator));
        }

        emulator.Insert("item", """{"id":1,"name":"Part","price":1}""");
        foreach (var socket in sockets)
        {
            await CountAsync(socket, 1);
            socket.Abort();
        }

        return sockets.Count;
    }

    private static async Task<ClientWebSocket> JoinAsync(RealtimeEmulatorHost host, RealtimeEmulator emulator)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{host.Url.Port}/socket/websocket?apikey={emulator.AnonKey}&vsn=2.0.0"), CancellationToken.None);
        await socket.SendAsync(Encoding.UTF8.GetBytes(Join), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        await CountAsync(socket, 2); // the reply and "Subscribed"
        return socket;
    }

    private static async Task CountAsync(ClientWebSocket socket, int frames)
    {
        var buffer = new byte[64 * 1024];
        while (frames > 0)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            frames -= received.EndOfMessage ? 1 : 0;
        }
    }
}
