namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// The write-ahead log and its poll: judges every change at poll time and sends it to who may see it. Guarded by the agenda's lock.
/// </summary>
internal sealed class EmulatorReplication(EmulatorOptions options, EmulatorAgenda agenda, EmulatorServer server, IEmulatorSource source)
{
    private readonly List<LoggedChange> _log = [];
    private DateTimeOffset _slotFrom = DateTimeOffset.MinValue;
    private bool _isPolling;

    /// <summary>How many of the next changes reach nobody.</summary>
    public int ToDrop { get; set; }

    public EmulatorRate Rate { get; } = new(agenda.Environment.TimeProvider) { Limit = options.Limits.ChangesPerSecond };

    public void Commit(IReadOnlyList<LoggedChange> changes)
    {
        if (agenda.Now < _slotFrom)
        {
            // What was committed before the slot existed is in no log.
            return;
        }

        _log.AddRange(changes);
        Schedule();
    }

    /// <summary>The slot is created anew at the end of the log (docs/protocol.md, "Silent loss").</summary>
    /// <param name="coldFor">How long there is none: its creation waits for open write transactions.</param>
    public void LoseSlot(TimeSpan coldFor)
    {
        _log.Clear();
        _slotFrom = coldFor == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : agenda.Now + coldFor;
        source.LoseSlot();
    }

    /// <summary>The slot is there, nothing is dropped, and the limit is what it was at first.</summary>
    public void Heal()
    {
        _slotFrom = DateTimeOffset.MinValue;
        ToDrop = 0;
        Rate.Limit = options.Limits.ChangesPerSecond;
    }

    private void Schedule()
    {
        if (!_isPolling && _log.Count > 0)
        {
            _isPolling = true;
            agenda.After(agenda.Draw(options.Timing.PollDelay), Poll);
        }
    }

    private void Poll()
    {
        var polled = _log.ToArray();
        _log.Clear();
        var audience = server.Channels.Where(static c => c.Subscriptions.Count > 0 && !c.IsDeaf).Select(static c => (c, c.Subscriptions)).ToArray();
        source.Judge(polled, [.. audience.SelectMany(static a => a.Subscriptions)], judged =>
        {
            _isPolling = false;
            if (judged is not null)
            {
                Dispatch(judged, audience);
            }

            // A database takes its time, and what was committed meanwhile waits for the next poll.
            Schedule();
        });
    }

    private void Dispatch(PolledChanges polled, (EmulatorChannel Channel, IReadOnlyList<EmulatorSubscription> Subscriptions)[] audience)
    {
        if (polled.Changes.Any(change => Array.Exists(audience, a => a.Subscriptions.Any(s => s.BreaksPoll(change.Table)))))
        {
            // Every client loses the whole batch, and nobody is told (docs/protocol.md, "Thirty facts", fact 8).
            return;
        }

        foreach (var change in polled.Changes)
        {
            if (ToDrop > 0)
            {
                ToDrop--;
            }
            else if (!Rate.IsExceeded)
            {
                // Over the limit they are consumed and discarded (docs/protocol.md, "Thirty facts", fact 7).
                Rate.Add(Dispatch(change, polled, audience));
            }
        }
    }

    /// <returns>How many subscriptions the change went to.</returns>
    private int Dispatch(
        EmulatorChange change, PolledChanges polled, (EmulatorChannel Channel, IReadOnlyList<EmulatorSubscription> Subscriptions)[] audience)
    {
        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        var isTooLarge = options.Limits.MaxRecordBytes is { } most && change.ByteCount > most;
        var missing = new HashSet<EmulatorConnection>();
        var delivered = 0;
        foreach (var (channel, subscriptions) in audience.Where(static a => a.Channel is { IsOpen: true, IsDeaf: false }))
        {
            var frames = Frames(change, polled, subscriptions);
            if (frames.Count > 0 && channel.Connection.ChangesToDrop > 0)
            {
                missing.Add(channel.Connection);
                continue;
            }

            foreach (var (key, (view, ids)) in frames)
            {
                if (!data.TryGetValue(key, out var json))
                {
                    json = ChangeWriter.Data(change, view, isTooLarge);
                    data.Add(key, json);
                }

                // The old API has the change as the payload, and no ids.
                var payload = channel.IsLegacy ? json : ChangeWriter.Payload(json, ids);
                server.Trouble.Stream.Send(channel, change, channel.IsLegacy ? change.Type : "postgres_changes", payload);
                delivered += ids.Count;
            }
        }

        foreach (var connection in missing)
        {
            connection.ChangesToDrop--;
        }

        return delivered;
    }

    /// <summary>One frame for all bindings with the same view; ids in reverse order (section 24, facts 19 and 20).</summary>
    private static OrderedDictionary<string, (ChangeView View, List<uint> Ids)> Frames(
        EmulatorChange change, PolledChanges polled, IReadOnlyList<EmulatorSubscription> subscriptions)
    {
        var frames = new OrderedDictionary<string, (ChangeView View, List<uint> Ids)>(StringComparer.Ordinal);
        for (var i = subscriptions.Count - 1; i >= 0; i--)
        {
            if (ChangeJudge.Judge(change, subscriptions[i], polled) is { } view)
            {
                if (!frames.TryGetValue(view.Key, out var frame))
                {
                    frame = (view, []);
                    frames.Add(view.Key, frame);
                }

                frame.Ids.Add(subscriptions[i].Binding.Id);
            }
        }

        return frames;
    }
}
