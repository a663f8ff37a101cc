using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>What an emulator is like. All options have defaults that suit a unit test.</summary>
public sealed class EmulatorOptions
{
    /// <summary>The secret that Supabase's local development stack uses.</summary>
    public const string DevelopmentJwtSecret = "super-secret-jwt-token-with-at-least-32-characters-long";

    /// <summary>The secret that signs and validates tokens (HS256).</summary>
    /// <value>Default <see cref="DevelopmentJwtSecret"/>. Not empty.</value>
    public string JwtSecret { get; init; } = DevelopmentJwtSecret;

    /// <summary>The host name under which clients of the in-memory host reach the project. With <see cref="RealtimeEmulator.CreateDependencies()"/> it is not looked up anywhere.</summary>
    /// <value>Default <c>project.emulator.test</c>. Interacts with <see cref="RealtimeEmulator.ProjectUrl"/>.</value>
    public string ProjectHost { get; init; } = "project.emulator.test";

    /// <summary>How long things take.</summary>
    /// <value>Default <see cref="EmulatorTiming.Instant"/>.</value>
    public EmulatorTiming Timing { get; init; } = EmulatorTiming.Instant;

    /// <summary>How much the server allows.</summary>
    /// <value>Default <see cref="EmulatorLimits.None"/>: everything. <see cref="EmulatorLimits.Supabase"/> is what the real one allows.</value>
    public EmulatorLimits Limits { get; init; } = EmulatorLimits.None;

    /// <summary>Clock, scheduler and chance.</summary>
    /// <value>Default <see cref="RealtimeEnvironment.Default"/>. In a test, the same environment as the client's.</value>
    public RealtimeEnvironment Environment { get; init; } = RealtimeEnvironment.Default;

    /// <summary>Database roles that a token may name. Another role fails the subscription, as in PostgreSQL.</summary>
    /// <value>Default <c>anon</c>, <c>authenticated</c>, <c>service_role</c>; the last one bypasses row level security.</value>
    public IReadOnlyList<string> Roles { get; init; } = ["anon", "authenticated", "service_role"];

    /// <summary>PostgREST's limit of rows in one answer (<c>db-max-rows</c>): a longer one is cut without a word.</summary>
    /// <value>Default 1000, as Supabase has it. At least 1.</value>
    public int MaxRows { get; init; } = 1000;

    /// <summary>The schemas that reads may name; the first is the one they mean when they name none.</summary>
    /// <value>Default <c>public</c>, <c>graphql_public</c>, as Supabase has it. At least one.</value>
    public IReadOnlyList<string> ExposedSchemas { get; init; } = [EmulatorDatabase.DefaultSchema, "graphql_public"];

    /// <summary>How many of the last received frames a connection remembers in <see cref="EmulatorConnection.ReceivedFrames"/>.</summary>
    /// <value>Default 10 000. Zero remembers none.</value>
    public int ReceivedFrameLogLimit { get; init; } = 10_000;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(JwtSecret);
        ArgumentException.ThrowIfNullOrEmpty(ProjectHost);
        ArgumentNullException.ThrowIfNull(Timing);
        Timing.Validate();
        ArgumentNullException.ThrowIfNull(Limits);
        Limits.Validate();
        ArgumentNullException.ThrowIfNull(Environment);
        ArgumentNullException.ThrowIfNull(Roles);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRows, 1);
        ArgumentNullException.ThrowIfNull(ExposedSchemas);
        ArgumentOutOfRangeException.ThrowIfZero(ExposedSchemas.Count, nameof(ExposedSchemas));
        ArgumentOutOfRangeException.ThrowIfNegative(ReceivedFrameLogLimit);
    }
}
