using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Testing.Emulation;
using Carbon.Realtime.Testing.Emulation.Rest;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// The database behind an emulator. Subscriptions and polls are asked one after another, as by the real server's one worker, so that their answers come
/// in their order; reads beside them. Nothing is asked under the emulator's lock, and every answer is taken under it.
/// </summary>
internal sealed class PostgresBackend(PostgresSession session, EmulatorAgenda agenda, string publication) : IEmulatorBackend, IAsyncDisposable
{
    private readonly Channel<Func<CancellationToken, Task>> _work = Channel.CreateUnbounded<Func<CancellationToken, Task>>(
        new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _stopping = new();
    private readonly PageReader _pages = new(session);
    private Task _working = Task.CompletedTask;
    private TaskCompletionSource _polled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _lastFault;

    public Exception? LastFault
    {
        get => Volatile.Read(ref _lastFault);
        set => Volatile.Write(ref _lastFault, value);
    }

    public Task NextPoll => Volatile.Read(ref _polled).Task;

    public void Start() => _working = WorkAsync();

    public void Subscribe(
        IReadOnlyList<EmulatorBinding> bindings, EmulatorClaims claims, Action<IReadOnlyList<EmulatorSubscription>, string?> then) =>
        _work.Writer.TryWrite(async cancellationToken =>
        {
            IReadOnlyList<EmulatorSubscription> subscriptions = [];
            string? error;
            try
            {
                await using var connection = await session.OpenAsync(cancellationToken).ConfigureAwait(false);
                (subscriptions, error) =
                    await SubscriptionDesk.CreateAsync(connection, publication, bindings, claims, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                error = e.Message;
            }

            agenda.Locked(() => then(subscriptions, error));
        });

    public void Judge(IReadOnlyList<LoggedChange> polled, IReadOnlyList<EmulatorSubscription> subscriptions, Action<PolledChanges?> then) =>
        _work.Writer.TryWrite(async cancellationToken =>
        {
            PolledChanges? judged = null;
            try
            {
                await using var connection = await session.OpenAsync(cancellationToken).ConfigureAwait(false);
                judged = await PostgresPolledChanges.AskAsync(
                    connection, publication, [.. polled.Cast<WalChange>()], subscriptions, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // The real server tries six times and goes on behind the batch; what the database refuses once it refuses again.
                LastFault = e;
            }

            agenda.Locked(() => then(judged));
            Interlocked.Exchange(ref _polled, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        });

    /// <summary>Loses the slot that the log is read from.</summary>
    public Action OnSlotLost { get; set; } = static () => { };

    public void LoseSlot() => OnSlotLost();

    /// <summary>The database says so itself, when the role is taken.</summary>
    public bool HasRole(string role) => true;

    public void Read(RestQuery query, Action<Func<RestPage>> then) => agenda.Environment.Scheduler.Post(() => _ = ReadAsync(query, then));

    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _working.ConfigureAwait(false);
    }

    private async Task WorkAsync()
    {
        try
        {
            await foreach (var work in _work.Reader.ReadAllAsync(_stopping.Token).ConfigureAwait(false))
            {
                await work(_stopping.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (_stopping.IsCancellationRequested && e is OperationCanceledException or ObjectDisposedException)
        {
            // The end.
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

        agenda.Locked(() => then(answer));
    }
}
