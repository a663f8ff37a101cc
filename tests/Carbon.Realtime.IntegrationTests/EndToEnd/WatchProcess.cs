using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

/// <summary>The sample <c>carbon-watch</c> as a process of its own, as users run it.</summary>
internal sealed class WatchProcess : IDisposable
{
    private static readonly string Program =
        typeof(WatchProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(static a => a.Key == "carbon-watch").Value!;

    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(60));
    private readonly List<string> _lines = [];
    private readonly Process _process;
    private readonly Task<string> _errors;

    private WatchProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync(_hang.Token);
    }

    public static WatchProcess Start(string arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", $"exec \"{Program}\" {arguments}")
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

        return new WatchProcess(Process.Start(start)!);
    }

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
}
