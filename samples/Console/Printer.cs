using System.Globalization;

namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>Writes one line for everything that happens. Streams call it from several threads, so it takes turns.</summary>
/// <param name="output">Where to.</param>
/// <param name="useColours">Whether it is a terminal that wants colours.</param>
internal sealed class Printer(TextWriter output, bool useColours)
{
    private const string Red = "31";
    private const string Green = "32";
    private const string Yellow = "33";
    private const string Blue = "34";
    private const string Gray = "90";
    private const int MaxDetails = 110;

    private readonly Lock _gate = new();
    private int _inserted;
    private int _updated;
    private int _deleted;
    private int _gaps;

    /// <summary>For the console: colours unless the output goes elsewhere or NO_COLOR is set (no-color.org).</summary>
    public static Printer ForConsole() =>
        new(Console.Out, !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));

    public void Say(string text)
    {
        lock (_gate)
        {
            output.WriteLine(text);
        }
    }

    public void Status(string what, RealtimeStatus status)
    {
        var colour = status.State switch
        {
            RealtimeState.Live => Green,
            RealtimeState.Recovering => Yellow,
            RealtimeState.Faulted => Red,
            _ => Gray,
        };
        Write("status", colour, what, Words(status));
    }

    public void Status(string what, StoreStatus status, int rows)
    {
        var colour = status.State switch
        {
            StoreState.Live => Green,
            StoreState.Stale or StoreState.CatchingUp or StoreState.Degraded => Yellow,
            StoreState.NeedsAuth or StoreState.Faulted => Red,
            _ => Gray,
        };
        Write("status", colour, what, $"{status}, {rows} rows");
    }

    public void Inserted(string table, string key, string row) => Write("+", Green, table, $"{key,-9}  {row}", ref _inserted);

    public void Updated(string table, string key, string row) => Write("~", Blue, table, $"{key,-9}  {row}", ref _updated);

    public void Deleted(string table, string key) => Write("-", Red, table, key, ref _deleted);

    public void Gap(string table, GapReason reason, string? key) =>
        Write("? gap", Yellow, table, $"{reason}: read {key ?? "what you hold"} again", ref _gaps);

    public void Summary()
    {
        lock (_gate)
        {
            output.WriteLine($"Inserted {_inserted}, updated {_updated}, deleted {_deleted}, gaps {_gaps}.");
        }
    }

    private static string Words(RealtimeStatus status)
    {
        // A fault ends the program, which then tells it at length.
        if (status is not { State: RealtimeState.Recovering, Error: { } error })
        {
            return status.State.ToString();
        }

        var next = status.NextRetry is { } retry
            ? string.Create(CultureInfo.InvariantCulture, $"; next try in {(retry - status.Since).TotalSeconds:0.0} s")
            : "";
        return $"Recovering{next}. {error.Message}";
    }

    /// <summary>One line, whatever a row contains: no line breaks, and nothing that a terminal would obey.</summary>
    public static string Clean(string text) => string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c)).TrimEnd();

    private static string Cut(string text) => text.Length <= MaxDetails ? text : string.Concat(text.AsSpan(0, MaxDetails - 1), "…");

    private void Write(string mark, string colour, string what, string details, ref int count)
    {
        lock (_gate)
        {
            count++;
            Write(mark, colour, what, Cut(details));
        }
    }

    private void Write(string mark, string colour, string what, string details)
    {
        lock (_gate)
        {
            var time = TimeProvider.System.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
            var painted = useColours ? $"\e[{colour}m{mark,-6}\e[0m" : $"{mark,-6}";
            output.WriteLine($"{time}  {painted}  {Clean($"{what,-10}  {details}")}");
        }
    }
}
