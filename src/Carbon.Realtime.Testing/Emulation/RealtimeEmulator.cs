using System.Text.Json.Nodes;
using Carbon.Realtime.Testing.Emulation;
using Carbon.Realtime.Testing.Emulation.Rest;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Testing;

/// <summary>
/// A Supabase project in memory: tables with row level security and a Realtime server that speaks both protocol versions. It shares no
/// protocol, filter or table code with the client, so that it can serve as an oracle for it.
/// </summary>
/// <remarks>
/// Thread-safe: all state is behind one lock, and everything it sends is posted to the environment's scheduler. Under a
/// <see cref="ManualEnvironment"/> it is deterministic. Dispose it to stop its timers (token expiry, idle sockets).
/// </remarks>
public sealed class RealtimeEmulator : IDisposable
{
    private readonly EmulatorAgenda _agenda;
    private readonly EmulatorSubscriber _subscriber;
    private readonly EmulatorReplication _replication;
    private readonly EmulatorTables? _tables;
    private readonly EmulatorEntrance _entrance;
    private readonly RestService _rest;
    private readonly Lazy<string> _anonKey;
    private readonly Lazy<string> _serviceKey;
    private readonly EmulatorReplica? _replica;

    /// <summary>An empty project.</summary>
    /// <param name="options">Defaults suit a unit test, but for the environment: give it the test's.</param>
    public RealtimeEmulator(EmulatorOptions? options = null)
        : this(options ?? new EmulatorOptions(), null)
    {
    }

    /// <summary>A project whose rows are elsewhere.</summary>
    /// <param name="options">What it is like.</param>
    /// <param name="open">Makes the way to them; none for an emulator with tables of its own.</param>
    internal RealtimeEmulator(EmulatorOptions options, Func<EmulatorAgenda, IEmulatorBackend>? open)
    {
        Options = options;
        Options.Validate();
        _agenda = new EmulatorAgenda(Options.Environment);
        Tokens = new EmulatorTokens(Options.JwtSecret, Options.Environment.TimeProvider);
        IEmulatorSource source;
        IRestPages pages;
        EmulatorDatabase? database = null;
        EmulatorReplica? replica = null;
        RestSource? rows = null;
        if (open is not null)
        {
            var backend = open(_agenda);
            (source, pages) = (backend, backend);
        }
        else
        {
            database = new EmulatorDatabase();
            _replica = replica = new EmulatorReplica(database, Options.Environment.TimeProvider);
            rows = new RestSource(database, replica);
            (source, pages) = (new MemorySource(database, Options), new MemoryPages(Options, rows));
        }

        var trouble = new EmulatorTrouble(_agenda);
        _subscriber = new EmulatorSubscriber(Options, _agenda, source, trouble);
        Server = new EmulatorServer(Options, _agenda, Tokens, _subscriber, trouble);
        _replication = new EmulatorReplication(Options, _agenda, Server, source);
        _subscriber.Joined = _replication.Repeat;
        _tables = database is null ? null : new EmulatorTables(
            database, new EmulatorPublication(Options, _agenda, database, Server, _subscriber), new EmulatorWriter(_agenda, database, replica!, _replication));
        _entrance = new EmulatorEntrance(Options, _agenda, Tokens, Server);
        var gate = new RestGate(Tokens, Options.Environment.TimeProvider);
        var writer = rows is null ? null : new RestWriter(Options, gate, rows, Transaction);
        _rest = new RestService(Options, _agenda, new RestReader(Options, gate, pages), writer);
        Faults = new EmulatorFaults(this, _agenda, Server, _replication, _rest, _tables, replica);
        _anonKey = ApiKey("anon");
        _serviceKey = ApiKey("service_role");
    }

    /// <summary>The options it was made with.</summary>
    public EmulatorOptions Options { get; }

    /// <summary>The project's address for clients of <see cref="CreateSocketFactory"/>. A Kestrel host has its own.</summary>
    public Uri ProjectUrl => new($"https://{Options.ProjectHost}");

    /// <summary>The API key with the role <c>anon</c>.</summary>
    public string AnonKey => _anonKey.Value;

    /// <summary>The API key with the role <c>service_role</c>, which bypasses row level security.</summary>
    public string ServiceKey => _serviceKey.Value;

    /// <summary>Signs tokens of any content.</summary>
    public EmulatorTokens Tokens { get; }

