namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What the server has sent and the client has not been handed yet. All members but the drain are called under the agenda's lock.</summary>
internal sealed class EmulatorOutbox(EmulatorAgenda agenda, IEmulatorPeer peer)
{
    private readonly Queue<OutgoingMessage> _messages = new();
    private bool _isDraining;
    private bool _isBroken;

    public void Send(OutgoingMessage message)
    {
        _messages.Enqueue(message);
        Post();
    }

    /// <summary>Forgets what was not handed over.</summary>
    public void Clear() => _messages.Clear();

    /// <summary>The connection breaks, instead of what was not handed over.</summary>
    public void Break()
    {
        _messages.Clear();
        _isBroken = true;
        Post();
    }

    private void Post()
    {
        if (!_isDraining)
        {
            _isDraining = true;
            agenda.Environment.Scheduler.Post(Drain);
        }
    }

    /// <summary>The single drainer: takes what there is under the lock and hands it over outside it.</summary>
    private void Drain()
    {
        while (true)
        {
            OutgoingMessage[] batch;
            bool isBroken;
            lock (agenda.Gate)
            {
                batch = [.. _messages];
                _messages.Clear();
                isBroken = _isBroken;
                _isBroken = false;
                if (batch.Length == 0 && !isBroken)
                {
                    _isDraining = false;
                    return;
                }
            }

            foreach (var (message, fragmentBytes) in batch)
            {
                if (fragmentBytes > 0)
                {
                    peer.OnFragmented(message, fragmentBytes);
                }
                else
                {
                    peer.OnMessage(message);
                }
            }

            if (isBroken)
            {
                peer.OnBroken();
            }
        }
    }
}
