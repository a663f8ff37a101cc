namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>Names in SQL. Values never become text of a statement: they are parameters.</summary>
internal static class SqlText
{
    public static string Name(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Name(string schema, string name) => $"{Name(schema)}.{Name(name)}";
}
