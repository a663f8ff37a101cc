using Microsoft.Extensions.Hosting;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>Ends the program after a time at work; fails where work cannot begin.</summary>
internal sealed class RunLimit(TimeSpan limit, ILiveStore open, IHostApplicationLifetime lifetime, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await open.WhenLiveAsync(stoppingToken).WaitAsync(Patience, time, stoppingToken);
            await Task.Delay(limit, time, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Not live after {Patience.TotalSeconds:0} seconds: {open.Status}");
        }

        lifetime.StopApplication();
    }
}
