namespace Carbon.Realtime;

/// <summary>How to reach a project, and the limits and timings of the client. Validated when the manager is made; messages name the option.</summary>
public sealed class RealtimeOptions
{
    /// <summary>
    /// The project's URL, such as <c>https://abc.supabase.co</c>; the Realtime and REST addresses follow from it. Required, unless
    /// <see cref="RealtimeUrl"/> is set.
    /// </summary>
    public Uri? Url { get; set; }

    /// <summary>The whole WebSocket address, for self-hosted servers whose address does not follow from <see cref="Url"/>. Default: derived.</summary>
    public Uri? RealtimeUrl { get; set; }

    /// <summary>
    /// The PostgREST root that rows are read from, for self-hosted servers: taken as it is, without <c>/rest/v1</c> added. Default: derived from
    /// <see cref="Url"/>, or where that is not set from <see cref="RealtimeUrl"/>, as <c>…/rest/v1</c>. Not a read replica's, which lags behind the changes.
    /// </summary>
    public Uri? RestUrl { get; set; }

    /// <summary>The project's publishable or anonymous key. Required. Not a secret key in a program that leaves your hands.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>Where the API key travels. Default <see cref="ApiKeyPlacement.Query"/>, which hosted gateways and browsers need.</summary>
    public ApiKeyPlacement ApiKeyPlacement { get; set; }

