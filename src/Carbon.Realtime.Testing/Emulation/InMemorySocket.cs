using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Testing.Emulation;

internal sealed class InMemorySocketFactory(RealtimeEmulator emulator) : IRealtimeSocketFactory
{
    public ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken)
    {
        var socket = new InMemorySocket(address.MaxMessageBytes);
        return emulator.ConnectAsync(EmulatorConnectRequest.FromUri(address.Uri, address.Headers), socket, socket.Attach, cancellationToken);
    }
}

/// <summary>The client's end of a connection that never leaves the process.</summary>
internal sealed class InMemorySocket(int maxMessageBytes) : IRealtimeSocket, IEmulatorPeer
{
    private readonly Lock _gate = new();
    private readonly Queue<SocketMessage> _inbox = new();
    private TaskCompletionSource<SocketMessage>? _receiver;
    private Exception? _failure;
    private EmulatorConnection? _connection;
    private bool _isClosed;


    public IRealtimeSocket Attach(EmulatorConnection connection)
    {
        _connection = connection;
        return this;
    }

    public void OnMessage(SocketMessage message) =>
        Accept(message.Payload.Length > maxMessageBytes ? SocketMessage.TooLarge() : message, isLast: message.Kind == SocketMessageKind.Closed);

    public void OnBroken() => Fail(new IOException("The emulated connection broke."));

    public ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource<SocketMessage> receiver;
        lock (_gate)
        {
            if (_inbox.TryDequeue(out var message))
            {
                return ValueTask.FromResult(message);
            }

            if (_failure is not null)
            {
                return ValueTask.FromException<SocketMessage>(_failure);
            }

            if (_receiver is not null)
            {
                throw new InvalidOperationException("A receive is pending already.");
            }

            receiver = _receiver = new TaskCompletionSource<SocketMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return cancellationToken.CanBeCanceled ? ReceiveCancellableAsync(receiver, cancellationToken) : new ValueTask<SocketMessage>(receiver.Task);
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_failure is not null || _isClosed)
            {
                return ValueTask.FromException(_failure ?? new IOException("The emulated socket is closed."));
            }
        }

        _connection!.Receive(utf8Text.Span);
        return ValueTask.CompletedTask;
    }

    public ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        _connection!.Disconnect();
        Accept(SocketMessage.Closed(1000, ""), isLast: true);
        return ValueTask.CompletedTask;
    }

    public void Abort()
    {
        _connection!.Disconnect();
        Fail(new IOException("The emulated socket was aborted."));
    }

    public ValueTask DisposeAsync()
    {
        Abort();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<SocketMessage> ReceiveCancellableAsync(TaskCompletionSource<SocketMessage> receiver, CancellationToken cancellationToken)
    {
        using (cancellationToken.UnsafeRegister(_ => Cancel(receiver, cancellationToken), null))
        {
            return await receiver.Task;
        }
    }

    private void Cancel(TaskCompletionSource<SocketMessage> receiver, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // Whoever takes the receiver out completes it: a message that came first is not lost.
            if (!ReferenceEquals(_receiver, receiver))
            {
                return;
            }

            _receiver = null;
        }

        receiver.SetCanceled(cancellationToken);
    }

    private void Accept(SocketMessage message, bool isLast)
    {
        TaskCompletionSource<SocketMessage>? receiver;
        lock (_gate)
        {
            if (_isClosed || _failure is not null)
            {
                return;
            }

            _isClosed = isLast;
            (receiver, _receiver) = (_receiver, null);
            if (receiver is null)
            {
                _inbox.Enqueue(message);
            }
        }

        receiver?.SetResult(message);
    }

    private void Fail(Exception failure)
    {
        TaskCompletionSource<SocketMessage>? receiver;
        lock (_gate)
        {
            if (_failure is not null)
            {
                return;
            }

            _failure = failure;
            _inbox.Clear();
            (receiver, _receiver) = (_receiver, null);
        }

        receiver?.SetException(failure);
    }
}
