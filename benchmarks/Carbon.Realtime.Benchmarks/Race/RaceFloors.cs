using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>
/// What carbon's figures must hold. The ratios are asked of items, where what a client does shows most; not of updates with their whole old
/// row, of which the limit decodes half.
/// </summary>
internal static class RaceFloors
{
    /// <summary>At least the limit's events/s …</summary>
    private const double LimitSpeed = 1;

    /// <summary>… for at most this share of its CPU per event …</summary>
    private const double LimitCpu = 0.95;

    /// <summary>… and at least so many times realtime-js's events/s.</summary>
    private const double RealtimeJsSpeed = 2;

    public static IEnumerable<string> Misses(RaceResult race)
    {
        var (limit, carbon, js) = (race.IndexOf(Contenders.Limit), race.IndexOf(Contenders.Carbon), race.IndexOf(Contenders.RealtimeJs));
        if (limit < 0 || carbon < 0)
        {
            yield return "carbon did not race against the limit";
            yield break;
        }

        if (race.Options.Load is { Row: RowSize.Item, Kind: not ChangeKind.UpdateFull })
        {
            var speed = race.Ratio(carbon, limit, RaceResult.Speed);
            if (Floors.IsBelow(speed, LimitSpeed)) yield return Text($"carbon ÷ limit is {speed:F2} events/s, at least {LimitSpeed:F2} are wanted");
            var cpu = race.Ratio(carbon, limit, RaceResult.Cpu);
            if (Floors.IsAbove(cpu, LimitCpu)) yield return Text($"carbon ÷ limit is {cpu:F2} CPU per event, at most {LimitCpu:F2} are wanted");
        }

        if (js >= 0 && race.Options.Load.Row == RowSize.Item && race.Ratio(carbon, js, RaceResult.Speed) is var times && Floors.IsBelow(times, RealtimeJsSpeed))
            yield return Text($"carbon ÷ realtime-js is {times:F2} events/s, at least {RealtimeJsSpeed:F2} are wanted");
        var (beside, most) = (race.BytesBesideRows(carbon), MostBytesBesideRows(race.Options.Load.Kind));
        if (Floors.IsAbove(beside, most)) yield return Text($"carbon allocates {beside:F0} bytes per event beside its rows, at most {most} are wanted");
    }

    /// <summary>The element (<c>AllocationTests</c> holds it exactly; here queues may grow); before an update, also that; of a delete, also its key's text.</summary>
    private static int MostBytesBesideRows(ChangeKind kind) => kind switch
    {
        ChangeKind.UpdateFull => 48 + 40,
        ChangeKind.Delete => 48 + 64,
        _ => 48,
    };

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
