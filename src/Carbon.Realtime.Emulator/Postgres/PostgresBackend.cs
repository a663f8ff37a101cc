using System.Runtime.ExceptionServices;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Testing.Emulation;
using Carbon.Realtime.Testing.Emulation.Rest;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// The database behind an emulator. Subscriptions and polls are asked one after another; reads beside them. Nothing is asked under the emulator's lock,
/// and every answer is taken under it.
/// </summary>
internal sealed class PostgresBackend : IEmulatorBackend, IAsyncDisposable
{
    private readonly EmulatorAgenda _agenda;
    private readonly EmulatorOptions _options;
    private readonly string _publication;
    private readonly PostgresWorker _worker;
    private readonly PageReader _pages;
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource _polled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _lastFault;

    public PostgresBackend(PostgresSession session, EmulatorAgenda agenda, EmulatorOptions options, string publication)
    {
        _agenda = agenda;
        _options = options;
        _publication = publication;
        _worker = new PostgresWorker(session, fault => LastFault = fault);
        _pages = new PageReader(session, options.Environment.TimeProvider);
    }

    public Exception? LastFault
    {
        get => Volatile.Read(ref _lastFault);
        set => Volatile.Write(ref _lastFault, value);
    }

    public Task NextPoll => Volatile.Read(ref _polled).Task;

    /// <summary>A database that is down is not asked without a pause, however quick everything else is.</summary>
    public TimeSpan LeastRetryDelay => TimeSpan.FromSeconds(1);

    /// <param name="onPublicationChanged">The publication has other tables than before.</param>
    public void Start(Action onPublicationChanged)
    {
        _worker.Start();
        if (_options.Timing.PublicationCheckInterval is { } interval)
        {
            new PublicationWatch(_worker, _agenda, _publication, interval, onPublicationChanged).Look();
        }
    }

    public void Subscribe(
        IReadOnlyList<EmulatorBinding> bindings, EmulatorClaims claims, Action<IReadOnlyList<EmulatorSubscription>, EmulatorSubscriptionFault?> then) =>
        _worker.Ask(
            (connection, cancellationToken) => SubscriptionDesk.CreateAsync(connection, _publication, HasRole, bindings, claims, cancellationToken),
            made => _agenda.Locked(() => then(
                made.Subscriptions, made.Error is null ? null : EmulatorSubscriptionFault.Of(made.Error, isRetried: false))),
            (fault, isRefusal) =>
            {
                LastFault = fault;
                _agenda.Locked(() => then([], isRefusal
                    ? EmulatorSubscriptionFault.Of(EmulatorSubscription.Failed(bindings[0], SqlStates.Inspect((PostgresException)fault)), isRetried: false)
                    : EmulatorSubscriptionFault.Transient));
            });

    public void Judge(IReadOnlyList<LoggedChange> polled, IReadOnlyList<EmulatorSubscription> subscriptions, Action<PolledChanges?> then) => _worker.Ask(
        (connection, cancellationToken) =>
            PostgresPolledChanges.AskAsync(connection, _publication, [.. polled.Cast<WalChange>()], subscriptions, cancellationToken),
        judged => Polled(then, judged),
        (fault, _) =>
        {
            // The real server tries six times and goes on behind the batch; what the database refuses once it refuses again.
            LastFault = fault;
            Polled(then, null);
        });

    /// <summary>Loses the slot that the log is read from.</summary>
    public Action OnSlotLost { get; set; } = static () => { };

    public void LoseSlot() => OnSlotLost();

    /// <summary>
    /// Only those of the options, whatever other roles there are: whoever knows the secret can sign a token of any role, and a database has roles that no
    /// client of Supabase may take.
    /// </summary>
    public bool HasRole(string role) => _options.Roles.Contains(role, StringComparer.Ordinal);

    public void Read(RestQuery query, Action<Func<RestPage>> then) => _agenda.Environment.Scheduler.Post(() => _ = ReadAsync(query, then));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _worker.DisposeAsync().ConfigureAwait(false);
    }

    private void Polled(Action<PolledChanges?> then, PolledChanges? judged)
    {
        try
        {
            _agenda.Locked(() => then(judged));
        }
        finally
        {
            Interlocked.Exchange(ref _polled, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    private async Task ReadAsync(RestQuery query, Action<Func<RestPage>> then)
    {
        Func<RestPage> answer;
        try
        {
            var page = await _pages.ReadAsync(query, _stopping.Token).ConfigureAwait(false);
            answer = () => page;
        }
#pragma warning disable CA1031 // Whatever it is belongs to whoever reads.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var failure = ExceptionDispatchInfo.Capture(e);
            answer = () =>
            {
                failure.Throw();
                return null!;
            };
        }

        _agenda.Locked(() => then(answer));
    }
}
