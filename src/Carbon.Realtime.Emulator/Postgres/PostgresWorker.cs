using System.Data;
using System.Threading.Channels;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// Asks the database one thing after another, over a connection of its own: answers come in the order of the questions, as from the real server's one
/// worker, and no number of reads keeps it waiting.
/// </summary>
internal sealed class PostgresWorker(PostgresSession session, Action<Exception> onFault) : IAsyncDisposable
{
    private readonly Channel<Func<CancellationToken, Task>> _work = Channel.CreateUnbounded<Func<CancellationToken, Task>>(
        new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _stopping = new();
    private NpgsqlConnection? _connection;
    private Task _working = Task.CompletedTask;

    public void Start() => _working = WorkAsync();

    /// <summary>Asks when everything before it is answered.</summary>
    /// <param name="ask">What is asked. Once more on a new connection, where the kept one has died in the meantime.</param>
    /// <param name="then">Takes the answer.</param>
    /// <param name="failed">Takes what went wrong, and whether it is the database that refused: else it could not be asked.</param>
    public void Ask<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> ask, Action<T> then, Action<Exception, bool> failed) =>
        _work.Writer.TryWrite(async cancellationToken =>
        {
            T answer;
            try
            {
                answer = await AskAsync(ask, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failed(e, e is PostgresException && _connection is not null);
                return;
            }

            then(answer);
        });

    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _working.ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
    }

    private async Task WorkAsync()
    {
        // Not ended by the token, which ends the work itself: what waits then is thrown away.
        await foreach (var work in _work.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            try
            {
                _stopping.Token.ThrowIfCancellationRequested();
                await work(_stopping.Token).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // A worker that ended here would leave every later subscription and poll without an answer.
            catch (Exception e)
#pragma warning restore CA1031
            {
                if (!_stopping.IsCancellationRequested)
                {
                    onFault(e);
                }
            }
        }
    }

    private async Task<T> AskAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        for (var isKept = _connection is not null; ; isKept = false)
        {
            _connection ??= await session.OpenAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await ask(_connection, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not PostgresException || _connection.State != ConnectionState.Open)
            {
                var mayBeOld = isKept && _connection.State != ConnectionState.Open;
                await CloseAsync().ConfigureAwait(false);
                if (!mayBeOld)
                {
                    throw;
                }
            }
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}
