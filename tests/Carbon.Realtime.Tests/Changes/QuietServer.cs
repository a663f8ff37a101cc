using System.Text;
using System.Text.Json;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>A server that answers joins and beats and keeps nothing of what it was sent: what is kept is the client's.</summary>
internal sealed class QuietServer : IRealtimeSocketFactory
{
    /// <summary>The socket opened last.</summary>
    public QuietSocket? Socket { get; private set; }

    public ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken) => new(Socket = new QuietSocket());
}

/// <inheritdoc cref="QuietServer"/>
internal sealed class QuietSocket : IRealtimeSocket
{
    private readonly Queue<byte[]> _inbound = new();
    private TaskCompletionSource<SocketMessage>? _receiving;
    private CancellationTokenRegistration _cancelling;

    /// <summary>The topics that were joined, and how many bindings each has.</summary>
    public List<(string Topic, int Bindings)> Joined { get; } = [];

    public ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        _cancelling.Dispose(); // or the token would keep every message
        if (_inbound.TryDequeue(out var message))
        {
            return new(SocketMessage.Text(message));
        }

        _receiving = new TaskCompletionSource<SocketMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _cancelling = cancellationToken.UnsafeRegister(static (source, token) => ((TaskCompletionSource<SocketMessage>)source!).TrySetCanceled(token), _receiving);
        return new(_receiving.Task);
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken)
    {
        // No JsonDocument: it rents its arrays, and what the pool keeps of them would count.
        var reader = new Utf8JsonReader(utf8Text.Span);
        reader.Read();
        var (joinRef, reference, topic, name) = (Next(ref reader), Next(ref reader), Next(ref reader)!, Next(ref reader));
        if (name != "phx_join")
        {
            Send($$$"""[{{{Text(joinRef)}}},"{{{reference}}}","{{{topic}}}","phx_reply",{"status":"ok","response":{}}]""");
            return ValueTask.CompletedTask;
        }

        // The ids are of this server's choice: one for each binding, and the rest as it was asked for.
        var asked = Bindings(reader, utf8Text.Span);
        var answered = string.Join(',', asked.Select(static (binding, i) => $$"""{"id":{{i + 1}},{{binding}}"""));
        Joined.Add((topic, asked.Count));
        Send($$$"""["{{{reference}}}","{{{reference}}}","{{{topic}}}","phx_reply",{"status":"ok","response":{"postgres_changes":[{{{answered}}}]}}]""");
        Send($$"""["{{reference}}",null,"{{topic}}","system",{"status":"ok","extension":"postgres_changes","message":"Subscribed to PostgreSQL","channel":"x"}]""");
        return ValueTask.CompletedTask;
    }

    public ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        Abort();
        return ValueTask.CompletedTask;
    }

    public void Abort() => _receiving?.TrySetException(new OperationCanceledException("The socket was aborted."));

    public ValueTask DisposeAsync()
    {
        Abort();
        return ValueTask.CompletedTask;
    }

    /// <summary>The server sends a text message.</summary>
    public void Send(string text)
    {
        var message = Encoding.UTF8.GetBytes(text);
        if (_receiving?.TrySetResult(SocketMessage.Text(message)) != true)
        {
            _inbound.Enqueue(message);
        }
    }

    private static string? Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString();
    }

    /// <summary>Each binding's text, without the brace that it begins with.</summary>
    private static List<string> Bindings(Utf8JsonReader reader, ReadOnlySpan<byte> frame)
    {
        while (reader.TokenType != JsonTokenType.PropertyName || !reader.ValueTextEquals("postgres_changes"u8))
        {
            reader.Read();
        }

        reader.Read();
        var bindings = new List<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var start = (int)reader.BytesConsumed;
            reader.Skip();
            bindings.Add(Encoding.UTF8.GetString(frame[start..(int)reader.BytesConsumed]));
        }

        return bindings;
    }

    private static string Text(string? value) => value is null ? "null" : $"\"{value}\"";
}
