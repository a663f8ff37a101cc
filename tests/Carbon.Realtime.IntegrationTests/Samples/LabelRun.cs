using System.Text;
using System.Threading.Channels;
using Carbon.Realtime.IntegrationTests.EndToEnd;
using Carbon.Realtime.Samples.LabelWorker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Carbon.Realtime.IntegrationTests.Samples;

/// <summary>One run of the label worker, as its program registers it, against a project on loopback: real socket, real clock, real files.</summary>
internal sealed class LabelRun : IAsyncDisposable
{
    private readonly CancellationToken _hang;
    private readonly LineWriter _said = new();
    private readonly IHost _host;
    private bool _isOver;

    public LabelRun(LiveProject project, string folder)
    {
        _hang = project.Hang;
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton<ILabelPrinter>(Printer).AddSingleton(new Screen(_said, TimeProvider.System));
        builder.Services.AddLabels(
            options =>
            {
                options.Url = project.Host.Url;
                options.ApiKey = project.Emulator.AnonKey;
                options.ReconnectDelayMin = TimeSpan.FromMilliseconds(50);
                options.ReconnectDelayMax = TimeSpan.FromMilliseconds(50);
                options.ReturnSpread = TimeSpan.Zero;
            },
            project.Tokens, "co_1", RealtimeFilter.Parse(JobTable.WantLabels), folder);
        builder.Services.AddHostedService<LabelWorker>();
        _host = builder.Build();
        Desk = _host.Services.GetRequiredService<LabelDesk>();
        Open = _host.Services.GetRequiredService<ILiveStore<string, Job>>();
    }

    public RecordingPrinter Printer { get; } = new();

    public LabelDesk Desk { get; }

    public ILiveStore<string, Job> Open { get; }

    /// <summary>Completes when the host stops, asked to or not.</summary>
    public Task Stopped
    {
        get
        {
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopped.SetResult);
            return stopped.Task.WaitAsync(_hang);
        }
    }

    public static async Task<LabelRun> StartAsync(LiveProject project, string folder)
    {
        var run = new LabelRun(project, folder);
        await run.StartAsync();
        return run;
    }

    public Task StartAsync() => _host.StartAsync(_hang);

    /// <summary>Takes these labels, in this order.</summary>
    public async Task PrintsAsync(params string[] labels)
    {
        foreach (var label in labels)
        {
            (await Printer.NextAsync(_hang)).Should().Be(label);
        }
    }

    /// <summary>Waits until the worker has said something.</summary>
    public async Task SaysAsync(string text)
    {
        while (!(await _said.Lines.ReadAsync(_hang)).Contains(text, StringComparison.Ordinal))
        {
        }
    }

    /// <summary>Stops the host and waits until it has. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isOver)
        {
            _isOver = true;
            await _host.StopAsync(_hang);
            _host.Dispose();
        }
    }

    private sealed class LineWriter : TextWriter
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public ChannelReader<string> Lines => _lines.Reader;

        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value) => _lines.Writer.TryWrite(value ?? "");
    }
}
