using System.Globalization;

namespace Carbon.Realtime;

/// <summary>How true what a store shows is, and why. Immutable.</summary>
public sealed class StoreStatus
{
    internal StoreStatus()
    {
    }

    /// <summary>How true.</summary>
    public StoreState State { get; internal init; }

    /// <summary>Why.</summary>
    public StoreReason Reason { get; internal init; }

    /// <summary>When the last complete read of all rows began, UTC: what was committed before is shown. <see langword="null"/> before the first one.</summary>
    public DateTimeOffset? AsOf { get; internal init; }

    /// <summary>When the last change came, UTC; <see langword="null"/> before the first one.</summary>
    public DateTimeOffset? LastEventAt { get; internal init; }

    /// <summary>How long the last change took from its commit to its coming, by two clocks; never negative.</summary>
    public TimeSpan? Lag { get; internal init; }

    /// <summary>How many rows may be older than the database's, and are read again within seconds.</summary>
    public int Unverified { get; internal init; }

    /// <summary>While everything is read: how many rows came so far.</summary>
    public long RowsRead { get; internal init; }

    /// <summary>While everything is read: how many rows there are, where the server said so.</summary>
    public long? RowsTotal { get; internal init; }

    /// <summary>Why reading or subscribing failed last; <see langword="null"/> once it succeeded.</summary>
    public RealtimeException? Error { get; internal init; }

    /// <summary>When the next try is made, UTC; <see langword="null"/> when none is scheduled.</summary>
    public DateTimeOffset? NextRetry { get; internal init; }

    /// <summary>Whether what is shown equals the database, but for what is under way.</summary>
    public bool IsLive => State == StoreState.Live;

    /// <summary>One readable line.</summary>
    public override string ToString()
    {
        var text = Reason == StoreReason.None ? State.ToString() : $"{State} ({Reason})";
        if (AsOf is { } asOf)
        {
            text += string.Create(CultureInfo.InvariantCulture, $", as of {asOf.UtcDateTime:HH:mm:ss}Z");
        }

        return Error is null ? text : $"{text}: {Error.Message}";
    }

    /// <summary>Whether the difference is worth telling by itself: counts and times move with every change.</summary>
    internal bool SaysTheSameAs(StoreStatus other) =>
        State == other.State && Reason == other.Reason && AsOf == other.AsOf && ReferenceEquals(Error, other.Error) && NextRetry == other.NextRetry
        && RowsRead == other.RowsRead && (Unverified == 0) == (other.Unverified == 0);
}
