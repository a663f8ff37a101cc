using System.Text;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Testing;

/// <summary>A socket whose server's end the test holds, message by message.</summary>
public sealed class FakeRealtimeSocket : IRealtimeSocket
{
    private readonly Lock _gate = new();
    private readonly Queue<SocketMessage> _inbound = new();
    private readonly List<string> _sent = [];
    private TaskCompletionSource<SocketMessage>? _receiving;
    private Exception? _broken;

    /// <summary>Every text message the client sent, in order.</summary>
    public IReadOnlyList<string> Sent
    {
        get
        {
            lock (_gate)
            {
                return [.. _sent];
            }
        }
    }

    /// <summary>Sees each message the client sends, on the client's sending loop: the place for a server that answers by itself.</summary>
    public Action<string>? OnSent { get; set; }

    /// <summary>Whether the client closed politely.</summary>
    public bool IsClosedByClient { get; private set; }

    /// <summary>Whether the client gave the socket up.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>Whether the client is done with it.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>Whether a polite close is answered; otherwise it stays open until the client aborts. Default yes.</summary>
    public bool AnswersClose { get; set; } = true;

    /// <summary>Sends fail with this from now on.</summary>
    public Exception? SendFailure { get; set; }

    /// <summary>The server sends a text message.</summary>
    public void Deliver(string message) => Enqueue(SocketMessage.Text(Encoding.UTF8.GetBytes(message)));

    /// <summary>The server sends text bytes, which need not be text.</summary>
    public void Deliver(ReadOnlyMemory<byte> message) => Enqueue(SocketMessage.Text(message));

    /// <summary>The server sends a binary message.</summary>
    public void DeliverBinary(ReadOnlyMemory<byte> message) => Enqueue(SocketMessage.Binary(message));

    /// <summary>The server sends a message over the client's limit.</summary>
    public void DeliverTooLarge() => Enqueue(SocketMessage.TooLarge());

    /// <summary>The server closes.</summary>
    public void CloseFromServer(int? code = 1000, string? reason = null) => Enqueue(SocketMessage.Closed(code, reason));

    /// <summary>The connection breaks without a close; what was delivered before is still received.</summary>
    public void Break(Exception? error = null)
    {
        lock (_gate)
        {
            _broken ??= error ?? new IOException("The connection broke.");
            if (_inbound.Count == 0)
            {
                _receiving?.TrySetException(_broken);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_inbound.TryDequeue(out var message))
            {
                return ValueTask.FromResult(message);
            }

            if (_broken is not null)
            {
                return ValueTask.FromException<SocketMessage>(_broken);
            }

            // A source of its own for each wait, awaited by the client itself: every combinator in between would hop to the thread pool.
            _receiving = new TaskCompletionSource<SocketMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
            cancellationToken.UnsafeRegister(static (source, token) => ((TaskCompletionSource<SocketMessage>)source!).TrySetCanceled(token), _receiving);
            return new ValueTask<SocketMessage>(_receiving.Task);
        }
    }

    /// <inheritdoc/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken)
    {
        var text = Encoding.UTF8.GetString(utf8Text.Span);
        lock (_gate)
        {
            if ((SendFailure ?? _broken) is { } error)
            {
                return ValueTask.FromException(error);
            }

            _sent.Add(text);
        }

        OnSent?.Invoke(text);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        IsClosedByClient = true;
        if (AnswersClose)
        {
            CloseFromServer();
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Abort()
    {
        IsAborted = true;
        Break(new OperationCanceledException("The socket was aborted."));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        Abort();
        return ValueTask.CompletedTask;
    }

    private void Enqueue(SocketMessage message)
    {
        lock (_gate)
        {
            if (_receiving?.TrySetResult(message) != true)
            {
                _inbound.Enqueue(message);
            }
        }
    }
}
