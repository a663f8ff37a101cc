using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Who is signed in, and a token provider that has bad days.</summary>
internal sealed class SimulatedUsers(RealtimeEmulator emulator, TimeProvider time) : IAccessTokenProvider
{
    public static readonly TimeSpan LongLifetime = TimeSpan.FromHours(1);

    /// <summary>What an answer takes on a good day.</summary>
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(20);

    private string? _last;
    private int _open;
    private int _process;

    public string Current { get; set; } = SimulatedDatabase.Users[0];

    /// <summary>Whose token was given out last: that is who the client can know of.</summary>
    public string Given { get; private set; } = SimulatedDatabase.Users[0];

    /// <summary>The next questions are answered with an error.</summary>
    public int ToFail { get; set; }

    /// <summary>The next question is answered so much later.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The next tokens are the last one again, whatever was asked for.</summary>
    public int ToRepeat { get; set; }

    public TimeSpan Lifetime { get; set; } = LongLifetime;

    public int Asked { get; private set; }

    /// <summary>How many questions of one process were open at once, at most.</summary>
    public int MostAtOnce { get; private set; }

    /// <summary>All that were ever given out: none may be in a log.</summary>
    public HashSet<string> Issued { get; } = [];

    public void Heal() => (ToFail, Delay, ToRepeat, Lifetime) = (0, TimeSpan.Zero, 0, LongLifetime);

    /// <summary>A process begins: what another one has asked is nobody's any more.</summary>
    public void OnProcess() => (_open, _process) = (0, _process + 1);

    public async ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken)
    {
        var process = _process;
        Asked++;
        MostAtOnce = Math.Max(MostAtOnce, ++_open);
        var isOpen = true;
        using var cancelled = cancellationToken.Register(End); // from then on it is nobody's, whenever it gets to its end
        try
        {
            var delay = Latency + Delay;
            Delay = TimeSpan.Zero;
            await Task.Delay(delay, time, cancellationToken);
            if (ToFail > 0)
            {
                ToFail--;
                throw new InvalidOperationException("The identity server is down.");
            }

            if (ToRepeat > 0 && _last is not null)
            {
                ToRepeat--;
                return _last;
            }

            _last = emulator.IssueToken(Current, expiresIn: Lifetime);
            Issued.Add(_last);
            Given = Current;
            return _last;
        }
        finally
        {
            End();
        }

        void End()
        {
            _open -= isOpen && process == _process ? 1 : 0;
            isOpen = false;
        }
    }
}
