using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Stores;

/// <summary>How long reads are left alone after one was refused for its token, whatever speaks for another try. Pure state: time is told.</summary>
/// <remarks>
/// A new token, and an ok of the server, are good reasons to try again, and after a first refusal they do so at once. But where a provider answers each refusal with a
/// new token and the server refuses them all, one store's refresh is another store's new token, and its push brings every store an ok: they would drive each other for ever. So each further
/// refusal makes the next wait longer, until a read succeeds.
/// </remarks>
/// <param name="longest">No wait is longer.</param>
/// <param name="randomizer">What the waits are drawn with.</param>
internal sealed class RefusalPace(TimeSpan longest, IRandomizer randomizer)
{
    private readonly Backoff _waits = new(TimeSpan.FromSeconds(1), longest, TimeSpan.Zero, randomizer);
    private bool _wasRefused;
    private TimeSpan _until;

    /// <summary>A read was refused.</summary>
    public void OnRefused(TimeSpan now)
    {
        _until = _wasRefused ? now + _waits.Next(spreadOut: false) : now;
        _wasRefused = true;
    }

    /// <summary>A read succeeded: the next refusal is a first one.</summary>
    public void OnRead()
    {
        _waits.Reset();
        _wasRefused = false;
        _until = TimeSpan.Zero;
    }

    /// <summary>How long to wait still; zero where nothing is in the way.</summary>
    public TimeSpan Left(TimeSpan now) => _until > now ? _until - now : TimeSpan.Zero;
}
