using Carbon.Realtime;
using Carbon.Realtime.Samples.LabelWorker;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

if (!CommandLine.TryParse(args, out var arguments, out var exitCode))
{
    return exitCode;
}

try
{
    // Disposed in the reverse order: the host, then the shop that served it.
    await using var shop = arguments.Url is null ? await EmbeddedShop.StartAsync(arguments.Tenant, arguments.Folder, CancellationToken.None) : null;
    var builder = Host.CreateApplicationBuilder();
    builder.Logging.ClearProviders();
    builder.Logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning);
    builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // why a service failed is told below
    builder.Services.Configure<ConsoleLoggerOptions>(static options => options.LogToStandardErrorThreshold = LogLevel.Trace); // the output is for labels
    builder.Services.AddSingleton(new Screen(Console.Out, TimeProvider.System));
    builder.Services.AddLabels(
        options =>
        {
            options.Url = shop?.Url ?? arguments.Url;
            options.ApiKey = shop?.ApiKey ?? arguments.ApiKey;
            options.AllowInsecureTransport = arguments.IsInsecure;
        },
        shop as IAccessTokenProvider ?? new FixedToken(arguments.AccessToken), arguments.Tenant, arguments.Filter, arguments.Folder);

    // A host stops its services in the reverse order: the worker before the reports, so that their last word counts its last label, and both before the stores.
    builder.Services.AddSingleton<MetricsTable>();
    builder.Services.AddHostedService<StoreStatuses>();
    builder.Services.AddHostedService<Reports>();
    builder.Services.AddHostedService<LabelWorker>();
    if (arguments.Duration is { } duration)
    {
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<RunLimit>(
            services, duration, services.GetRequiredService<ILiveStore<string, Job>>()));
    }

    using var host = builder.Build();
    Console.WriteLine($"Labels for the jobs of {arguments.Tenant} where {arguments.Filter}, in {(shop is null ? arguments.Url : $"the embedded shop at {shop.Url}")}");
    Console.WriteLine($"Journal and cache: {arguments.Folder}        Ctrl-C ends");
    var work = host.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
    await host.RunAsync();

    // A host stops when one of its services fails, and tells its log only.
    await Task.WhenAll(work.Select(static service => service.ExecuteTask ?? Task.CompletedTask));
    return 0;
}
catch (OptionsValidationException e)
{
    // The library says which of its options is wrong; here it is another word.
    return Fail(CommandLine.WrongArguments, string.Join(" ", e.Failures).Replace("set AllowInsecureTransport", "say --insecure", StringComparison.Ordinal));
}
catch (SqliteException e)
{
    return Fail(1, $"The journal in {arguments.Folder} cannot be used, and without it labels would be printed twice: {e.Message} "
        + "Does another carbon-labels have it? --data FOLDER takes another one.");
}
catch (Exception e) when (e is RealtimeException or TimeoutException)
{
    return Fail(1, e.Message);
}

static int Fail(int code, string message)
{
    Console.Error.WriteLine($"carbon-labels: {message}");
    return code;
}
