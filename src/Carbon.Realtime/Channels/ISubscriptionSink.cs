using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Channels;

/// <summary>Why a channel became ready.</summary>
internal enum ReadyCause
{
    /// <summary>The first <c>system</c> ok of a join.</summary>
    Joined,

    /// <summary>A repeated ok that one of our own token pushes explains: the subscription stayed in place.</summary>
    TokenPushed,

    /// <summary>A repeated ok that nothing of ours explains: the server subscribed again, and may have lost changes in between.</summary>
    Resubscribed,
}

/// <summary>Who gets what a subscription brings. Implemented by Changes.</summary>
internal interface ISubscriptionSink
{
    /// <summary>The server says that changes flow. Under the gate, on the reader's loop: in order with changes.</summary>
    void OnReady(ReadyCause cause);

    /// <summary>The subscription came late to a channel whose changes flow already. Under the gate, on any thread: touches nothing of the reader's.</summary>
    void OnShared();

    /// <summary>The subscription's state changed. Under the gate.</summary>
    void OnStatus(RealtimeState state, RealtimeException? error, int attempt, DateTimeOffset? nextRetry);

    /// <summary>A change matched one of the subscription's bindings. On the reader's loop, outside the gate; must not throw.</summary>
    /// <param name="change">Valid during the call.</param>
    /// <param name="verified">Whether a binding that carries the filter matched, so that the server judged it.</param>
    /// <returns>Whether <see cref="OnBurstEnd"/> is wanted.</returns>
    bool OnChange(in ChangeFrame change, bool verified);

    /// <summary>A message was lost that may have been one of ours. On the reader's loop, outside the gate.</summary>
    void OnUnreadable();

    /// <summary>The machine or the process had slept, and the socket survived. On the reader's loop, outside the gate.</summary>
    void OnSuspended();

    /// <summary>Nothing more has arrived for now, or so much that what was gathered must not wait for the rest. On the reader's loop, outside the gate.</summary>
    void OnBurstEnd();
}
