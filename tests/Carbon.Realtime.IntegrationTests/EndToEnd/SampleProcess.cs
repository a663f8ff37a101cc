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

    private static SampleProcess Start(string sample, string arguments, (string Name, string Value)[] environment)
    {
        var program = typeof(SampleProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == sample).Value!;
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", $"exec \"{program}\" {arguments}")
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
