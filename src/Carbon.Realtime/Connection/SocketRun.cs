using System.Threading.Channels;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Connection;

/// <summary>One attempt: prepare, dial, read to the end, report. Its loops run on the scheduler and outlive nobody.</summary>
internal sealed class SocketRun(
    RealtimeEnvironment environment, IRealtimeSocketFactory factory, RealtimeSocketAddress address, TimeSpan connectTimeout, RealtimeConnection owner, MessageReader reader)
{
    private readonly Channel<byte[]> _outbound = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private IRealtimeSocket? _socket;
    private ServerFault? _fault;

    public bool WasOpen { get; private set; }

    /// <summary>Whether we closed it because nobody needed it.</summary>
    public bool IsVoluntary { get; private set; }

    public void Send(byte[] frame) => _outbound.Writer.TryWrite(frame);

    /// <summary>Ends the attempt at once. Posted, for a socket's abort may run other code inline.</summary>
    public void Abort(ServerFault fault)
    {
        _fault ??= fault;
        environment.Scheduler.Post(Stop);
    }

    /// <summary>Ends an attempt that has not opened a socket yet, because nobody needs it any more.</summary>
    public void GiveUp()
    {
        IsVoluntary = true;
        Abort(FaultTable.Close(null, null));
    }

    /// <summary>Sends what is queued, then closes politely. Whoever calls it sees to it that this does not take for ever.</summary>
    public void Close()
    {
        IsVoluntary = true;
        _outbound.Writer.TryComplete();
    }

    public async Task RunAsync()
    {
        ServerFault fault;
        try
        {
            fault = await DialAndReadAsync();
        }
#pragma warning disable CA1031 // Whatever a socket throws is the end of the connection, classified here.
        catch (Exception e)
#pragma warning restore CA1031
        {
            fault = _fault ?? Classify(e);
        }

        owner.OnEnded(this, fault);
    }

    private async Task<ServerFault> DialAndReadAsync()
    {
        await owner.PrepareAsync();
        using (var late = new CancellationTokenSource(connectTimeout, environment.TimeProvider))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _stop.Token))
        using (var connecting = owner.Instruments.StartConnect(owner.Recovery.Attempt + 1))
        {
            try
            {
                Volatile.Write(ref _socket, await factory.ConnectAsync(address, either.Token));
                connecting.Succeed();
            }
            catch (OperationCanceledException) when (late.IsCancellationRequested)
            {
                connecting.Fail(RealtimeErrorReason.ServerUnreachable);
                return new ServerFault(RealtimeErrorReason.ServerUnreachable, Reaction.Retry,
                    $"No answer from {address} within {connectTimeout.TotalSeconds:0.#} s.");
            }
            catch (Exception e) when (!_stop.IsCancellationRequested)
            {
                connecting.Fail(Classify(e).Reason);
                throw;
            }
        }

        await using var socket = _socket!;
        if (!owner.OnOpened(this))
        {
            return _fault ?? FaultTable.Close(null, null);
        }

        WasOpen = true;
        owner.Instruments.ConnectionOpened();
        var sending = SendAllAsync(socket);
        try
        {
            return await ReadAllAsync(socket);
        }
        finally
        {
            owner.Instruments.ConnectionClosed();
            reader.OnBurstEnd();

            // The writer may be inside a send that only the abort ends; nothing of this attempt may outlive it.
            _outbound.Writer.TryComplete();
            Stop();
            await sending;
        }
    }

    /// <summary>Whatever the socket does about it: what it throws, or what it has registered for the cancellation, is nobody's on the scheduler, and would end the process.</summary>
    private void Stop()
    {
        _stop.CancelQuietly();
        try
        {
            Volatile.Read(ref _socket)?.Abort();
        }
#pragma warning disable CA1031 // A socket that cannot even be given up: its loops end by their cancellation, or never.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private async Task<ServerFault> ReadAllAsync(IRealtimeSocket socket)
    {
        while (true)
        {
            var receiving = socket.ReceiveAsync(_stop.Token);
            if (!receiving.IsCompleted)
            {
                reader.OnBurstEnd();
            }

            var message = await receiving;
            if (message.Kind == SocketMessageKind.Closed)
            {
                return _fault ?? FaultTable.Close(message.CloseCode, message.CloseReason);
            }

            reader.OnMessage(message);
        }
    }

    private async Task SendAllAsync(IRealtimeSocket socket)
    {
        try
        {
            while (await _outbound.Reader.WaitToReadAsync(_stop.Token))
            {
                while (_outbound.Reader.TryRead(out var frame))
                {
                    await socket.SendAsync(frame, _stop.Token);
                }
            }

            await socket.CloseAsync(_stop.Token);
        }
#pragma warning disable CA1031 // A failed send is the end of the socket; the reader reports it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Abort(Classify(e));
        }
    }

    private ServerFault Classify(Exception e) => e switch
    {
        UpgradeRefusedException refused => FaultTable.Upgrade(refused.StatusCode, refused.Body),
        RealtimeException known => new ServerFault(known.Reason, known.IsTransient ? Reaction.Retry : Reaction.RetrySlowly, known.Message, known.ServerCode),
        _ when !WasOpen => new ServerFault(RealtimeErrorReason.ServerUnreachable, Reaction.Retry,
            $"{address} cannot be reached ({Name(Innermost(e))}); check Url and the network."),
        _ => FaultTable.Close(null, Innermost(e).GetType().Name),
    };

    /// <summary>The kind of a failure; its text is the system's and may be in any language.</summary>
    private static string Name(Exception e) => e is System.Net.Sockets.SocketException socket ? socket.SocketErrorCode.ToString() : e.GetType().Name;

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;
}
