using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using BenchmarkDotNet.Running;
using Carbon.Realtime.Benchmarks;
using Carbon.Realtime.Benchmarks.Binding;
using Carbon.Realtime.Benchmarks.Cache;
using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Emulator;
using Carbon.Realtime.Benchmarks.Growth;
using Carbon.Realtime.Benchmarks.Latency;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Returns;
using Carbon.Realtime.Benchmarks.Rows;
using Carbon.Realtime.Benchmarks.Sender;
using Carbon.Realtime.Benchmarks.Snapshot;
using Carbon.Realtime.Benchmarks.Store;

const long Warmup = 200_000;
const long Events = 500_000;
const string Usage = """
    race     [--runs 7] [--events 500000] [--warmup 200000] [--row item|small|large] [--kind insert|update|update-full|delete]
             [--contenders limit,carbon,realtime-js,drain] [--date TEXT] [--out FILE] [--check]
                                                               the default command; of large rows a tenth of the events
    race-all [--runs 3] [--events 200000] [--warmup 100000] [--date TEXT] [--out FILE]
                                                               a short race of every row and kind, one table
    latency  [--runs 5] [--rate 10000] [--seconds 20] [--warmup 5] [--date TEXT] [--out FILE] [--check]
                                                               how late a change is, at a steady rate
    snapshot [--rows 100000] [--runs 7] [--date TEXT] [--out FILE] [--check]
                                                               reading a table, against a bare HttpClient
    micro    [BenchmarkDotNet's options]                       e.g. micro --filter '*'
    row                                                        the size of the row's object graph
    store    [--rows 1000,10000,100000,1000000] [--changes 200000] [--runs 9] [--date TEXT] [--out FILE] [--check]
                                                               a store's updates, publications and memory against a dictionary
    binding  [--rows 100000] [--rate 1000] [--seconds 10] [--runs 5] [--date TEXT] [--out FILE] [--check]
                                                               how busy a bound list keeps the interface's thread, in virtual time
    growth   [--runs 7] [--events 200000] [--date TEXT] [--out FILE] [--check]
                                                               how costs grow with subscriptions, channels, subscribers, rows and their size
    emulator [--runs 7] [--events 100000] [--date TEXT] [--out FILE] [--check]
                                                               the emulator's starts, its rate to one subscriber, a thousand sockets
    returns  [--out FILE] [--svg FILE] [--check]               when a thousand clients dial again that were closed in one instant, in virtual time
    cache    [--rows 100000] [--runs 7] [--date TEXT] [--out FILE] [--check]
                                                               a cold load from SqliteStoreCache, against a bare SELECT

    The race's own processes:
    sender   [--row ROW] [--kind KIND]                         prints "listening PORT", ends with its standard input
    limit | carbon | drain   --port PORT [--row ROW] [--kind KIND] [--events N] [--warmup N] [--pace N: the delay, at N events per second]
    """;

try
{
    var command = args.Length == 0 || args[0].StartsWith("--", StringComparison.Ordinal) ? "race" : args[0];
    if (command == "micro")
    {
        BenchmarkSwitcher.FromAssembly(typeof(Arguments).Assembly).Run(args[1..]);
        return 0;
    }

    var arguments = new Arguments(command == "race" && args is not ["race", ..] ? args : args[1..]);
    switch (command)
    {
        case "race":
            return RaceCommand.Run(Asked(arguments, RaceFrom));
        case "race-all":
            return MatrixCommand.Run(Asked(arguments, MatrixFrom));
        case "latency":
            return LatencyCommand.Run(Asked(arguments, LatencyFrom));
        case "sender":
            return new SenderCommand(Asked(arguments, LoadFrom)).Run();
        case "snapshot":
            return await SnapshotCommand.RunAsync(Asked(arguments, TableFrom));
        case "row":
            Console.WriteLine(RowGraph.BytesPerRow(Asked(arguments, LoadFrom).Row));
            return 0;
        case "binding":
            return BindingCommand.Run(Asked(arguments, BindingFrom));
        case "growth":
            return await GrowthCommand.RunAsync(Asked(arguments, GrowthFrom));
        case "emulator":
            return await EmulatorCommand.RunAsync(Asked(arguments, EmulatorFrom));
        case "emulator-memory":
            Console.WriteLine(EmulatorCommand.StartInMemory().ToString(CultureInfo.InvariantCulture));
            return 0;
        case "emulator-host":
            Console.WriteLine((await EmulatorCommand.StartHostAsync()).ToString(CultureInfo.InvariantCulture));
            return 0;
        case "emulator-kestrel":
            Console.WriteLine((await BareKestrel.StartAsync()).ToString(CultureInfo.InvariantCulture));
            return 0;
        case "cache":
            return CacheCommand.Run(Asked(arguments, TableFrom));
        case "returns":
            return ReturnsCommand.Run(Asked(arguments, ReturnsFrom));
        case "store":
            return StoreCommand.Run(Asked(arguments, StoreFrom));
        default:
            var (run, pace) = Asked(arguments, a => (RunFrom(a), a.Number("pace")));
            Console.WriteLine(pace is { } rate
                ? JsonSerializer.Serialize(await ContenderRun.LatencyAsync(command, run, rate), RaceJson.Default.LatencyFigures)
                : JsonSerializer.Serialize(await ContenderRun.SpeedAsync(command, run), RaceJson.Default.RunFigures));
            return 0;
    }
}
catch (ArgumentException exception)
{
    Console.Error.WriteLine($"{exception.Message}\n\n{Usage}");
    return 2;
}
catch (Exception exception) when (exception is InvalidOperationException or IOException or WebSocketException or SocketException or TimeoutException)
{
    Console.Error.WriteLine(exception);
    return 1;
}

