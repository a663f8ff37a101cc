using Carbon.Realtime.Emulator.Postgres;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Emulator;

/// <summary>Which database an emulator stands on, and what it is like otherwise.</summary>
public sealed class PostgresEmulatorOptions
{
    /// <summary>
    /// How to reach the database: in Npgsql's form, <c>Host=127.0.0.1;Database=postgres;Username=postgres;Password=postgres</c>, or as the URI that
    /// <c>supabase status</c> prints, <c>postgresql://postgres:postgres@127.0.0.1:54322/postgres</c>, percent-encoded, with <c>sslmode</c>, <c>connect_timeout</c>,
    /// <c>application_name</c> and <c>options</c> behind a question mark.
    /// </summary>
    /// <value>
    /// Required. The user needs the privilege REPLICATION and must be allowed to take the roles that tokens name, as Supabase's <c>postgres</c> is. The
    /// server must run with <c>wal_level=logical</c>; a connection pooler will not do.
    /// </value>
    public required string ConnectionString { get; init; }

    /// <summary>The publication whose tables can be subscribed to.</summary>
    /// <value>Default <c>supabase_realtime</c>, as Supabase has it. It must exist.</value>
    public string Publication { get; init; } = "supabase_realtime";

    /// <summary>What else the emulator is like.</summary>
    /// <value>
    /// Default: the defaults of <see cref="EmulatorOptions"/>. A token can only name a role of <see cref="EmulatorOptions.Roles"/>, which must be one of the
    /// database's too: with the default, <c>anon</c>, <c>authenticated</c> and <c>service_role</c>. Its environment's scheduler must run by itself, as the
    /// default does. Whoever knows <see cref="EmulatorOptions.JwtSecret"/> reads the database as any of these roles: give it a secret of its own where a host
    /// serves the emulator and the database has rows that matter.
    /// </value>
    public EmulatorOptions Emulator { get; init; } = new();

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(ConnectionString);
        _ = ConnectionText.Read(ConnectionString);
        ArgumentException.ThrowIfNullOrEmpty(Publication);
        ArgumentNullException.ThrowIfNull(Emulator);
    }
}
