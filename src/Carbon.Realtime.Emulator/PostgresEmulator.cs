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

    /// <summary>
    /// The SQL that makes of an empty database what this emulator and the policies of a Supabase project need: the roles <c>anon</c>, <c>authenticated</c> and
    /// <c>service_role</c>, the publication <c>supabase_realtime</c>, <c>auth.jwt()</c>, <c>auth.uid()</c> and <c>auth.role()</c>, and Supabase's privileges in the schema
    /// <c>public</c>, for tables that there are and for those that the same user makes later.
    /// </summary>
    /// <remarks>
    /// For a PostgreSQL without Supabase, run once by a superuser; where it ran before, or part of it is there, it changes nothing else. A Supabase project has it all, and
    /// must not be given it: it would put these functions in the place of its own.
    /// </remarks>
    public static string SupabasePrelude { get; } =
        """
        do $$ begin
            if not exists (select from pg_roles where rolname = 'anon') then create role anon nologin; end if;
            if not exists (select from pg_roles where rolname = 'authenticated') then create role authenticated nologin; end if;
            if not exists (select from pg_roles where rolname = 'service_role') then create role service_role nologin bypassrls; end if;
            if not exists (select from pg_publication where pubname = 'supabase_realtime') then create publication supabase_realtime; end if;
        end $$;
        create schema if not exists auth;
        create or replace function auth.jwt() returns jsonb stable language sql as
            $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
        create or replace function auth.uid() returns uuid stable language sql as $$ select (auth.jwt() ->> 'sub')::uuid $$;
        create or replace function auth.role() returns text stable language sql as $$ select auth.jwt() ->> 'role' $$;
        grant usage on schema public, auth to anon, authenticated, service_role;
        grant all on all tables in schema public to anon, authenticated, service_role;
        alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
        """;

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
    /// <exception cref="ArgumentException">An option is missing, or the connection string is in neither form; the password is not in the message.</exception>
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
