using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>A sample or the tool as a process of its own, as users run it.</summary>
internal sealed class SampleProcess : IDisposable
{
    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(60));
    private readonly List<string> _lines = [];
    private readonly Process _process;
    private readonly Task<string> _errors;

    private SampleProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync(_hang.Token);
    }

    /// <summary>Starts <c>carbon-watch</c>, samples/Console.</summary>
    public static SampleProcess Watch(string arguments, params (string Name, string Value)[] environment) => Start("carbon-watch", arguments, environment);

    /// <summary>Starts <c>carbon-labels</c>, samples/Worker.</summary>
    public static SampleProcess Labels(string arguments, params (string Name, string Value)[] environment) => Start("carbon-labels", arguments, environment);

    /// <summary>Starts <c>carbon-realtime</c>, the tool.</summary>
    public static SampleProcess Tool(string arguments) => Start("carbon-realtime", arguments, []);

    /// <summary>The same as if these tests ran as a background job of a script, for which shells switch SIGINT off, and so for all that it starts. On Linux only.</summary>
    public static SampleProcess ToolOfABackgroundJob(string arguments) => Start("carbon-realtime", arguments, [], isBackgroundJob: true);

    /// <summary>Reads on until a line that contains a text.</summary>
    public async Task<string> LineAsync(string text)
    {
        while (await _process.StandardOutput.ReadLineAsync(_hang.Token) is { } line)
        {
            _lines.Add(line);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }

        throw new InvalidOperationException($"No line contains '{text}':\n{string.Join('\n', _lines)}\n{await _errors}");
    }

    /// <summary>Sends a signal, as a terminal or a supervisor does.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-s", signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(_hang.Token);
        kill.ExitCode.Should().Be(0);
    }

    /// <summary>Waits for its end; gives everything it wrote.</summary>
    public async Task<(int ExitCode, IReadOnlyList<string> Lines, string Errors)> EndAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync(_hang.Token) is { } line)
        {
            _lines.Add(line);
        }

        await _process.WaitForExitAsync(_hang.Token);
        return (_process.ExitCode, _lines, await _errors);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
        _hang.Dispose();
    }

    /// <summary>Whether this process ignores SIGINT, and so would whatever it starts, for ever: nobody but <c>env</c> switches it on again.</summary>
    private static bool IgnoresInterrupts()
    {
        const string Mask = "SigIgn:";
        const ulong Interrupt = 1 << (2 - 1);
        return OperatingSystem.IsLinux()
            && File.ReadLines("/proc/self/status").FirstOrDefault(static l => l.StartsWith(Mask, StringComparison.Ordinal)) is { } line
            && (ulong.Parse(line.AsSpan(Mask.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & Interrupt) != 0;
    }

    private static SampleProcess Start(string sample, string arguments, (string Name, string Value)[] environment, bool isBackgroundJob = false)
    {
        var program = typeof(SampleProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == sample).Value!;
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var run = $"exec \"{program}\" {arguments}";

        // env becomes the program: the process that a signal is sent to is the same one.
        var (file, line) = isBackgroundJob ? ("env", $"--ignore-signal=INT env --default-signal=INT \"{host}\" {run}")
            : IgnoresInterrupts() ? ("env", $"--default-signal=INT \"{host}\" {run}")
            : (host, run);
        var start = new ProcessStartInfo(file, line)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("CARBON_REALTIME_KEY");
        start.Environment.Remove("CARBON_REALTIME_TOKEN");
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new SampleProcess(Process.Start(start)!);
    }
}