    /// <summary>What can go wrong: with changes, joins, frames, sockets and reads.</summary>
    public EmulatorFaults Faults { get; }

    /// <summary>The sockets that are open now, oldest first.</summary>
    public IReadOnlyList<EmulatorConnection> Connections => _agenda.Locked(() => Server.Connections.ToArray());

    /// <summary>
    /// While set, joins are answered but nothing is subscribed: no "Subscribed" message, and changes polled meanwhile are lost, as on a
    /// cold server.
    /// </summary>
    /// <value>Default <see langword="false"/>. Clearing it subscribes what waits.</value>
    public bool HoldSystemOk
    {
        get => _agenda.Locked(() => _subscriber.IsHolding);
        set => _agenda.Locked(() => _subscriber.IsHolding = value);
    }

    /// <summary>
    /// Decides who may join private channels (<c>config.private</c>), as policies on <c>realtime.messages</c> do. Asked with the token's claims and the
    /// topic without its prefix, at each join, each new token and each broadcast.
    /// </summary>
    /// <value>Default <see langword="null"/>: nobody. Runs under the emulator's lock: it must be quick and must not wait.</value>
    public Func<EmulatorClaims, string, EmulatorChannelAccess>? PrivateChannels
    {
        get => _agenda.Locked(() => Server.Admission.PrivateChannels);
        set => _agenda.Locked(() => Server.Admission.PrivateChannels = value);
    }

    /// <summary>
    /// What code of the test's own, a policy for example, threw last. Subscribers are told nothing of it, as by the real server: the poll reached nobody, the join
    /// was never answered. A read or a write is answered with 501 and the code <c>EMULATOR</c>, whose message has the exception's words.
    /// </summary>
    /// <value><see langword="null"/> if nothing did.</value>
    public Exception? LastFault => _agenda.Locked(() => _agenda.LastFault);

    internal EmulatorServer Server { get; }

    // Whoever reads rows or makes tables here means those in memory.
    private EmulatorTables Tables => _tables ?? throw new InvalidOperationException(
        "This emulator's tables and rows are in PostgreSQL: make, change and read them with SQL, on a connection of your own.");

    /// <summary>Signs a user's token with the project's secret.</summary>
    /// <param name="subject">The user's id.</param>
    /// <param name="role">The database role.</param>
    /// <param name="expiresIn">From now; negative for a token that has expired. Default one hour.</param>
    /// <param name="claims">More claims, which win over the others.</param>
    public string IssueToken(string subject, string role = "authenticated", TimeSpan? expiresIn = null, JsonObject? claims = null) =>
        Tokens.Issue(subject, role, expiresIn, claims);

