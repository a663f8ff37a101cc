using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Benchmarks.Growth;

/// <summary>
/// A server in this process, and the socket to it: no kernel, no WebSocket, no second process. What is left is the client's own work, so that what grows with the number of something is not
/// hidden behind what every event costs.
/// </summary>
internal sealed class MemoryServer : IRealtimeSocketFactory, IRealtimeSocket
{
    private readonly Channel<ReadOnlyMemory<byte>[]> _batches = Channel.CreateUnbounded<ReadOnlyMemory<byte>[]>();
    private readonly ConcurrentDictionary<string, (string Topic, List<long> Ids)> _bindings = new(StringComparer.Ordinal);
    private ReadOnlyMemory<byte>[] _batch = [];
    private int _at;
    private long _id = 10_000_000;

    /// <summary>Channels that have joined.</summary>
    public int Channels { get; private set; }

    /// <summary>Where the changes of a filter go, and the ids of its bindings; of the empty filter those of all rows.</summary>
    public (string Topic, IReadOnlyList<long> Ids) Of(string filter) => _bindings[filter];

    /// <summary>Sends frames, and returns before they have arrived.</summary>
    public void Send(ReadOnlyMemory<byte>[] frames) => _batches.Writer.TryWrite(frames);

    public ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken) => ValueTask.FromResult<IRealtimeSocket>(this);

    public ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken) =>
        _at < _batch.Length ? ValueTask.FromResult(SocketMessage.Text(_batch[_at++])) : NextBatchAsync(cancellationToken);

    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken)
    {
        using var document = JsonDocument.Parse(utf8Text);
        var frame = document.RootElement;
        var (joinRef, reference, topic) = (frame[0].GetRawText(), frame[1].GetRawText(), frame[2].GetString()!);
        switch (frame[3].GetString())
        {
            case "phx_join":
                Join(joinRef, reference, topic, frame[4].GetProperty("config").GetProperty("postgres_changes"));
                break;
            case "heartbeat" or "phx_leave":
                Answer($$$"""[{{{joinRef}}},{{{reference}}},"{{{topic}}}","phx_reply",{"status":"ok","response":{}}]""");
                break;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        Abort();
        return ValueTask.CompletedTask;
    }

    public void Abort() => _batches.Writer.TryComplete(new IOException("The socket was closed."));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask<SocketMessage> NextBatchAsync(CancellationToken cancellationToken)
    {
        _batch = await _batches.Reader.ReadAsync(cancellationToken);
        _at = 1;
        return SocketMessage.Text(_batch[0]);
    }

    private void Join(string joinRef, string reference, string topic, JsonElement bindings)
    {
        Channels++;
        var echoes = new List<string>();
        foreach (var binding in bindings.EnumerateArray())
        {
            var id = _id++;
            var filter = binding.TryGetProperty("filter", out var text) ? text.GetString()! : "";
            if (binding.GetProperty("event").GetString() is "*" or "INSERT")
            {
                _bindings.GetOrAdd(filter, static (_, topic) => (topic, []), topic).Ids.Add(id);
            }

            echoes.Add(string.Create(CultureInfo.InvariantCulture, $$"""{"id":{{id}},{{binding.GetRawText().AsSpan(1)}}"""));
        }

        Answer($$$"""[{{{joinRef}}},{{{reference}}},"{{{topic}}}","phx_reply",{"status":"ok","response":{"postgres_changes":[{{{string.Join(',', echoes)}}}]}}]""");
        Answer($$"""[{{joinRef}},null,"{{topic}}","system",{"message":"Subscribed to PostgreSQL","status":"ok","extension":"postgres_changes","channel":"{{topic["realtime:".Length..]}}"}]""");
    }

    private void Answer(string message) => Send([Encoding.UTF8.GetBytes(message)]);
}