static T Asked<T>(Arguments arguments, Func<Arguments, T> options)
{
    var result = options(arguments);
    arguments.End();
    return result;
}

static TableOptions TableFrom(Arguments arguments) => new()
{
    Rows = (int)(arguments.Number("rows") ?? 100_000),
    Runs = (int)(arguments.Number("runs") ?? 7),
    Date = arguments.Text("date"),
    Out = arguments.Text("out"),
    Check = arguments.Flag("check"),
};

static BindingBenchOptions BindingFrom(Arguments arguments) => new()
{
    Rows = (int)(arguments.Number("rows") ?? 100_000),
    ChangesPerSecond = (int)(arguments.Number("rate") ?? 1000),
    Seconds = (int)(arguments.Number("seconds") ?? 10),
    Runs = (int)(arguments.Number("runs") ?? 5),
    Date = arguments.Text("date"),
    Out = arguments.Text("out"),
    Check = arguments.Flag("check"),
};

static EmulatorBenchOptions EmulatorFrom(Arguments arguments) => new()
{
    Runs = (int)(arguments.Number("runs") ?? 7),
    Events = (int)(arguments.Number("events") ?? 100_000),
    Date = arguments.Text("date"),
    Out = arguments.Text("out"),
    Check = arguments.Flag("check"),
};

static GrowthOptions GrowthFrom(Arguments arguments) => new()
{
    Runs = (int)(arguments.Number("runs") ?? 7),
    Events = (int)(arguments.Number("events") ?? 200_000),
    Date = arguments.Text("date"),
    Out = arguments.Text("out"),
    Check = arguments.Flag("check"),
};

static Workload LoadFrom(Arguments arguments) => new(arguments.Choice("row", RowSize.Item), arguments.Choice("kind", ChangeKind.Insert));

static RunOptions RunFrom(Arguments arguments) => new(
    (int)(arguments.Number("port") ?? throw new ArgumentException("--port is the one that the sender printed.")),
    LoadFrom(arguments),
    arguments.Number("warmup") ?? Warmup,
    arguments.Number("events") ?? Events);

static RaceOptions RaceFrom(Arguments arguments)
{
    var load = LoadFrom(arguments);
    return new()
    {
        Contenders = arguments.Text("contenders") is { } list ? Contenders.Parse(list) : Contenders.Default,
        Runs = (int)(arguments.Number("runs") ?? 7),
        Warmup = arguments.Number("warmup") ?? load.Events(Warmup),
        Events = arguments.Number("events") ?? load.Events(Events),
        Load = load,
        Date = arguments.Text("date"),
        Out = arguments.Text("out"),
        Check = arguments.Flag("check"),
    };
}

static RaceOptions MatrixFrom(Arguments arguments) => new()
{
    Contenders = Contenders.Default,
    Runs = (int)(arguments.Number("runs") ?? 3),
    Warmup = arguments.Number("warmup") ?? 100_000,
    Events = arguments.Number("events") ?? 200_000,
    Load = new Workload(RowSize.Item, ChangeKind.Insert),
    Date = arguments.Text("date"),
    Out = arguments.Text("out"),
    Check = false,
};

static LatencyOptions LatencyFrom(Arguments arguments) => new()
{
    Runs = (int)(arguments.Number("runs") ?? 5),
    Rate = arguments.Number("rate") ?? 10_000,
    Seconds = arguments.Number("seconds") ?? 20,
    WarmupSeconds = arguments.Number("warmup") ?? 5,
    Date = arguments.Text("date"),
    Out = arguments.Text("out"),
    Check = arguments.Flag("check"),
};

static ReturnsOptions ReturnsFrom(Arguments arguments) => new()
{
    Out = arguments.Text("out"),
    Svg = arguments.Text("svg"),
    Check = arguments.Flag("check"),
};

static StoreBenchOptions StoreFrom(Arguments arguments) => new()
{
    Sizes = [.. (arguments.Text("rows") ?? "1000,10000,100000,1000000").Split(',').Select(static size => int.TryParse(size, out var rows) && rows > 0 ? rows
        : throw new ArgumentException($"--rows needs positive numbers, not '{size}'."))],
    Changes = (int)(arguments.Number("changes") ?? 200_000),
    Runs = (int)(arguments.Number("runs") ?? 9),
    Date = arguments.Text("date"),
    Out = arguments.Text("out"),
    Check = arguments.Flag("check"),
};
