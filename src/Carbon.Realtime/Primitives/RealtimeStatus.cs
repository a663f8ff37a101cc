using System.Globalization;

namespace Carbon.Realtime;

/// <summary>Where a manager or a stream stands.</summary>
public enum RealtimeState
{
    /// <summary>Nobody uses it: nothing is connected or joined.</summary>
    Idle = 0,

    /// <summary>A socket is being opened, or a token asked for.</summary>
    Connecting,

    /// <summary>Connected; the server has not said yet that changes flow.</summary>
    Joining,

    /// <summary>Changes flow.</summary>
    Live,

    /// <summary>Changes do not flow; the client tries again by itself. See <see cref="RealtimeStatus.Error"/> and <see cref="RealtimeStatus.NextRetry"/>.</summary>
    Recovering,

    /// <summary>Somebody must change something: key, token, publication, permission, filter. The client looks again now and then.</summary>
    Faulted,

    /// <summary>Disposed or ended; nothing more will come.</summary>
    Closed,
}

/// <summary>An immutable picture of where a manager or a stream stands, and why.</summary>
public sealed class RealtimeStatus
{
    internal RealtimeStatus(
        RealtimeState state, DateTimeOffset since, RealtimeException? error = null, int attempt = 0, DateTimeOffset? nextRetry = null,
        DateTimeOffset? notLiveSince = null)
    {
        State = state;
        Since = since;
        Error = error;
        Attempt = attempt;
        NextRetry = nextRetry;
        NotLiveSince = notLiveSince;
    }

    /// <summary>Where it stands.</summary>
    public RealtimeState State { get; }

    /// <summary>Since when, UTC.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>Why it is <see cref="RealtimeState.Recovering"/> or <see cref="RealtimeState.Faulted"/>, or what the last attempt failed of.</summary>
    public RealtimeException? Error { get; }

    /// <summary>How many failures there were in a row, the loss of what had worked among them; 0 when there was none.</summary>
    public int Attempt { get; }

    /// <summary>When the next attempt is made, UTC; <see langword="null"/> when none is scheduled.</summary>
    public DateTimeOffset? NextRetry { get; }

    /// <summary>
    /// Since when changes have not flowed although somebody wants them, UTC. <see cref="Since"/> does not say it: each attempt is a new status.
    /// </summary>
    internal DateTimeOffset? NotLiveSince { get; }

    /// <summary>One readable line.</summary>
    public override string ToString()
    {
        var text = State.ToString();
        if (Attempt > 1)
        {
            text += string.Create(CultureInfo.InvariantCulture, $", {Attempt} failures in a row");
        }

        if (NextRetry is { } retry)
        {
            text += string.Create(CultureInfo.InvariantCulture, $", next try at {retry.UtcDateTime:HH:mm:ss}Z");
        }

        return Error is null ? text : $"{text}: {Error.Message}";
    }

    internal bool SameAs(RealtimeStatus other) =>
        State == other.State && Attempt == other.Attempt && NextRetry == other.NextRetry && SaysTheSame(Error, other.Error);

    /// <summary>By what they say: one fault that is noted again is another exception.</summary>
    private static bool SaysTheSame(RealtimeException? one, RealtimeException? other) =>
        (one?.Reason, one?.IsTransient, one?.ServerCode, one?.Message) == (other?.Reason, other?.IsTransient, other?.ServerCode, other?.Message);
}
