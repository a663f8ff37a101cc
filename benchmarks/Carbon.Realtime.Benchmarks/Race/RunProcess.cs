using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>One run: a fresh sender and a fresh contender, each a process of its own, so that no run inherits another's JIT, heap or sockets.</summary>
internal static class RunProcess
{
    public static RunFigures Run(string contender, RaceOptions options)
    {
        using var sender = Start("sender", "--kind", options.Kind.ToString());
        try
        {
            var listening = sender.StandardOutput.ReadLine()?.Split(' ');
            if (listening is not ["listening", var port]) throw new InvalidOperationException("The sender did not start.");
            using var client = Start(contender, "--port", port, "--warmup", Text(options.Warmup), "--events", Text(options.Events));
            var output = client.StandardOutput.ReadToEnd();
            client.WaitForExit();
            return client.ExitCode == 0
                ? JsonSerializer.Deserialize(output, RaceJson.Default.RunFigures)!
                : throw new InvalidOperationException($"A run of {contender} failed; its error is above.");
        }
        finally
        {
            sender.StandardInput.Close(); // the sender's signal to end
            sender.WaitForExit();
        }
    }

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
