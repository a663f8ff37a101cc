namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Turns the bindings of a joined channel into subscriptions, and says so
/// (docs/protocol.md, "From join to changes"). Guarded by the agenda's lock.</summary>
internal sealed class EmulatorSubscriber(EmulatorOptions options, EmulatorAgenda agenda, IEmulatorSource source, EmulatorTrouble trouble)
{
    public const string Subscribed = "Subscribed to PostgreSQL";

    private readonly List<EmulatorChannel> _held = [];
    private bool _isHolding;
    private bool _isWarm;

    public bool IsHolding
    {
        get => _isHolding;
        set
        {
            _isHolding = value;
            if (!value)
            {
                foreach (var channel in _held.ToArray())
                {
                    Start(channel, TimeSpan.Zero);
                }

                _held.Clear();
            }
        }
    }

    /// <summary>Told when a channel gets changes for the first time since it joined.</summary>
    public Action<EmulatorChannel>? Joined { get; set; }

    public void CoolDown() => _isWarm = false;

    public void Subscribe(EmulatorChannel channel) =>
        Start(channel, agenda.Draw(_isWarm ? options.Timing.SubscribeDelay : options.Timing.ColdStartDelay));

    /// <summary>After a new token: one of several pushes is enough.</summary>
    public void Resubscribe(EmulatorChannel channel)
    {
        if (channel.Subscribing is null)
        {
            Start(channel, agenda.Draw(options.Timing.ResubscribeDelay));
        }
    }

    /// <summary>The publication has other tables than before: all subscriptions are deleted, and made anew.</summary>
    public void Renew(IEnumerable<EmulatorChannel> channels)
    {
        foreach (var channel in channels)
        {
            channel.Subscriptions = [];
            Resubscribe(channel);
        }
    }

    private void Start(EmulatorChannel channel, TimeSpan delay)
    {
        if (channel.Bindings.Count > 0)
        {
            channel.Subscribing = agenda.After(delay, () => Finish(channel));
        }
    }

    private void Finish(EmulatorChannel channel)
    {
        if (!channel.IsOpen)
        {
            return;
        }

        if (_isHolding)
        {
            _held.Add(channel);
            return;
        }

        _isWarm = true;
        channel.Subscribing = null;
        if (!Fails(channel))
        {
            source.Subscribe(channel.Bindings, channel.Claims, (subscriptions, fault) => Take(channel, subscriptions, fault));
        }
    }

    private void Take(EmulatorChannel channel, IReadOnlyList<EmulatorSubscription> subscriptions, EmulatorSubscriptionFault? fault)
    {
        if (!channel.IsOpen)
        {
            // A database took its time, and the client is gone.
            return;
        }

        if (fault is not null)
        {
            Fail(channel, fault, source.LeastRetryDelay);
            return;
        }

        channel.Subscriptions = subscriptions;
        channel.IsDeaf = false;
        channel.PushSystem("postgres_changes", "ok", Subscribed);
        if (!channel.WasSubscribed)
        {
            channel.WasSubscribed = true;
            Joined?.Invoke(channel);
        }
    }

    /// <summary>A fault that was ordered: the channel keeps the subscriptions that it had.</summary>
    private bool Fails(EmulatorChannel channel)
    {
        if (trouble.Subscriptions.Take(channel.Bindings.Select(static b => b.Table)) is not { } fault)
        {
            return false;
        }

        Fail(channel, fault, TimeSpan.Zero);
        return true;
    }

    /// <summary>The channel stays joined and silent, or with the subscriptions that it had.</summary>
    private void Fail(EmulatorChannel channel, EmulatorSubscriptionFault fault, TimeSpan leastDelay)
    {
        channel.PushSystem("postgres_changes", "error", fault.TextFor(channel.Bindings));

        // A token that was pushed while a database took its time is a try of its own.
        if (fault.IsRetried && channel.Subscribing is null)
        {
            var delay = agenda.Draw(options.Timing.SubscribeRetryDelay);
            Start(channel, delay < leastDelay ? leastDelay : delay);
        }
    }
}
