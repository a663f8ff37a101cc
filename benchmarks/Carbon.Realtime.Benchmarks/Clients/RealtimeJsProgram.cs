namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>Where realtime-js's contender is: <c>benchmarks/realtime-js</c>, a program for Node whose packages <c>eng/bench</c> installs.</summary>
internal static class RealtimeJsProgram
{
    // From bin/Release/net10.0 to the folder beside this project's.
    private static readonly string Folder = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "realtime-js"));

    public static string Node => "node";

    public static string Script => Path.Combine(Folder, "client.mjs");

    /// <summary>Whether it can race: Node is on the path, and the packages are there.</summary>
    public static bool IsInstalled { get; } = Directory.Exists(Path.Combine(Folder, "node_modules", "@supabase", "realtime-js")) &&
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(static folder => File.Exists(Path.Combine(folder, Node)));
}
