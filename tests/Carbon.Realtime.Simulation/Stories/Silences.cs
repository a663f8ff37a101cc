namespace Carbon.Realtime.Simulation.Stories;

/// <summary>When the server may have lost a change in silence: for these times a raw stream owes nothing, and only for these (docs/protocol.md, "Delivery").</summary>
internal sealed class Silences
{
    /// <summary>What is on its way from the database to the client has arrived after this long: a poll, a frame that is late, a server that pauses.</summary>
    public static readonly TimeSpan OnTheWay = TimeSpan.FromSeconds(90);

    /// <summary>A message that could not be read may have closed a channel: the client is told of a gap then, and hears nothing more until it joins anew.</summary>
    public const string LostClose = "a close that was cut";

    private readonly Dictionary<string, (TimeSpan From, TimeSpan Last)> _open = [];
    private readonly List<(TimeSpan From, TimeSpan To)> _closed = [];

    /// <summary>It may lose changes from now on, also what is on its way.</summary>
    public void Begin(string fault, TimeSpan now) => _open[fault] = (_open.TryGetValue(fault, out var open) ? open.From : now - OnTheWay, now);

    /// <summary>It loses none any more.</summary>
    public void End(string fault, TimeSpan now)
    {
        if (_open.Remove(fault, out var open))
        {
            _closed.Add((open.From, now));
        }
    }

    /// <summary>It lost what was on its way, and what comes within a time.</summary>
    public void Add(TimeSpan now, TimeSpan lasting) => _closed.Add((now - OnTheWay, now + lasting));

    /// <summary>Channels that are deaf stay so until they are joined anew, or somebody shows another token: whoever heard a gap since has a new one.</summary>
    public void EndAll(TimeSpan now)
    {
        foreach (var fault in _open.Keys.Where(static f => !IsDeafness(f)).ToList())
        {
            End(fault, now);
        }
    }

    /// <summary>A gap was told that a new join has brought: one that was made since, if it cannot have been on its way.</summary>
    public void OnJoined(TimeSpan now)
    {
        foreach (var fault in _open.Keys.Where(f => IsDeafness(f) && now > _open[f].Last + OnTheWay).ToList())
        {
            End(fault, now);
        }
    }

    public bool Cover(TimeSpan commit) => _open.Values.Any(open => open.From <= commit) || _closed.Exists(s => s.From <= commit && commit <= s.To);

    private static bool IsDeafness(string fault) => fault is "deafen" or "empty-subscriptions" or LostClose;
}
