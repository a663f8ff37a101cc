using Carbon.Realtime.Benchmarks.Latency;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;
using Carbon.Realtime.Benchmarks.Sender;

namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>One run in this process: a contender subscribes, the sender is told to send, and what comes is measured.</summary>
internal static class ContenderRun
{
    /// <summary>How fast it takes what is sent as fast as it can.</summary>
    public static async Task<RunFigures> SpeedAsync(string contender, RunOptions options)
    {
        if (contender == Contenders.Drain) return await DrainClient.RunAsync(options);
        var meter = new Meter(options);
        await using var subscription = await SubscribeAsync(contender, options, meter);
        using var sender = new SenderControl(options.Port);
        sender.Send(new SendOrder(options.Warmup));
        await meter.WarmUpAsync();
        sender.Wait();
        meter.Start();
        sender.Send(new SendOrder(options.Events));
        var figures = await meter.CompletionAsync();
        return figures with { SenderBusy = sender.Wait().Busy };
    }

    /// <summary>How late its rows are, of what is sent at a steady rate.</summary>
    public static async Task<LatencyFigures> LatencyAsync(string contender, RunOptions options, long perSecond)
    {
        var meter = new LatencyMeter(options);
        await using var subscription = await SubscribeAsync(contender, options, meter);
        using var sender = new SenderControl(options.Port);
        sender.Send(new SendOrder(options.Total, perSecond));
        var figures = await meter.CompletionAsync();
        return figures with { SentPerSecond = options.Total / sender.Wait().Seconds };
    }

    private static Task<IAsyncDisposable> SubscribeAsync(string contender, RunOptions options, IMeter meter)
    {
        IRowClient client = contender switch
        {
            Contenders.Limit => new LimitClient(),
            Contenders.Carbon => new CarbonClient(),
            _ => throw new ArgumentException($"There is no command '{contender}' in this build."),
        };
        return options.Load.Row switch
        {
            RowSize.Item => client.SubscribeAsync(options, BenchJson.Default.Item, meter),
            RowSize.Small => client.SubscribeAsync(options, BenchJson.Default.SmallItem, meter),
            RowSize.Large => client.SubscribeAsync(options, BenchJson.Default.LargeItem, meter),
            _ => throw new ArgumentOutOfRangeException(nameof(options)),
        };
    }
}
