namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// Who may join: the server's checks in the server's order (docs/protocol.md, "Joining" and "Join errors"). Guarded by the agenda's lock.
/// </summary>
internal sealed class EmulatorAdmission(EmulatorOptions options, EmulatorAgenda agenda, EmulatorTokens tokens, EmulatorTrouble trouble)
{
    private static readonly EmulatorJoinFault NoTopic = EmulatorJoinFault.Of("TopicNameRequired: You must provide a topic name");
    private static readonly EmulatorJoinFault Malformed = EmulatorJoinFault.Of("UnknownErrorOnChannel: no function clause matching in Access.get/3");

    private readonly EmulatorRate _joins = new(agenda.Environment.TimeProvider, options.Limits.JoinsPerSecond);

    /// <summary>Decides about private channels; without it there are none, as in a project without policies on <c>realtime.messages</c>.</summary>
    public Func<EmulatorClaims, string, EmulatorChannelAccess>? PrivateChannels { get; set; }

    /// <summary>The channel of an accepted join.</summary>
    /// <param name="connection">The socket, which the topic's old channel has left already.</param>
    /// <param name="frame">The join.</param>
    /// <param name="join">What it asks for.</param>
    /// <param name="users">How many sockets have joined a channel.</param>
    /// <param name="refusal">Why there is none.</param>
    public EmulatorChannel? Admit(EmulatorConnection connection, WireFrame frame, EmulatorJoinPayload join, int users, out EmulatorJoinFault? refusal)
    {
        refusal = frame.Topic.Length == EmulatorChannel.Prefix.Length ? NoTopic : trouble.Joins.Take() ?? Exceeded(connection, users);
        if (refusal is not null)
        {
            return null;
        }

        _joins.Add(1);
        var token = join.Token ?? connection.ApiKey;
        var verdict = tokens.Check(token);
        if (verdict.Claims is not { } claims)
        {
            refusal = EmulatorJoinFault.Of(verdict.JoinReason);
            return null;
        }

        refusal = join.IsMalformed ? Malformed
            : join.IsPrivate && !Access(claims, frame.Topic).HasFlag(EmulatorChannelAccess.Read) ? EmulatorJoinFault.Of($"Unauthorized: {NoPermission(frame.Topic)}")
            : null;
        return refusal is not null ? null : new EmulatorChannel(connection, frame.Topic, frame.JoinRefOfJoin, token, claims)
        {
            Bindings = join.Bindings,
            IsLegacy = join.IsLegacy,
            IsPrivate = join.IsPrivate,
            BroadcastAck = join.BroadcastAck,
            BroadcastSelf = join.BroadcastSelf,
        };
    }

    /// <summary>Whether the limits let a socket in.</summary>
    public EmulatorRefusal? CheckConnect(int users)
    {
        if (users >= options.Limits.ConcurrentUsers)
        {
            return EmulatorGate.Refuse(429, "Too many connected users");
        }

        if (_joins.IsExceeded)
        {
            return EmulatorGate.Refuse(429, "Too many joins per second");
        }

        _joins.Add(1);
        return null;
    }

    public EmulatorChannelAccess Access(EmulatorClaims claims, string topic) =>
        PrivateChannels?.Invoke(claims, topic[EmulatorChannel.Prefix.Length..]) ?? EmulatorChannelAccess.None;

    private static string NoPermission(string topic) =>
        $"You do not have permissions to read from this Channel topic: {topic[EmulatorChannel.Prefix.Length..]}";

    private EmulatorJoinFault? Exceeded(EmulatorConnection connection, int users) =>
        connection.Channels.Count == 0 && users >= options.Limits.ConcurrentUsers ? EmulatorJoinFault.TooManyUsers
        : _joins.IsExceeded ? EmulatorJoinFault.TooManyJoins
        : connection.Channels.Count >= options.Limits.ChannelsPerSocket ? EmulatorJoinFault.TooManyChannels
        : null;
}
