using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Benchmarks.Emulator;

/// <summary>The emulator's figures: how fast it starts, how much it sends to one subscriber over a real socket, how many sockets it holds.</summary>
internal static class EmulatorCommand
{
    private const int Sockets = 1000;
    private const int ComponentTests = 500;
    private const double EventsFloor = 50_000;
    private const string Join =
        """["1","1","realtime:bench","phx_join",{"config":{"postgres_changes":[{"event":"*","schema":"public","table":"item"}]}}]""";

    public static async Task<int> RunAsync(int runs, int events, bool check)
    {
        var cold = (Memory: new List<double>(), Host: new List<double>());
        for (var run = 0; run < runs; run++)
        {
            cold.Memory.Add(Cold("emulator-memory"));
            cold.Host.Add(Cold("emulator-host"));
        }

        var warm = (Memory: new List<double>(), Host: new List<double>());
        var rates = new List<double>();
        for (var run = -1; run < runs; run++)
        {
            var (memory, host, rate) = (StartInMemory(), await StartHostAsync(), await RateAsync(events));
            if (run >= 0)
            {
                warm.Memory.Add(memory);
                warm.Host.Add(host);
                rates.Add(rate);
            }
        }

        var suite = Stopwatch.GetTimestamp();
        for (var test = 0; test < ComponentTests; test++)
        {
            ComponentScenario.Run();
        }

        var suiteSeconds = Stopwatch.GetElapsedTime(suite).TotalSeconds;
        Say("start in memory, cold process", cold.Memory, "ms");
        Say("start in memory, warm", warm.Memory, "ms");
        Say("start of the Kestrel host, cold process", cold.Host, "ms");
        Say("start of the Kestrel host, warm", warm.Host, "ms");
        Say("changes to one subscriber over Kestrel", rates, "events/s");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ComponentTests} component tests in memory: {suiteSeconds:0.0} s"));
        Console.WriteLine($"sockets that joined the Kestrel host and got one change each: {await HoldAsync(Sockets)} of {Sockets}");
        return check && Spread.Of(rates).Median < EventsFloor ? 1 : 0;
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

    private static void Say(string what, IEnumerable<double> values, string unit)
    {
        var spread = Spread.Of(values);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {spread.Median:0.##} {unit} ({spread.Low:0.##}-{spread.High:0.##})"));
    }
}