    /// <summary>Creates an enum type; comparisons use the order of its labels.</summary>
    public void CreateEnum(string name, params string[] labels)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(labels);
        _agenda.Locked(() => Tables.Database.CreateEnum(name, labels));
    }

    /// <summary>Creates a domain or a composite type. Its values are passed on as they are given, and compared as text.</summary>
    public void CreateType(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        lock (_agenda.Gate)
        {
            Tables.Database.CreateType(name);
        }
    }

    /// <summary>Creates a table.</summary>
    /// <param name="name">Its name, case sensitive.</param>
    /// <param name="define">Describes it.</param>
    /// <param name="schema">Its schema.</param>
    /// <exception cref="ArgumentException">It exists already, or a column that does not exist is named.</exception>
    public void CreateTable(string name, Action<EmulatorTableBuilder> define, string schema = EmulatorDatabase.DefaultSchema)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(define);
        ArgumentException.ThrowIfNullOrEmpty(schema);
        _agenda.Locked(() => Tables.Publication.Change(() => Tables.Database.CreateTable(schema, name, define)));
    }

    /// <summary>Creates a view: it can be read over <see cref="CreateHttpHandler"/>, and not subscribed.</summary>
    /// <param name="name">Its name, case sensitive.</param>
    /// <param name="define">Describes it.</param>
    /// <param name="schema">Its schema.</param>
    /// <exception cref="ArgumentException">A table or view of that name exists already, or it has no rows.</exception>
    public void CreateView(string name, Action<EmulatorViewBuilder> define, string schema = EmulatorDatabase.DefaultSchema)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(define);
        ArgumentException.ThrowIfNullOrEmpty(schema);
        _agenda.Locked(() => Tables.Database.CreateView(schema, name, define));
    }

    /// <summary>
    /// Puts a table into the publication or takes it out. Subscriptions that exist stay, and get nothing while it is out (docs/protocol.md,
    /// "Silent loss"); the server notices at its next look (<see cref="EmulatorTiming.PublicationCheckInterval"/>).
    /// </summary>
    public void SetPublished(string table, bool published) =>
        _agenda.Locked(() => Tables.Publication.Change(() => Tables.Database.SetPublished(table, published)));

    /// <inheritdoc cref="AddColumn(string, string, string, string?)"/>
    public void AddColumn(string table, string name, string type) => AddColumn(table, name, type, null);

    /// <summary>
    /// Adds a column to a table: <c>alter table … add column</c>. Joined channels are told nothing; changes have the column from the next write on, in
    /// <c>columns</c> too, and reads have it at once.
    /// </summary>
    /// <param name="table">The table's name, with its schema (<c>app.items</c>) if that is not <c>public</c>; of a partition, the whole table is altered.</param>
    /// <param name="name">The column's name, case sensitive.</param>
    /// <param name="type">As for <see cref="EmulatorTableBuilder.Column"/>.</param>
    /// <param name="defaultValue">What the rows that there are get, and later ones that do not name it; as for <see cref="EmulatorTableBuilder.Column"/>.</param>
    /// <exception cref="ArgumentException">There is no such table or type, or such a column already.</exception>
    public void AddColumn(string table, string name, string type, string? defaultValue)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(type);
        _agenda.Locked(() => Tables.Database.AddColumn(
            table, name, type, defaultValue, _replica!, new EmulatorTransaction(Tables.Database, Options.Environment).Default));
    }

    /// <summary>
    /// Drops a column: <c>alter table … drop column … cascade</c>, with the keys that it is part of. Joined channels are told nothing. Changes come without it, also
    /// those that are not polled yet; a filter on it matches nothing any more, and is refused at the next subscription.
    /// </summary>
    /// <remarks>A policy, a view or a generated column that asks for it throws from now on: a poll that asks breaks (<see cref="LastFault"/>).</remarks>
    /// <param name="table">The table's name, with its schema (<c>app.items</c>) if that is not <c>public</c>; of a partition, the whole table is altered.</param>
    /// <param name="name">The column's name.</param>
    /// <exception cref="ArgumentException">There is no such table or column.</exception>
    public void DropColumn(string table, string name) => _agenda.Locked(() => Tables.Database.DropColumn(table, name, _replica!));

    internal bool HasTable(string schema, string name) => _agenda.Locked(() => Tables.Database.Has(schema, name));

    /// <summary>Changes a table's replica identity, for changes from now on.</summary>
    /// <param name="table">The table.</param>
    /// <param name="full">All columns, else the primary key.</param>
    public void SetReplicaIdentity(string table, bool full) =>
        SetReplicaIdentity(table, full ? EmulatorReplicaIdentity.Full : EmulatorReplicaIdentity.Default);

    /// <summary>Changes a table's replica identity, for changes from now on.</summary>
    public void SetReplicaIdentity(string table, EmulatorReplicaIdentity identity) =>
        _agenda.Locked(() => Tables.Database.Find(table).SetIdentity(identity, null));

    /// <inheritdoc cref="EmulatorTransaction.Insert"/>
    public EmulatorRow Insert(string table, EmulatorJson row) => Tables.Writer.Run(t => t.Insert(table, row));

    /// <inheritdoc cref="EmulatorTransaction.Update"/>
    public int Update(string table, EmulatorKey key, EmulatorJson patch) => Tables.Writer.Run(t => t.Update(table, key, patch));

    /// <inheritdoc cref="EmulatorTransaction.Delete"/>
    public int Delete(string table, EmulatorKey key) => Tables.Writer.Run(t => t.Delete(table, key));

    /// <inheritdoc cref="EmulatorTransaction.Truncate"/>
    public void Truncate(string table) => Transaction(t => t.Truncate(table));

    /// <summary>The committed rows, in the order of their insertion.</summary>
    /// <exception cref="ArgumentException">There is no such table.</exception>
    public IReadOnlyList<EmulatorRow> Rows(string table) => _agenda.Locked(() => Tables.Database.Find(table).Rows.Values.ToArray());

    /// <summary>Commits several changes at once; they share a commit timestamp.</summary>
    /// <param name="change">Runs under the emulator's lock, so it must not wait. If it throws, nothing of it happened.</param>
    public void Transaction(Action<EmulatorTransaction> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        Tables.Writer.Run(t =>
        {
            change(t);
            return 0;
        });
    }

    /// <summary>Opens a socket, as a host does for its client.</summary>
    /// <param name="request">What the client asked for.</param>
    /// <param name="peer">Gets what the server sends.</param>
    /// <param name="cancellationToken">The client gave up.</param>
    /// <exception cref="UpgradeRefusedException">
    /// The server refuses (docs/protocol.md, "Refused upgrades"), after <see cref="EmulatorTiming.ConnectErrorDelay"/>.
    /// </exception>
    public ValueTask<EmulatorConnection> ConnectAsync(
        EmulatorConnectRequest request, IEmulatorPeer peer, CancellationToken cancellationToken = default) =>
        ConnectAsync(request, peer, static connection => connection, cancellationToken);

    /// <summary>All that a manager needs to have this emulator for its server: clock and scheduler, sockets, reads. Nobody is signed in.</summary>
    /// <remarks>With <see cref="ProjectUrl"/> and <see cref="AnonKey"/> in its options. Nothing of it reaches a network.</remarks>
    public RealtimeDependencies CreateDependencies() => Dependencies(null);

    /// <inheritdoc cref="CreateDependencies()"/>
    /// <param name="token">The signed-in user's, for example of <see cref="IssueToken"/>.</param>
    public RealtimeDependencies CreateDependencies(string token) => Dependencies(AccessTokenProvider.Of(token));

    /// <inheritdoc cref="CreateDependencies()"/>
    /// <param name="accessTokens">Gives the signed-in user's tokens.</param>
    public RealtimeDependencies CreateDependencies(IAccessTokenProvider accessTokens)
    {
        ArgumentNullException.ThrowIfNull(accessTokens);
        return Dependencies(accessTokens);
    }

    private RealtimeDependencies Dependencies(IAccessTokenProvider? accessTokens) => new()
    {
        Environment = Options.Environment,
        SocketFactory = CreateSocketFactory(),
        HttpMessageHandler = CreateHttpHandler,
        AccessTokens = accessTokens,
    };

    /// <summary>A factory whose sockets talk to this emulator in memory. It takes any host name and both of the server's paths.</summary>
    public IRealtimeSocketFactory CreateSocketFactory() => new InMemorySocketFactory(this);

    /// <summary>
    /// A handler for <see cref="HttpClient"/> or <see cref="HttpMessageInvoker"/> that answers reads and writes of <c>/rest/v1/{table}</c> from this
    /// emulator's tables, as PostgREST behind Supabase's gateway does. It takes any host name.
    /// </summary>
    /// <remarks>
    /// Requests need the header <c>apikey</c>, and <c>Authorization: Bearer</c> with a token for any other reader than <c>anon</c>. Responses complete on the
    /// environment's scheduler after <see cref="EmulatorTiming.ReadDelay"/> and <see cref="EmulatorTiming.AnswerDelay"/>. Thread-safe; owns nothing.
    /// What is imitated and what is not is in <c>docs/emulator.md</c>.
    /// </remarks>
    public HttpMessageHandler CreateHttpHandler() => new InMemoryHttpHandler(_rest);

    /// <summary>The server closes all sockets.</summary>
    /// <param name="code">1012 on a restart or changed settings, 1001 on too many joins, 1000 when idle
    /// (docs/protocol.md, "Close codes").</param>
    /// <param name="reason">Usually empty.</param>
    /// <exception cref="ArgumentException">No close frame has such a code, or so long a reason: more than 123 bytes.</exception>
    public void DropConnections(int code = 1012, string reason = "")
    {
        CloseFrame.Check(code, reason);
        _agenda.Locked(() => Server.ForEachConnection(c => c.CloseUnderLock(code, reason)));
    }

    /// <summary>All connections break without a close frame, as when a network fails.</summary>
    public void BreakConnections() => _agenda.Locked(() => Server.ForEachConnection(static c => c.Break()));

    /// <summary>Refuses all connects from now on, until <see cref="AcceptConnects"/>.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The body; the server's is <c>{"error":"…"}</c>.</param>
    public void RefuseConnects(int status, string body) => _agenda.Locked(() => _entrance.Refusal = (status, body));

    /// <summary>Ends <see cref="RefuseConnects"/>.</summary>
    public void AcceptConnects() => _agenda.Locked(() => _entrance.Refusal = null);

    /// <summary>
    /// The server restarts: all sockets are closed with 1012 and without a frame, what was committed and not polled is lost, and the next subscription
    /// finds it cold.
    /// </summary>
    public void Restart() => _agenda.Locked(() =>
    {
        DropConnections();
        _replication.LoseSlot(TimeSpan.Zero);
        _subscriber.CoolDown();
    });

    /// <summary>
    /// Settings of the project change (its JWT secret, for example): every channel gets the <c>system</c> message "Server requested disconnect", and all
    /// sockets are closed with 1012.
    /// </summary>
    public void ReloadTenant() => _agenda.Locked(Server.ReloadTenant);

    /// <summary>The database sends a broadcast to a topic, as <c>realtime.send</c> does.</summary>
    /// <param name="topic">The topic without its prefix <c>realtime:</c>.</param>
    /// <param name="event">The event's name.</param>
    /// <param name="payload">What it says.</param>
    /// <param name="isPrivate">To the private channels of the topic; else to those that are not.</param>
    public void SendBroadcast(string topic, string @event, EmulatorJson payload, bool isPrivate)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(@event);
        _agenda.Locked(() => Server.Broadcasts.SendFromDatabase(EmulatorChannel.Prefix + topic, @event, payload, isPrivate));
    }

    /// <summary>Sends every subscribed channel another "Subscribed" that it did not ask for: possibly a gap
    /// (docs/protocol.md, "From join to changes").</summary>
    public void RepeatSubscribed() => _agenda.Locked(Server.RepeatSubscribed);

    /// <summary>All channel processes crash: <c>phx_error</c>.</summary>
    public void CrashChannels() => _agenda.Locked(() => Server.ForEachChannel(EmulatorServer.Crash));

    /// <summary>The server ends all channels: a <c>system</c> error and <c>phx_close</c> (docs/protocol.md, "System messages").</summary>
    /// <param name="systemErrorText">For example <c>Too many messages per second</c>.</param>
    public void CloseChannels(string systemErrorText)
    {
        ArgumentNullException.ThrowIfNull(systemErrorText);
        _agenda.Locked(() => Server.ForEachChannel(c => EmulatorServer.Close(c, systemErrorText)));
    }

    /// <summary>The server forgets that it is warm: the next subscription takes <see cref="EmulatorTiming.ColdStartDelay"/>.</summary>
    public void CoolDown() => _agenda.Locked(() => _subscriber.CoolDown());

    /// <summary>Breaks all connections, fails all reads and stops all timers.</summary>
    public void Dispose()
    {
        BreakConnections();
        _agenda.Locked(() =>
        {
            _rest.Dispose();
            _agenda.Dispose();
        });
    }

    /// <summary>Takes what a database has committed.</summary>
    /// <param name="changes">A whole transaction.</param>
    /// <param name="slot">Cancelled when the slot that they come from was lost, and they with it.</param>
    internal void Commit(IReadOnlyList<LoggedChange> changes, CancellationToken slot) => _agenda.Locked(() =>
    {
        if (!slot.IsCancellationRequested)
        {
            _replication.Commit(changes);
        }
    });

    /// <summary>A database's publication has other tables than at the last look.</summary>
    internal void OnPublicationChanged() => _agenda.Locked(() => _subscriber.Renew(Server.Channels));

    internal ValueTask<T> ConnectAsync<T>(
        EmulatorConnectRequest request, IEmulatorPeer peer, Func<EmulatorConnection, T> wrap, CancellationToken cancellationToken) =>
        _entrance.ConnectAsync(request, peer, wrap, cancellationToken);

    // Keys of a real project are valid for ten years. They are signed when somebody asks, for the first signature of a process loads JSON and OpenSSL (35 of
    // the 90 ms of a cold start in memory), but they are of the moment when the project was made.
    private Lazy<string> ApiKey(string role)
    {
        var now = Options.Environment.TimeProvider.GetUtcNow();
        return new(() => Tokens.Issue(null, role, now, now + TimeSpan.FromDays(3650), new JsonObject { ["iss"] = "supabase" }));
    }
}
