using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>Health when it changes, metrics now and then, and a last word at the end.</summary>
/// <remarks>In operation the one is asked for by who runs the service, as with <c>MapHealthChecks</c>, and the other is collected.</remarks>
internal sealed class Reports(HealthCheckService health, MetricsTable metrics, LabelDesk desk, LabelJournal journal, Screen screen, TimeProvider time)
    : BackgroundService
{
    private const int LooksPerTable = 15;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        screen.Say("journal", $"{journal.Count} labels were printed before");
        using var beat = new PeriodicTimer(Period, time);
        HealthStatus? told = null;
        try
        {
            for (var look = 1; await beat.WaitForNextTickAsync(stoppingToken); look++)
            {
                told = await TellHealthAsync(told, stoppingToken);
                if (look % LooksPerTable == 0)
                {
                    TellMetrics();
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // No label is printed any more, and the stores still work: they end after the host's services.
        await TellHealthAsync(told: null, cancellationToken);
        TellMetrics();
        screen.Say("labels", $"printed {desk.Printed}, of which {desk.PossibleCopies} may be second copies; {desk.PrintedBefore} had theirs from an earlier run");
    }

    private async Task<HealthStatus?> TellHealthAsync(HealthStatus? told, CancellationToken cancellationToken)
    {
        var report = await health.CheckHealthAsync(cancellationToken);
        if (report.Status != told)
        {
            screen.Say("health", string.Join("; ", report.Entries.Select(static entry => $"{entry.Key}: {entry.Value.Status}, {entry.Value.Description}")));
        }

        return report.Status;
    }

    private void TellMetrics() => screen.Say(metrics.Read().Prepend("metrics of Carbon.Realtime:"));
}
