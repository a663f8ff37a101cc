using Carbon.Realtime.Testing.Emulation;
using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using Npgsql.Replication.PgOutput.Messages;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>Follows a publication through a temporary slot, and hands each transaction over when it is complete.</summary>
/// <remarks>
/// When the session breaks the slot is gone, and a new one begins at the end of the log: what was committed meanwhile is lost and nobody is told, as on the
/// real server (docs/protocol.md, "Silent loss").
/// </remarks>
internal sealed class WalReader(
    PostgresSession session, string publication, RealtimeEnvironment environment, Action<IReadOnlyList<LoggedChange>, CancellationToken> commit,
    Action<Exception> onFault)
    : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private CancellationTokenSource _following = new();
    private readonly Dictionary<uint, WalRelation> _relations = [];
    private readonly List<LoggedChange> _transaction = [];
    private TaskCompletionSource _renewed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LogicalReplicationConnection? _connection;
    private PgOutputReplicationSlot? _slot;
    private int? _processId;
    private Task _running = Task.CompletedTask;

    /// <summary>The name of the slot, and a task that ends when there is another.</summary>
    public (string Slot, Task Renewed) Current => (_slot!.Name, Volatile.Read(ref _renewed).Task);

    /// <summary>Forgets the slot with everything in it, and takes another. Does not wait.</summary>
    public void LoseSlot() => _ = Volatile.Read(ref _following).CancelAsync();

    /// <exception cref="PostgresSourceException">There is no slot to be had, and why.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException e)
        {
            await CloseAsync().ConfigureAwait(false);
            throw PostgresSession.Explain(e);
        }
        catch
        {
            await CloseAsync().ConfigureAwait(false);
            throw;
        }

        _running = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Volatile.Read(ref _following).CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    /// <summary>Ends a session that reads the log, and waits until the server has forgotten it. A stranger's that has its number by now is let be.</summary>
    internal static async Task EndAsync(PostgresSession session, int processId)
    {
        await using var other = await session.OpenAsync(CancellationToken.None).ConfigureAwait(false);
        await using var command = other.CreateCommand();
        command.CommandText =
            """
            select pg_terminate_backend(pid, 5000) from pg_stat_activity
            where pid = $1 and backend_type = 'walsender' and application_name = $2 and datname = current_database()
            """;
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = processId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = session.ApplicationName });
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (_connection is null)
                {
                    await OpenAsync(_stopping.Token).ConfigureAwait(false);
                    Interlocked.Exchange(ref _renewed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
                }

                await FollowAsync(_connection!, _slot!).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Whatever it is, a transaction that cannot be read or a session that broke: it is told, and reading goes on behind it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                // At the end, and for a slot that was to be lost, there is nothing to tell.
                if (!_following.IsCancellationRequested && !_stopping.IsCancellationRequested)
                {
                    onFault(e);
                }
            }

            var wasLost = _following.IsCancellationRequested;
            await CloseAsync().ConfigureAwait(false);
            if (!wasLost)
            {
                await PauseAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        _relations.Clear();
        _transaction.Clear();

        // Not linked to the end of all, which would remember each of them: the end cancels the last one, and whoever comes after it opens nothing.
        Interlocked.Exchange(ref _following, new CancellationTokenSource());
        _processId = null;
        _connection = session.CreateReplication();
        await _connection.Open(cancellationToken).ConfigureAwait(false);
        _processId = _connection.ProcessID;
        _slot = await _connection.CreatePgOutputReplicationSlot(
            $"carbon_realtime_{environment.Randomizer.NextNonce()}", temporarySlot: true, LogicalSlotSnapshotInitMode.NoExport,
            cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    private async Task FollowAsync(LogicalReplicationConnection connection, PgOutputReplicationSlot slot)
    {
        var options = new PgOutputReplicationOptions(publication, PgOutputProtocolVersion.V1);

        // Not for each message: a server that has nothing to tell of the publication keeps its log all the same, until it hears how far this reader is. The
        // slot is temporary, and nothing of it is read twice, so that what has arrived can count as done. The driver sends it at its own interval.
        connection.WalReceiverStatusInterval = StatusInterval;
        await using var status = environment.TimeProvider.CreateTimer(
            static reading => ((LogicalReplicationConnection)reading!).SetReplicationStatus(((LogicalReplicationConnection)reading).LastReceivedLsn),
            connection, StatusInterval, StatusInterval).ConfigureAwait(false);
        await foreach (var message in connection.StartReplication(slot, options, _following.Token).ConfigureAwait(false))
        {
            switch (message)
            {
                case RelationMessage relation:
                    _relations[relation.RelationId] = new WalRelation(
                        relation.RelationId, [.. relation.Columns.Select(static c => c.ColumnName)],
                        [.. relation.Columns.Select(static c => c.Flags.HasFlag(RelationMessage.Column.ColumnFlags.PartOfKey))],
                        relation.ReplicaIdentity == RelationMessage.ReplicaIdentitySetting.AllColumns);
                    break;
                case InsertMessage insert:
                    Add(insert.Relation, "INSERT", await ReadAsync(insert.NewRow).ConfigureAwait(false), null);
                    break;
                case FullUpdateMessage update:
                    var whole = await ReadAsync(update.OldRow).ConfigureAwait(false);
                    Add(update.Relation, "UPDATE", await ReadAsync(update.NewRow).ConfigureAwait(false), whole);
                    break;
                case IndexUpdateMessage update:
                    var key = await ReadAsync(update.Key).ConfigureAwait(false);
                    Add(update.Relation, "UPDATE", await ReadAsync(update.NewRow).ConfigureAwait(false), key);
                    break;
                case UpdateMessage update:
                    Add(update.Relation, "UPDATE", await ReadAsync(update.NewRow).ConfigureAwait(false), null);
                    break;
                case KeyDeleteMessage delete:
                    Add(delete.Relation, "DELETE", null, await ReadAsync(delete.Key).ConfigureAwait(false));
                    break;
                case FullDeleteMessage delete:
                    Add(delete.Relation, "DELETE", null, await ReadAsync(delete.OldRow).ConfigureAwait(false));
                    break;
                case CommitMessage end:
                    Commit(end.TransactionCommitTimestamp);
                    break;
                default:
                    // A TRUNCATE is told to nobody; types and origins say nothing here.
                    break;
            }
        }
    }

    private async Task<WalValue[]> ReadAsync(ReplicationTuple tuple)
    {
        var values = new List<WalValue>(tuple.NumColumns);
        await foreach (var value in tuple.WithCancellation(_following.Token).ConfigureAwait(false))
        {
            values.Add(value.IsUnchangedToastedValue ? new WalValue(null, true)
                : value.IsDBNull ? default
                : new WalValue(await value.Get<string>(_following.Token).ConfigureAwait(false), false));
        }

        return [.. values];
    }

    // The timestamp comes with the commit; until then the changes are incomplete.
    private void Add(RelationMessage relation, string type, WalValue[]? newRow, WalValue[]? oldRow) =>
        _transaction.Add(new WalChange(_relations[relation.RelationId], type, newRow, oldRow, ""));

    private void Commit(DateTime at)
    {
        if (_transaction.Count > 0)
        {
            var timestamp = PgTime.Commit(new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc)));
            commit([.. _transaction.Cast<WalChange>().Select(c => c with { CommitTimestamp = timestamp })], _following.Token);
            _transaction.Clear();
        }
    }

    /// <summary>Ends the session and waits until the server has forgotten it, and with it the slot.</summary>
    private async Task CloseAsync()
    {
        if (_connection is not { } connection)
        {
            return;
        }

        _connection = null;
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (_processId is { } processId)
            {
                await EndAsync(session, processId).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // Nobody waits for this answer, and a reader that ended here would be silent for good.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The session is gone already, or the server is; a temporary slot goes with it.
        }
    }

    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(RetryDelay, environment.TimeProvider, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }
}
