using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>
/// What comes instead of "Subscribed": a <c>system</c> error of <c>postgres_changes</c>, while the channel stays joined. Given to
/// <see cref="EmulatorFaults.FailSubscriptions(int, EmulatorSubscriptionFault)"/>. Immutable.
/// </summary>
public sealed class EmulatorSubscriptionFault
{
    private readonly string? _text;

    private readonly string? _table;

    private EmulatorSubscriptionFault(string? text, bool isRetried, string? table = null)
    {
        _text = text;
        _table = table;
        IsRetried = isRetried;
    }

    /// <summary>
    /// The database did not answer in time. The server tries again by itself after <see cref="EmulatorTiming.SubscribeRetryDelay"/>, and "Subscribed"
    /// comes then.
    /// </summary>
    public static EmulatorSubscriptionFault Transient { get; } = new("IncreaseSubscriptionConnectionPool: Too many database timeouts", isRetried: true);

    /// <summary>
    /// A binding is refused and quoted, as if its table were not published; the server does not try again. With a table, the binding is the first one
    /// that names it.
    /// </summary>
    public static EmulatorSubscriptionFault Refused { get; } = new(null, isRetried: false);

    internal bool IsRetried { get; }

    /// <summary>Any text.</summary>
    /// <param name="text">What the <c>system</c> message says.</param>
    /// <param name="isRetried">Whether the server tries again by itself.</param>
    public static EmulatorSubscriptionFault Of(string text, bool isRetried)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return new(text, isRetried);
    }

    internal EmulatorSubscriptionFault For(string table) => new(_text, IsRetried, table);

    internal string TextFor(IReadOnlyList<EmulatorBinding> bindings) =>
        _text ?? EmulatorSubscription.NotPublished(bindings.FirstOrDefault(b => b.Table == _table) ?? bindings[0]);
}
