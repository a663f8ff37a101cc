using System.Runtime.InteropServices;
using Carbon.Realtime;
using Carbon.Realtime.Samples.ConsoleWatch;

if (!CommandLine.TryParse(args, out var arguments, out var exitCode))
{
    return exitCode;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var printer = Printer.ForConsole();
try
{
    // Everything is disposed in the reverse order: the streams, then the connection, then the cache, then the shop that served it.
    await using var shop = arguments.Url is null ? await EmbeddedShop.StartAsync(arguments.Tenant, isSameAddress: arguments.CachePath is not null, stop.Token) : null;
    await using var cache = arguments.CachePath is { } path ? new SqliteStoreCache(path) : null;
    await using var manager = shop is not null
        ? new RealtimeChannelManager(shop.Options, new RealtimeDependencies { AccessTokens = shop, StoreCache = cache })
        : new RealtimeChannelManager(
            new RealtimeOptions
            {
                Url = new Uri(arguments.Url!, UriKind.RelativeOrAbsolute),
                ApiKey = arguments.ApiKey,
                Tenant = arguments.Tenant,
                AllowInsecureTransport = arguments.IsInsecure,
            },
            new RealtimeDependencies { AccessTokens = new FixedToken(arguments.AccessToken), StoreCache = cache });

    var whose = manager.Tenant.Current is { } tenant ? $" of {tenant}" : "";
    var place = shop is null ? arguments.Url : $"the embedded shop at {shop.Options.Url}";
    if (arguments.ShowsStores)
    {
        printer.Say($"Core stores{whose} in {place}        Ctrl-C ends");
        await StoresWatch.RunAsync(manager, printer, isTable: !Console.IsOutputRedirected, arguments.Duration, stop.Token);
        return 0;
    }

    var tables = WatchedTables.Of(manager, arguments);
    var names = string.Join(", ", tables.Select(static t => t.Name));
    var where = arguments.Filter.IsEmpty ? "" : $" where {arguments.Filter}";
    printer.Say($"Watching {names}{where}{whose} in {place}");
    printer.Say("+ inserted   ~ updated   - deleted   ? possibly missed something        Ctrl-C ends");
    await Watch.RunAsync(manager, tables, printer, arguments.Duration, stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    // Ctrl-C before anything was there.
}
catch (ArgumentException e)
{
    // The library says which of the things it was given is wrong; the names of parameters and options would say nothing to a user.
    return Fail(CommandLine.WrongArguments, e.Message.Split(" (Parameter", 2)[0].Replace("set AllowInsecureTransport", "say --insecure", StringComparison.Ordinal));
}
catch (RealtimeException e)
{
    exitCode = Fail(1, e.Message, Advice.On(e));
}
catch (TimeoutException e)
{
    exitCode = Fail(1, e.Message, Advice.On(e.InnerException));
}

if (!arguments.ShowsStores)
{
    printer.Summary();
}

return exitCode;

void Stop(PosixSignalContext signal)
{
    // The first one ends the program in good order, a second one at once.
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

int Fail(int code, params IEnumerable<string?> lines)
{
    foreach (var line in lines.Where(static l => l is not null))
    {
        Console.Error.WriteLine($"carbon-watch: {line}");
    }

    return code;
}