    /// <summary>Further headers of the upgrade request; not possible in browsers. Default none.</summary>
    public IDictionary<string, string> Headers { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Permits <c>ws</c> and <c>http</c> off loopback. Default <see langword="false"/>: keys and tokens would travel in the clear.</summary>
    public bool AllowInsecureTransport { get; set; }

    /// <summary>The protocol version. Default <see cref="ProtocolVersion.V2"/>.</summary>
    public ProtocolVersion ProtocolVersion { get; set; }

    /// <summary>
    /// Joins channels as private ones, for projects that allow no others. Default <see langword="false"/>. The server then also asks the policies of
    /// <c>realtime.messages</c>: the user must be granted <c>SELECT</c> there for the channels' topics, which begin with <see cref="TopicPrefix"/>.
    /// What a change stream brings is judged by the table's own policies in either case.
    /// </summary>
    public bool PrivateChannels { get; set; }

    /// <summary>
    /// How every channel's topic begins, so that a policy of a private-only project can name them: <c>realtime.topic() like 'carbon-%'</c>.
    /// The group and a nonce follow, new for every join. 1 to 64 letters, digits, <c>-</c>, <c>_</c> or <c>:</c>; default <c>carbon</c>.
    /// </summary>
    public string TopicPrefix { get; set; } = "carbon";

    /// <summary>
    /// The tenant of tenant-scoped tables until <see cref="ITenantContext.Set"/> says otherwise. Default none: such tables then throw.
    /// It does nothing for tables that are not tenant-scoped.
    /// </summary>
    public string? Tenant { get; set; }

    /// <summary>
    /// The column by which every table is tenant-scoped that says neither <c>TenantScoped</c> nor <c>AllTenants</c>; Carbon's is
    /// <c>companyId</c>. Default none: such tables are not scoped, and what the server's row level security lets through is delivered.
    /// </summary>
    public string? TenantColumn { get; set; }

    /// <summary>
    /// For servers before 2.100.0 (early 2026), which take one condition per filter and read a second one as part of the first one's value: sends the first
    /// condition only, the tenant's where there is one, and judges the others in the client. Where the client cannot judge one exactly,
    /// <c>Changes</c> throws, or the stream ends with <see cref="RealtimeErrorReason.UnsafeFilter"/> at its first change. Default <see langword="false"/>: a
    /// refusal that shows such a server leads to the same, with a warning; but where the first condition is on a text column, such a
    /// server does not refuse the filter, it just never matches.
    /// </summary>
    public bool SingleFilterCondition { get; set; }

    /// <summary>How long opening a socket may take. Default 15 s, at least 3 s: the server answers a refused connect after 2 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a join may stay unanswered. Default 15 s, at least 10 s: the server answers a refused join after 5 s, one after another.</summary>
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long <see cref="IAccessTokenProvider"/> may take. Default 10 s, 0.1 s to 5 min.</summary>
    public TimeSpan AccessTokenTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The time between heartbeats, which also is how long one may stay unanswered while nothing else comes. Default 25 s, at most 55 s: the server closes after 60 s without one.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>The shortest wait before a reconnect or rejoin, or before a read's request is repeated. Default 0.5 s, 50 ms to 1 min.</summary>
    public TimeSpan ReconnectDelayMin { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait before a reconnect or rejoin, or before a read's request is repeated, unless somebody has to change something first (30 to 60 s then, growing to 5 to 10 min). Default 30 s, up to 1 h. An access-token provider that fails is asked again after 30 s at the latest, or <see cref="ReconnectDelayMin"/>.</summary>
    public TimeSpan ReconnectDelayMax { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How far apart clients come back that the server sent away together: it restarts, its settings changed, or it asks everybody to slow down. Default
    /// 10 s, 0 to 10 min; with 10 s a thousand clients of one channel return at about a hundred a second, a server's usual limit of joins.
    /// </summary>
    /// <remarks>
    /// The wait after such a fault is drawn from between <see cref="ReconnectDelayMin"/> and this, or the ceiling that doubles up to
    /// <see cref="ReconnectDelayMax"/>, if that is higher already. It may exceed <see cref="ReconnectDelayMax"/>, and zero switches it off.
    /// </remarks>
    public TimeSpan ReturnSpread { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Subscriptions of one group made within this time share a channel. Default 50 ms; with zero only those made without a pause between them do.</summary>
    public TimeSpan GroupWindow { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a channel stays joined after its last subscriber went, so that going from page to page does not flap it. Default 5 s, up to 1 h.</summary>
    public TimeSpan Linger { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a socket without channels stays open. Default 50 s, up to 1 h.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(50);

    /// <summary>
    /// Channels at most, though each user (a tenant scope with a token of its own is one) has at least one; the server allows 100 a socket. Past it
    /// new subscriptions join an existing channel anew, at the price of a gap. Default 32, 1 to 99.
    /// </summary>
    /// <remarks>
    /// What the server refuses is set apart on a channel of its own, which does not count while it waits. While all places are taken, what is set
    /// apart is tried one at a time, as one channel more, and moves into another channel when it succeeds.
    /// </remarks>
    public int MaxChannels { get; set; } = 32;

    /// <summary>Elements that may wait for one subscriber; more become one <see cref="GapReason.Overflow"/>. Default 8192, 16 to 1 000 000.</summary>
    public int QueueCapacity { get; set; } = 8192;

    /// <summary>The largest message accepted, and the longest row read: a larger message is dropped and becomes a gap, a longer row is told by its key. Default 8 MiB, at least 64 KiB.</summary>
    public int MaxMessageBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// Rows asked for by the first page of a read. Default 1000, Supabase's own limit; 1 to 10 000. Pages shrink when the server cannot answer in time,
    /// and grow again, up to four times this. What the server gives at most (<c>db-max-rows</c>) is found out, whatever is asked for.
    /// </summary>
    public int ReadPageRows { get; set; } = 1000;

    /// <summary>
    /// How long one request for rows may take, from its sending to the last byte of its answer; a page that takes longer is asked for again with fewer rows.
    /// Default 30 s, 1 s to 10 min. Longer than the database lets a statement run (8 s for Supabase's signed-in users): the database's own
    /// time-out is told apart and costs nothing more.
    /// </summary>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often one request for rows is repeated for reasons that pass by themselves, before the read fails with the last of them. Default 4, 0 to 20.
    /// The waits between are those of <see cref="ReconnectDelayMin"/> and <see cref="ReconnectDelayMax"/>, and what the server asks for.
    /// </summary>
    public int ReadRetries { get; set; } = 4;
}
