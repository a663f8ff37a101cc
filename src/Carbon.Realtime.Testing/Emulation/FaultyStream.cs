namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// The way of change frames to the clients, and what <see cref="StreamFaults"/> does to them on it. Guarded by the agenda's lock.
/// </summary>
internal sealed class FaultyStream(EmulatorAgenda agenda)
{
    private readonly Dictionary<EmulatorChannel, Lane> _lanes = [];
    private StreamFaults? _plan;

    /// <summary>Setting it begins a new run of the seed. What an earlier plan held up comes at once.</summary>
    public StreamFaults? Plan
    {
        get => _plan;
        set
        {
            value?.Validate();
            foreach (var lane in _lanes.Values)
            {
                lane.Flush();
            }

            _lanes.Clear();
            _plan = value;
        }
    }

    public void Send(EmulatorChannel channel, EmulatorChange change, string @event, string payload)
    {
        if (_plan is null)
        {
            channel.PushFast(@event, payload);
            return;
        }

        if (!_lanes.TryGetValue(channel, out var lane))
        {
            foreach (var closed in _lanes.Keys.Where(static c => !c.IsOpen).ToArray())
            {
                _lanes.Remove(closed);
            }

            lane = new Lane(agenda, channel, _plan, new SeededRandomizer(HashCodeOf(_plan.Seed, channel)));
            _lanes.Add(channel, lane);
        }

        lane.Send(change, @event, payload);
    }

    // Each channel has chances of its own, so that the timing of one client's frames does not change another's.
    private static int HashCodeOf(int seed, EmulatorChannel channel) =>
        unchecked((seed * 31) + (channel.Connection.Id * 1009) + channel.Number);

    /// <summary>One channel's frames in the order of their arrival.</summary>
    private sealed class Lane(EmulatorAgenda agenda, EmulatorChannel channel, StreamFaults plan, SeededRandomizer chance)
    {
        private readonly PriorityQueue<(string Event, string Payload), (TimeSpan Due, long Number)> _frames = new();
        private readonly Dictionary<string, TimeSpan> _dueOfKey = new(StringComparer.Ordinal);
        private readonly long _start = agenda.Environment.TimeProvider.GetTimestamp();
        private TimeSpan _lastDue;
        private long _lastNumber;
        private IDisposable? _timer;

        private TimeSpan Now => agenda.Environment.TimeProvider.GetElapsedTime(_start);

        public void Send(EmulatorChange change, string @event, string payload)
        {
            // Drawn for every frame, whatever comes of it: one share does not change whom another one hits.
            var isDropped = chance.NextDouble() < plan.Drop;
            var isDoubled = chance.NextDouble() < plan.Duplicate;
            var isHeldUp = chance.NextDouble() < plan.Reorder;
            var (delay, holdUp) = (plan.Delay.At(chance.NextDouble()), plan.ReorderBy.At(chance.NextDouble()));
            if (isDropped)
            {
                return;
            }

            var due = Now + delay;
            due = _lastDue = due < _lastDue ? _lastDue : due;
            due += isHeldUp ? holdUp : TimeSpan.Zero;
            foreach (var key in KeysOf(change))
            {
                if (!plan.ReordersWithinKeys && _dueOfKey.TryGetValue(key, out var last) && last > due)
                {
                    due = last;
                }
            }

            foreach (var key in KeysOf(change))
            {
                _dueOfKey[key] = due;
            }

            for (var copies = isDoubled ? 2 : 1; copies > 0; copies--)
            {
                _frames.Enqueue((@event, payload), (due, ++_lastNumber));
            }

            Run();
        }

        /// <summary>Sends everything now.</summary>
        public void Flush()
        {
            _timer?.Dispose();
            while (_frames.TryDequeue(out var frame, out _))
            {
                Push(frame);
            }
        }

        private void Run()
        {
            var now = Now;
            while (_frames.TryPeek(out var frame, out var place) && place.Due <= now)
            {
                _frames.Dequeue();
                Push(frame);
            }

            _timer?.Dispose();
            if (_frames.TryPeek(out _, out var next))
            {
                _timer = agenda.After(next.Due - now, Run);
            }
            else
            {
                _dueOfKey.Clear();
            }
        }

        private void Push((string Event, string Payload) frame)
        {
            if (channel.IsOpen)
            {
                channel.PushFast(frame.Event, frame.Payload);
            }
        }

        // Both keys of a row whose key changes. Rows without a key cannot be told apart and keep their order.
        private static IEnumerable<string> KeysOf(EmulatorChange change) =>
            ((EmulatorRow?[])[change.Old, change.New]).OfType<EmulatorRow>()
                .Select(row => $"{change.Table.Schema}.{change.Table.Name}\n{string.Join('\n', change.Table.KeyColumns.Select(i => KeyCell(row, i)))}").Distinct();

        // Of a row of a database there is only what is streamed.
        private static string KeyCell(EmulatorRow row, int column) => row.RestCells.Length > 0 ? row.RestCells[column] : row.Cells[column];
    }
}
