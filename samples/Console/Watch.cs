using System.Reactive.Disposables;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;

namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>Watches until it is told to stop, the time is up, or nothing but a person can help.</summary>
internal static class Watch
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="manager">The connection.</param>
    /// <param name="tables">What to watch on it.</param>
    /// <param name="printer">Where to tell it.</param>
    /// <param name="duration">How long, once all tables are live.</param>
    /// <param name="stop">Ends it, without an exception.</param>
    /// <exception cref="RealtimeException">Something is wrong that only a person can mend.</exception>
    /// <exception cref="TimeoutException">The tables did not come alive.</exception>
    public static async Task RunAsync(
        RealtimeChannelManager manager, IReadOnlyList<IWatchedTable> tables, Printer printer, TimeSpan? duration, CancellationToken stop)
    {
        using var connection = manager.StatusChanges.Where(static s => s.State != RealtimeState.Idle).Subscribe(s => printer.Status("connection", s));
        using var statuses = new CompositeDisposable(tables.Select(t => OwnStatuses(t, manager).Subscribe(s => printer.Status(t.Name, s))));
        using var changes = new CompositeDisposable(tables.Select(t => t.Print(printer)));

        // Recovering is the library's business: it tries again by itself. What only a person can mend is ours.
        RealtimeException? last = null;
        var needsAPerson = tables.Select(static t => t.StatusChanges).Merge()
            .Do(s => last = s.Error ?? last)
            .FirstOrDefaultAsync(NeedsAPerson)
            .ToTask(stop);
        var live = Task.WhenAll(tables.Select(t => t.WhenLiveAsync(stop)));
        try
        {
            await Task.WhenAny(live, needsAPerson).WaitAsync(Patience, stop);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Not live after {Patience.TotalSeconds:0} seconds. {last?.Message}", last);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }

        await Task.WhenAny(needsAPerson, Task.Delay(duration ?? Timeout.InfiniteTimeSpan, stop));
        if (needsAPerson is { IsCompletedSuccessfully: true, Result.Error: { } error })
        {
            throw error;
        }
    }

    /// <summary>A fault, or the end of the token: the one from the command line cannot be renewed.</summary>
    private static bool NeedsAPerson(RealtimeStatus status) =>
        status.State == RealtimeState.Faulted || status.Error?.Reason == RealtimeErrorReason.TokenExpired;

    /// <summary>What a table has to say for itself: the ups and downs of the connection are told once, by the connection.</summary>
    private static IObservable<RealtimeStatus> OwnStatuses(IWatchedTable table, RealtimeChannelManager manager) =>
        table.StatusChanges.Where(s =>
            s.State == RealtimeState.Live || (s.State is RealtimeState.Recovering or RealtimeState.Faulted && s.Error != manager.Status.Error));
}
