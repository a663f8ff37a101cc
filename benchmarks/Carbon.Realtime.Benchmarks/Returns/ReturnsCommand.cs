using System.Text.Json;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Benchmarks.Returns;

/// <summary>Where the report and its picture go.</summary>
internal sealed record ReturnsOptions
{
    public string? Out { get; init; }

    public string? Svg { get; init; }

    public bool Check { get; init; }
}

/// <summary>
/// A server restarts and closes a thousand clients with 1012 in one instant: when each of them dials again. In virtual time and from fixed seeds, so that it says
/// the same on every machine.
/// </summary>
internal static class ReturnsCommand
{
    private const int Clients = 1000;
    private const int RestartCode = 1012;

    /// <summary>Neighbouring seeds begin with neighbouring numbers, which would be spread more evenly than chance is.</summary>
    private const int SeedOfSeeds = 11;

    public static int Run(ReturnsOptions options)
    {
        var spread = new RealtimeOptions().ReturnSpread;
        var report = new ReturnsReport(DialsAfterARestart(spread), spread);
        Console.Write(report.Markdown());
        if (options.Out is { } file) ReportFile.Write(file, "returns", report.Markdown());
        if (options.Svg is { } picture) File.WriteAllText(picture, report.Svg());
        if (!options.Check || report.Busiest <= 2 * report.Mean) return 0;
        Console.Error.WriteLine($"{report.Busiest} clients dial in the busiest second; {2 * report.Mean} would be twice the mean.");
        return 1;
    }

    private static List<TimeSpan> DialsAfterARestart(TimeSpan spread)
    {
        var world = new ManualEnvironment();
        var server = new FakeRealtimeServer();
        server.Opened = static socket => socket.OnSent = text => Answer(socket, text);
        var seeds = new Random(SeedOfSeeds);
        var options = new RealtimeOptions { Url = new Uri("http://127.0.0.1:54321"), ApiKey = "key" };
        var managers = Enumerable.Range(0, Clients).Select(_ => new RealtimeChannelManager(options, new RealtimeDependencies
        {
            Environment = new RealtimeEnvironment(world.Time, world.Scheduler, new SeededRandomizer(seeds.Next())),
            SocketFactory = server,
        })).ToList();
        var subscriptions = managers.ConvertAll(static m => m.Changes("item").Subscribe(new Nobody()));
        world.Advance(TimeSpan.FromSeconds(1));
        if (!managers.TrueForAll(static m => m.Status.State == RealtimeState.Live)) throw new InvalidOperationException("Not all clients are live.");

        foreach (var socket in server.Sockets) socket.CloseFromServer(RestartCode);
        world.RunUntilIdle();
        var dials = new List<TimeSpan>();
        var closed = world.Time.GetTimestamp();
        world.Time.Advance(spread + TimeSpan.FromSeconds(1), () =>
        {
            var before = server.Dialed.Count;
            world.RunUntilIdle();
            dials.AddRange(Enumerable.Repeat(world.Time.GetElapsedTime(closed), server.Dialed.Count - before));
        });
        subscriptions.ForEach(static s => s.Dispose());
        managers.ForEach(static m => m.Dispose());
        return dials.Count == Clients ? dials : throw new InvalidOperationException($"{dials.Count} dials of {Clients} clients.");
    }

    private static void Answer(FakeRealtimeSocket socket, string text)
    {
        var frame = JsonDocument.Parse(text).RootElement;
        if (frame[3].GetString() != "phx_join") return;
        var (reference, topic) = (frame[1].GetString(), frame[2].GetString());
        socket.Deliver($$$"""["{{{reference}}}","{{{reference}}}","{{{topic}}}","phx_reply",{"status":"ok","response":{"postgres_changes":[{"id":1}]}}]""");
        socket.Deliver($$"""["{{reference}}",null,"{{topic}}","system",{"status":"ok","extension":"postgres_changes","message":"Subscribed to PostgreSQL","channel":"x"}]""");
    }

    private sealed class Nobody : IObserver<TableChange<JsonElement, JsonElement>>
    {
        public void OnNext(TableChange<JsonElement, JsonElement> value)
        {
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }
}
