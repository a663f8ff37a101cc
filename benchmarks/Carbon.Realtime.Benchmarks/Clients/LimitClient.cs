using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>
/// The limit: what any client built on <see cref="ClientWebSocket"/> and System.Text.Json has to do for an event, and nothing else.
/// One receive into one buffer, every token of the frame looked at once, one row.
/// </summary>
internal sealed class LimitClient : IRowClient
{
    public async Task<IAsyncDisposable> SubscribeAsync<TRow>(RunOptions options, JsonTypeInfo<TRow> row, IMeter meter) where TRow : RaceRow
    {
        var socket = await BareSubscription.OpenAsync(options.Port);
        return new Subscription(socket, LoopAsync(socket, options, row, meter));
    }

    /// <summary>The property of a change that is decoded: of a delete the old record, which is all it has; else the new one, whatever else was sent.</summary>
    internal static byte[] RecordOf(ChangeKind kind) => kind == ChangeKind.Delete ? [.. "old_record"u8] : [.. "record"u8];

    /// <summary>Tokenises the whole frame and decodes its record.</summary>
    /// <remarks>
    /// By span, with the record skipped by the reader before: the reader overload of <c>Deserialize</c> skips inside as well and is no
    /// cheaper (<see cref="Micro.RecordBenchmarks"/>: 2.0 against 2.2 µs).
    /// </remarks>
    internal static TRow? ReadRow<TRow>(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> record, JsonTypeInfo<TRow> row)
    {
        var reader = new Utf8JsonReader(frame);
        var (start, end) = (0, 0);
        while (reader.Read())
        {
            // [join_ref, ref, topic, event, { "data": { "record": …
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 3 || !reader.ValueTextEquals(record)) continue;
            reader.Read();
            start = (int)reader.TokenStartIndex;
            reader.Skip();
            end = (int)reader.BytesConsumed;
        }

        return JsonSerializer.Deserialize(frame[start..end], row);
    }

    private static async Task LoopAsync<TRow>(ClientWebSocket socket, RunOptions options, JsonTypeInfo<TRow> row, IMeter meter) where TRow : RaceRow
    {
        try
        {
            var record = RecordOf(options.Load.Kind);
            var buffer = new byte[64 * 1024];
            for (var i = 0L; i < options.Total; i++)
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
                meter.OnRow(ReadRow(buffer.AsSpan(0, length), record, row)!);
            }
        }
        catch (Exception exception)
        {
            meter.Fail(exception.ToString());
        }
    }

    private sealed class Subscription(ClientWebSocket socket, Task loop) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            socket.Dispose();
            await loop;
        }
    }
}
