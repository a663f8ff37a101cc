using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>The stores as a table that stays where it is and changes.</summary>
internal static class StoresTable
{
    /// <summary>Often enough for eyes. Reading a store takes no lock and waits for nothing, so that it need not be asked to tell.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(0.2);

    /// <summary>Shows them until it is told to stop; what is shown then stays on the screen.</summary>
    public static Task ShowAsync(IReadOnlyList<IWatchedStore> stores, CancellationToken stop) => AnsiConsole.Live(Draw(stores)).StartAsync(async screen =>
    {
        using var beat = new PeriodicTimer(Pace);
        try
        {
            while (await beat.WaitForNextTickAsync(stop))
            {
                screen.UpdateTarget(Draw(stores));
            }
        }
        catch (OperationCanceledException)
        {
            screen.UpdateTarget(Draw(stores));
        }
    });

    /// <summary>The table of this moment.</summary>
    public static IRenderable Draw(IReadOnlyList<IWatchedStore> stores)
    {
        var table = new Table().Border(TableBorder.Rounded).Expand();
        foreach (var column in (string[])["store", "state", "reason", "rows", "as of", "lag", "unverified"])
        {
            table.AddColumn(new TableColumn(column).NoWrap());
        }

        table.AddColumn("last change");
        foreach (var store in stores)
        {
            var status = store.Status;
            table.AddRow(
                new Text(store.Name),
                new Text(status.State.ToString(), new Style(ColourOf(status.State))),
                new Text(status.Reason == StoreReason.None ? "" : status.Reason.ToString()),
                new Text(RowsOf(store)).RightJustified(),
                new Text(status.AsOf is { } asOf ? Clock(asOf) : ""),
                new Text(status.Lag is { } lag ? string.Create(CultureInfo.InvariantCulture, $"{lag.TotalMilliseconds:0} ms") : "").RightJustified(),
                new Text(status.Unverified.ToString(CultureInfo.InvariantCulture)).RightJustified(),
                LastOf(store, status));
        }

        return table;
    }

    private static Color ColourOf(StoreState state) => state switch
    {
        StoreState.Live => Color.Green,
        StoreState.Stale or StoreState.CatchingUp or StoreState.Degraded => Color.Yellow,
        StoreState.NeedsAuth or StoreState.Faulted => Color.Red,
        _ => Color.Grey,
    };

    /// <summary>While everything is read for the first time there are none yet, and how many have come.</summary>
    private static string RowsOf(IWatchedStore store) => string.Create(
        CultureInfo.InvariantCulture, $"{(store.Status.State == StoreState.Loading ? store.Status.RowsRead : store.Rows)}");

    /// <summary>The last change; or, where something is wrong, what.</summary>
    private static Text LastOf(IWatchedStore store, StoreStatus status)
    {
        if (status is { IsLive: false, Error: { } error })
        {
            return new Text(Printer.Clean(error.Message), new Style(Color.Red));
        }

        var text = store.LastChange is { } last ? $"{Clock(last.At)}  {Printer.Clean(last.What)}" : "";
        return new Text(text) { Overflow = Overflow.Ellipsis };
    }

    private static string Clock(DateTimeOffset time) => time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
}
