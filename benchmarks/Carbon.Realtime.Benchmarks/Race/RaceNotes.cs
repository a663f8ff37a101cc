using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>What a reader of the figures has to know: who decodes what, and who did not race.</summary>
internal static class RaceNotes
{
    public static IEnumerable<string> Of(RaceOptions options)
    {
        if (options.Load.Kind == ChangeKind.UpdateFull) yield return UpdateFull;
        foreach (var note in Absent(options.Contenders)) yield return note;
    }

    public const string UpdateFull =
        "Of an update that brings its whole old record, the limit decodes the new record only; carbon and realtime-js decode both, as they always do.";

    /// <summary>Who is missing beside carbon, and why.</summary>
    public static IEnumerable<string> Absent(IReadOnlyList<string> contenders)
    {
        if (!contenders.Contains(Contenders.Carbon)) yield break;
        if (!contenders.Contains(Contenders.RealtimeJs) && !RealtimeJsProgram.IsInstalled)
            yield return "realtime-js was left out: it needs Node 20 or newer, and its packages (eng/bench installs them).";
        yield return "Supabase.Realtime (C#) is not raced: the package feed does not serve it. A run beside it elsewhere: about 490 events/s, 233 KB per event.";
    }
}
