using Carbon.Realtime.Emulator.Postgres;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Emulator;

/// <summary>
/// An emulator whose tables, rows, policies and types are a real PostgreSQL database's: it follows the publication by logical replication, asks the
/// database who may see a change, and reads over it. Rows are written with SQL, by whomever.
/// </summary>
/// <remarks>
/// The database is left as it was: the replication slot is temporary, and nothing is created. <see cref="RealtimeEmulatorHost"/> serves
/// <see cref="Emulator"/> as any other. Thread-safe. What differs from the emulator in memory and from the real server is in <c>docs/emulator.md</c>.
/// </remarks>
public sealed class PostgresEmulator : IAsyncDisposable
{
    private readonly PostgresBackend _backend;
    private readonly WalReader _wal;
    private readonly PostgresSession _session;

    private PostgresEmulator(PostgresEmulatorOptions options, PostgresSession session)
    {
        var environment = options.Emulator.Environment;
        _session = session;
        PostgresBackend? backend = null;
        Emulator = new RealtimeEmulator(options.Emulator, agenda => backend = new PostgresBackend(session, agenda, options.Emulator, options.Publication));
        _backend = backend!;
        _wal = new WalReader(session, options.Publication, environment, Emulator.Commit, fault => backend!.LastFault = fault);
        _backend.OnSlotLost = _wal.LoseSlot;
    }

    /// <summary>The emulator. Its methods that make or change tables and rows throw <see cref="InvalidOperationException"/>: use SQL.</summary>
    public RealtimeEmulator Emulator { get; }

    /// <summary>
    /// What broke last: a poll (a policy that fails, a value that its type does not take), the replication, or a subscription whose database could not be
    /// asked. As on the real server, changes are lost with a poll and with the replication, and no client is told.
    /// </summary>
    /// <value><see langword="null"/> if nothing broke.</value>
    public Exception? LastFault => _backend.LastFault;

    internal WalReader Wal => _wal;

    /// <summary>Ends when the next poll is over, whatever came of it.</summary>
    internal Task NextPoll => _backend.NextPoll;

    /// <inheritdoc cref="StartAsync(PostgresEmulatorOptions, CancellationToken)"/>
    public static Task<PostgresEmulator> StartAsync(PostgresEmulatorOptions options) => StartAsync(options, CancellationToken.None);

    /// <summary>Connects, checks what is needed and begins to follow the publication: what is committed from the return on reaches subscribers.</summary>
    /// <param name="options">Where the database is.</param>
    /// <param name="cancellationToken">Gives up. The start waits for write transactions that are open, as PostgreSQL does for a new slot.</param>
    /// <exception cref="PostgresSourceException">The database cannot be reached, or lacks something; the reason says what.</exception>
    public static async Task<PostgresEmulator> StartAsync(PostgresEmulatorOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var session = new PostgresSession(options.ConnectionString);
        PostgresEmulator? started = null;
        try
        {
            await session.CheckAsync(options.Publication, cancellationToken).ConfigureAwait(false);
            started = new PostgresEmulator(options, session);
            await started._wal.StartAsync(cancellationToken).ConfigureAwait(false);
            started._backend.Start(started.Emulator.OnPublicationChanged);
            return started;
        }
        catch
        {
            started?.Emulator.Dispose();
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Disposes the emulator, ends the replication, drops its slot and closes all connections to the database.</summary>
    public async ValueTask DisposeAsync()
    {
        Emulator.Dispose();
        try
        {
            await _wal.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            try
            {
                await _backend.DisposeAsync().ConfigureAwait(false);
            }
            finally
            {
                await _session.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
