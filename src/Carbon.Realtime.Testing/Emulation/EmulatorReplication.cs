namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// The write-ahead log and its poll: judges every change at poll time and sends it to who may see it. Guarded by the agenda's lock.
/// </summary>
internal sealed class EmulatorReplication(EmulatorOptions options, EmulatorAgenda agenda, EmulatorServer server, IEmulatorSource source)
{
    private readonly List<LoggedChange> _log = [];
    private readonly Queue<(TimeSpan At, LoggedChange[] Changes)> _handed = new();
    private TimeSpan? _repetition;
    private TimeSpan _slotFrom;
    private bool _isPolling;

    /// <summary>How many of the next changes reach nobody.</summary>
    public int ToDrop { get; set; }

    /// <summary>How long after its poll a change is sent again to a channel that joins; nothing for never.</summary>
    public TimeSpan? Repetition
    {
        get => _repetition;
        set
        {
            _repetition = value;
            _handed.Clear();
        }
    }

    public void Commit(IReadOnlyList<LoggedChange> changes)
    {
        if (agenda.Elapsed < _slotFrom)
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
        _slotFrom = coldFor == Timeout.InfiniteTimeSpan || coldFor > TimeSpan.MaxValue - agenda.Elapsed ? TimeSpan.MaxValue : agenda.Elapsed + coldFor;
        source.LoseSlot();
    }

    /// <summary>The slot is there, nothing is dropped, and the limit is what it was at first.</summary>
    public void Heal()
    {
        _slotFrom = TimeSpan.Zero;
        ToDrop = 0;
        Repetition = null;
        server.ChangeRate.Limit = options.Limits.ChangesPerSecond;
    }

    /// <summary>The channel has just joined: it may get once more what others got.</summary>
    public void Repeat(EmulatorChannel channel)
    {
        ForgetHanded();
        if (_handed.Count > 0)
        {
            Hand([.. _handed.SelectMany(static h => h.Changes)], [(channel, channel.Subscriptions)], isAgain: true, static () => { });
        }
    }

    private void ForgetHanded()
    {
        while (_handed.TryPeek(out var oldest) && agenda.Elapsed - oldest.At > Repetition)
        {
            _handed.Dequeue();
        }
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
        if (Repetition is not null)
        {
            ForgetHanded();
            _handed.Enqueue((agenda.Elapsed, polled));
        }

        Hand(polled, [.. server.Channels.Where(static c => c.Subscriptions.Count > 0 && !c.IsDeaf).Select(static c => (c, c.Subscriptions))], isAgain: false, () =>
        {
            // A database takes its time, and what was committed meanwhile waits for the next poll.
            _isPolling = false;
            Schedule();
        });
    }

    private void Hand(LoggedChange[] changes, (EmulatorChannel Channel, IReadOnlyList<EmulatorSubscription> Subscriptions)[] audience, bool isAgain, Action done) =>
        source.Judge(changes, [.. audience.SelectMany(static a => a.Subscriptions)], judged =>
        {
            try
            {
                if (judged is not null)
                {
                    Dispatch(judged, audience, isAgain);
                }
            }
#pragma warning disable CA1031 // A policy, which is the user's code, or a filter that takes too long: the poll breaks, and the next one is made all the same.
            catch (Exception e)
#pragma warning restore CA1031
            {
                agenda.LastFault = e;
            }

            done();
        });

    private void Dispatch(PolledChanges polled, (EmulatorChannel Channel, IReadOnlyList<EmulatorSubscription> Subscriptions)[] audience, bool isAgain)
    {
        if (polled.Changes.Any(change => Array.Exists(audience, a => a.Subscriptions.Any(s => s.BreaksPoll(change.Table)))))
        {
            // Every client loses the whole batch, and nobody is told (docs/protocol.md, "Thirty facts", fact 8).
            return;
        }

        if (!isAgain && server.ChangeRate.IsExceeded)
        {
            // Over the limit a whole poll is consumed and discarded (docs/protocol.md, "From join to changes").
            ToDrop = Math.Max(0, ToDrop - polled.Changes.Count);
            return;
        }

        // All is judged before anything is sent: where a policy throws, the poll reaches nobody.
        var judged = polled.Changes.Select(change => (Change: change, Frames: Array.ConvertAll(audience, a => (a.Channel, Frames(change, polled, a.Subscriptions))))).ToArray();
        foreach (var (change, frames) in judged)
        {
            if (isAgain)
            {
                Send(change, frames);
            }
            else if (ToDrop > 0)
            {
                ToDrop--;
            }
            else
            {
                server.ChangeRate.Add(Send(change, frames));
            }
        }
    }

    /// <returns>How many subscriptions the change went to.</returns>
    private int Send(EmulatorChange change, (EmulatorChannel Channel, OrderedDictionary<string, (ChangeView View, List<uint> Ids)> Frames)[] judged)
    {
        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        var isTooLarge = options.Limits.MaxRecordBytes is { } most && change.ByteCount > most;
        var missing = new HashSet<EmulatorConnection>();
        var delivered = 0;
        foreach (var (channel, frames) in judged.Where(static j => j.Channel is { IsOpen: true, IsDeaf: false }))
        {
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

    /// <summary>One frame for all bindings with the same view; ids in reverse order (docs/protocol.md, "Thirty facts", facts 19 and 20).</summary>
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
