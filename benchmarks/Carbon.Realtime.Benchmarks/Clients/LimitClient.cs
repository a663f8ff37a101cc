using System.Net.WebSockets;
using System.Text.Json;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;
using Carbon.Realtime.Benchmarks.Sender;

namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>
/// The limit: what any client built on <see cref="ClientWebSocket"/> and System.Text.Json has to do for an event, and nothing else.
/// One receive into one buffer, every token of the frame looked at once, one row.
/// </summary>
internal static class LimitClient
{
    public static async Task<RunFigures> RunAsync(RunOptions options)
    {
        using var socket = await BareSubscription.OpenAsync(options.Port);
        var meter = new Meter(options);
        using var sender = SenderControl.Go(options.Port, options.Total, out _);
        var loop = LoopAsync(socket, meter, options.Total);
        var figures = await meter.CompletionAsync();
        await loop;
        return sender.AddTo(figures);
    }

    private static async Task LoopAsync(ClientWebSocket socket, Meter meter, long events)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            for (var i = 0L; i < events; i++)
            {
                var length = 0;
                ValueWebSocketReceiveResult received;
                do
                {
                    if (length == buffer.Length) Array.Resize(ref buffer, length * 2);
                    received = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += received.Count;
                }
                while (!received.EndOfMessage);
                var row = ReadRow(buffer.AsSpan(0, length))!;
                meter.OnEvent(row.Id.Length + row.Name.Length);
            }
        }
        catch (Exception exception)
        {
            meter.Fail(exception.ToString());
        }
    }

    /// <summary>Tokenises the whole frame and decodes its record.</summary>
    /// <remarks>
    /// By span, with the record skipped by the reader before: the reader overload of <c>Deserialize</c> skips inside as well and is no
    /// cheaper (<see cref="Micro.RecordBenchmarks"/>: 2.0 against 2.2 µs).
    /// </remarks>
    internal static Item? ReadRow(ReadOnlySpan<byte> frame)
    {
        var reader = new Utf8JsonReader(frame);
        var (start, end) = (0, 0);
        while (reader.Read())
        {
            // [join_ref, ref, topic, event, { "data": { "record": …
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 3 || !reader.ValueTextEquals("record"u8)) continue;
            reader.Read();
            start = (int)reader.TokenStartIndex;
            reader.Skip();
            end = (int)reader.BytesConsumed;
        }

        return JsonSerializer.Deserialize(frame[start..end], BenchJson.Default.Item);
    }
}
