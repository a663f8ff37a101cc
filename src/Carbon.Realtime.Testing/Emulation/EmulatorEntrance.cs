using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Where sockets are opened or refused.</summary>
internal sealed class EmulatorEntrance(EmulatorOptions options, EmulatorAgenda agenda, EmulatorTokens tokens, EmulatorServer server)
{
    /// <summary>What every connect is answered with, while set. Guarded by the agenda's lock.</summary>
    public (int Status, string Body)? Refusal { get; set; }

    public ValueTask<T> ConnectAsync<T>(
        EmulatorConnectRequest request, IEmulatorPeer peer, Func<EmulatorConnection, T> wrap, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(peer);
        var opening = new EmulatorOpening<T>(cancellationToken);
        lock (agenda.Gate)
        {
            // A connect never completes inside the call: a real one does not either.
            var refusal = EmulatorGate.Check(request, tokens, Refusal, out var version) ?? server.Admission.CheckConnect(server.Users);
            agenda.After(refusal is { IsSlow: true } ? options.Timing.ConnectErrorDelay : TimeSpan.Zero, () =>
            {
                if (refusal is not null)
                {
                    opening.Fail(new UpgradeRefusedException(refusal.Status, refusal.Body));
                }
                else if (!opening.Task.IsCompleted)
                {
                    var connection = server.Open(peer, version, request.ApiKey!);
                    if (!opening.Succeed(wrap(connection)))
                    {
                        // The client gave up at this very moment.
                        connection.Disconnect();
                    }
                }
            });
        }

        return new ValueTask<T>(opening.Task);
    }
}
