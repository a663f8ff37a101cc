using System.Globalization;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>Where a database is, in one of two forms: Npgsql's, or the URI that <c>psql</c> takes and <c>supabase status</c> prints.</summary>
/// <remarks>What is wrong is told without a word of the text: a password may stand in any place of it.</remarks>
internal static class ConnectionText
{
    private const string Forms =
        "write Host=127.0.0.1;Port=5432;Database=postgres;Username=postgres;Password=… or postgresql://user:password@host:5432/database?sslmode=require";

    /// <exception cref="ArgumentException">It is in neither form.</exception>
    public static NpgsqlConnectionStringBuilder Read(string text)
    {
        if (text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase))
        {
            return ReadUri(text);
        }

        try
        {
            var builder = new NpgsqlConnectionStringBuilder(text);
            return string.IsNullOrEmpty(builder.Host) ? throw Wrong("It names no host") : builder;
        }
        catch (Exception e) when (e is ArgumentException { ParamName: not nameof(PostgresEmulatorOptions.ConnectionString) } or FormatException or OverflowException)
        {
            // Without what Npgsql says: of Password=a;b=c it would tell the b.
            throw Wrong("It is no connection string");
        }
    }

    private static NpgsqlConnectionStringBuilder ReadUri(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Fragment.Length > 0)
        {
            throw Wrong("It is no URI (in a user's name and a password, :/?#[]@% are written %3A, %2F, %3F, %23, %5B, %5D, %40, %25)");
        }

        var builder = new NpgsqlConnectionStringBuilder { Host = uri.Host.Length == 0 ? "127.0.0.1" : uri.IdnHost };
        if (uri.Port > 0)
        {
            builder.Port = uri.Port;
        }

        var user = uri.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
        {
            builder.Username = Uri.UnescapeDataString(user[0]);
        }

        if (user.Length > 1)
        {
            builder.Password = Uri.UnescapeDataString(user[1]);
        }

        if (uri.AbsolutePath.Length > 1)
        {
            builder.Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]);
        }

        foreach (var parameter in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = parameter.Split('=', 2) is [var n, var v] ? (n, Uri.UnescapeDataString(v)) : (parameter, "");
            Set(builder, name, value);
        }

        return builder;
    }

    private static void Set(NpgsqlConnectionStringBuilder builder, string name, string value)
    {
        switch (name)
        {
            case "sslmode":
                builder.SslMode = value switch
                {
                    "disable" => SslMode.Disable,
                    "allow" => SslMode.Allow,
                    "prefer" => SslMode.Prefer,
                    "require" => SslMode.Require,
                    "verify-ca" => SslMode.VerifyCA,
                    "verify-full" => SslMode.VerifyFull,
                    _ => throw Wrong("sslmode is none of disable, allow, prefer, require, verify-ca, verify-full"),
                };
                break;
            case "connect_timeout" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 1024:
                builder.Timeout = seconds;
                break;
            case "application_name":
                builder.ApplicationName = value;
                break;
            case "options":
                builder.Options = value;
                break;
            default:
                throw Wrong("Behind the ? of the URI can be sslmode, connect_timeout (seconds, at most 1024), application_name and options");
        }
    }

    private static ArgumentException Wrong(string what, string option = nameof(PostgresEmulatorOptions.ConnectionString)) => new($"{what}: {Forms}.", option);
}
