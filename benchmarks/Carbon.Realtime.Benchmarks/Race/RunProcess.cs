using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>One run: a fresh sender and a fresh contender, each a process of its own, so that no run inherits another's JIT, heap or sockets.</summary>
internal static class RunProcess
{
    /// <param name="contender">Who runs.</param>
    /// <param name="load">What is sent.</param>
    /// <param name="events">How many events are measured.</param>
    /// <param name="warmup">And before that.</param>
    /// <param name="figures">What the contender prints.</param>
    /// <param name="more">Further arguments of the contender.</param>
    public static TFigures Run<TFigures>(string contender, Workload load, long events, long warmup, JsonTypeInfo<TFigures> figures, params string[] more)
    {
        string[] what = ["--row", load.Row.ToString(), "--kind", load.Kind.ToString()];
        using var sender = Start(Environment.ProcessPath!, "sender", what);
        try
        {
            var listening = sender.StandardOutput.ReadLine()?.Split(' ');
            if (listening is not ["listening", var port]) throw new InvalidOperationException("The sender did not start.");
            var (program, first) = contender == Contenders.RealtimeJs ? (RealtimeJsProgram.Node, RealtimeJsProgram.Script) : (Environment.ProcessPath!, contender);
            using var client = Start(program, first, [.. what, "--port", port, "--warmup", Text(warmup), "--events", Text(events), .. more]);
            var output = client.StandardOutput.ReadToEnd();
            client.WaitForExit();
            return client.ExitCode == 0
                ? JsonSerializer.Deserialize(output, figures)!
                : throw new InvalidOperationException($"A run of {contender} failed; its error is above.");
        }
        finally
        {
            sender.StandardInput.Close(); // the sender's signal to end
            sender.WaitForExit();
        }
    }

    private static Process Start(string program, string first, IEnumerable<string> others) => Process.Start(new ProcessStartInfo(program, [first, .. others])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
