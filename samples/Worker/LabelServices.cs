using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>The registration: what a program of yours would write.</summary>
internal static class LabelServices
{
    /// <summary>What the label worker of one company needs. The worker itself is a hosted service, to be added after all that is to end later.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="configure">Address and key of the project.</param>
    /// <param name="tokens">Signs in.</param>
    /// <param name="company">Whose jobs.</param>
    /// <param name="wantLabels">Which jobs want a label.</param>
    /// <param name="folder">Where journal and cache are: of this project alone, for two projects may have jobs with equal keys.</param>
    public static IServiceCollection AddLabels(
        this IServiceCollection services, Action<RealtimeOptions> configure, IAccessTokenProvider tokens, string company, RealtimeFilter wantLabels, string folder)
    {
        var openJobs = JobTable.Jobs.Where(wantLabels);
        services.AddCarbonRealtime(configure)
            .UseAccessToken((_, request, cancellationToken) => tokens.GetAccessTokenAsync(request, cancellationToken))
            .UseTenant(company)
            .UseSqliteCache(Path.Combine(folder, "cache.db"))
            .AddCoreStores()
            .AddStore(openJobs)
            .AddHealthCheck();

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(openJobs);
        services.AddSingleton(_ => new LabelJournal(Path.Combine(folder, "journal.db")));
        services.AddSingleton<LabelDesk>();
        services.TryAddSingleton<ILabelPrinter, ScreenPrinter>();
        return services;
    }
}
