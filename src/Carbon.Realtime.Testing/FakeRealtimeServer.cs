using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Testing;

/// <summary>The network as the test wants it: hands out <see cref="FakeRealtimeSocket"/>s whose other end the test holds.</summary>
public sealed class FakeRealtimeServer : IRealtimeSocketFactory
{
    private readonly Lock _gate = new();
    private readonly Queue<Func<CancellationToken, Task>> _nextConnects = new();
    private readonly List<FakeRealtimeSocket> _sockets = [];

    /// <summary>Every address that was dialled, in order.</summary>
    public IReadOnlyList<RealtimeSocketAddress> Dialed => _dialed;

    private readonly List<RealtimeSocketAddress> _dialed = [];

    /// <summary>Every socket that was opened, in order.</summary>
    public IReadOnlyList<FakeRealtimeSocket> Sockets
    {
        get
        {
            lock (_gate)
            {
                return [.. _sockets];
            }
        }
    }

    /// <summary>The socket opened last.</summary>
    /// <exception cref="InvalidOperationException">None was opened.</exception>
    public FakeRealtimeSocket Socket => Sockets.Count > 0 ? Sockets[^1] : throw new InvalidOperationException("Nobody has connected.");

    /// <summary>Sees each socket as it is opened, before the client does: the place for a server that answers by itself.</summary>
    public Action<FakeRealtimeSocket>? Opened { get; set; }

    /// <summary>The next connect fails with <paramref name="error"/>.</summary>
    public void FailNext(Exception error) => Enqueue(_ => Task.FromException(error));

    /// <summary>The next connect is refused with an HTTP answer.</summary>
    public void RefuseNext(int statusCode, string? body) => FailNext(new UpgradeRefusedException(statusCode, body));

    /// <summary>The next connect never answers.</summary>
    public void HangNext() => HoldNext(new TaskCompletionSource().Task);

    /// <summary>The next connect waits for <paramref name="release"/>.</summary>
    public void HoldNext(Task release) => Enqueue(token => release.WaitAsync(token));

    /// <inheritdoc/>
    public async ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken)
    {
        Func<CancellationToken, Task>? next;
        lock (_gate)
        {
            _dialed.Add(address);
            _nextConnects.TryDequeue(out next);
        }

        if (next is not null)
        {
            await next(cancellationToken);
        }

        var socket = new FakeRealtimeSocket();
        lock (_gate)
        {
            _sockets.Add(socket);
        }

        Opened?.Invoke(socket);
        return socket;
    }

    private void Enqueue(Func<CancellationToken, Task> connect)
    {
        lock (_gate)
        {
            _nextConnects.Enqueue(connect);
        }
    }
}
