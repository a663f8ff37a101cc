namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// The write-ahead log and its poll: judges every change at poll time and sends it to who may see it. Guarded by the agenda's lock.
/// </summary>
internal sealed class EmulatorReplication(EmulatorOptions options, EmulatorAgenda agenda, EmulatorServer server)
{
    private readonly List<EmulatorChange> _log = [];
    private bool _isPolling;

    public void Commit(IReadOnlyList<EmulatorChange> changes)
    {
        _log.AddRange(changes);
        if (!_isPolling && _log.Count > 0)
        {
            _isPolling = true;
            agenda.After(agenda.Draw(options.Timing.PollDelay), Poll);
        }
    }

    private void Poll()
    {
        _isPolling = false;
        var changes = _log.ToArray();
        _log.Clear();
        var channels = server.Channels.Where(static c => c.Subscriptions.Count > 0).ToArray();
        if (changes.Any(change => channels.Any(c => c.Subscriptions.Any(s => s.BreaksPoll(change.Table)))))
        {
            // Every client loses the whole batch, and nobody is told (docs/protocol.md, "Thirty facts", fact 8).
            return;
        }

        foreach (var change in changes)
        {
            Dispatch(change, channels);
        }
    }

    private static void Dispatch(EmulatorChange change, EmulatorChannel[] channels)
    {
        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var channel in channels)
        {
            // One frame for all bindings with the same view; ids in reverse order (section 24, facts 19 and 20).
            var frames = new OrderedDictionary<string, (ChangeView View, List<uint> Ids)>(StringComparer.Ordinal);
            for (var i = channel.Subscriptions.Count - 1; i >= 0; i--)
            {
                if (ChangeJudge.Judge(change, channel.Subscriptions[i]) is { } view)
                {
                    if (!frames.TryGetValue(view.Key, out var frame))
                    {
                        frame = (view, []);
                        frames.Add(view.Key, frame);
                    }

                    frame.Ids.Add(channel.Subscriptions[i].Binding.Id);
                }
            }

            foreach (var (key, (view, ids)) in frames)
            {
                if (!data.TryGetValue(key, out var json))
                {
                    json = ChangeWriter.Data(change, view);
                    data.Add(key, json);
                }

                // The fast lane carries no reference at all (section 2.2).
                channel.Connection.Push(WireFrame.NullRef, WireFrame.NullRef, channel.Topic, "postgres_changes", ChangeWriter.Payload(json, ids));
            }
        }
    }
}
