using System.CommandLine;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tool;

/// <summary>The command line.</summary>
internal static class ToolCommands
{
    private const int DefaultPort = 54321;
    private const int LongestTokens = 876_000;

    /// <param name="output">Where the address and the tokens are printed.</param>
    /// <param name="errors">Where it is said what went wrong.</param>
    public static RootCommand Create(TextWriter output, TextWriter errors)
    {
        var port = new Option<int>("--port", "-p")
        {
            HelpName = "PORT",
            Description = $"The port of 127.0.0.1; 0 takes a free one. Default: {DefaultPort}, as the Supabase CLI has it.",
            DefaultValueFactory = static _ => DefaultPort,
        };
        port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 65535)
            {
                result.AddError("--port needs a number from 0 to 65535.");
            }
        });
        var seed = new Option<string?>("--seed")
        {
            HelpName = "FILE",
            Description = "A JSON file of tables, rows and users (docs/testing.md, \"Seeds\"). Default: Carbon's tables for two companies, with some rows.",
        };
        var postgres = new Option<string?>("--postgres")
        {
            HelpName = "CONNECTION",
            Description = "Stand on this database instead of tables in memory: Host=127.0.0.1;Database=postgres;Username=postgres;Password=postgres. "
                + "Its server must run with wal_level=logical; rows are written with SQL. A seed can then have users only.",
        };
        var publication = new Option<string>("--publication")
        {
            HelpName = "NAME",
            Description = "With --postgres: the publication to follow.",
            DefaultValueFactory = static _ => "supabase_realtime",
        };
        var secret = new Option<string>("--jwt-secret")
        {
            HelpName = "SECRET",
            Description = "Signs keys and tokens (HS256). Default: the one of Supabase's local stack.",
            DefaultValueFactory = static _ => EmulatorOptions.DevelopmentJwtSecret,
        };
        var tokens = new Option<double>("--tokens-for")
        {
            HelpName = "HOURS",
            Description = "How long the printed users' tokens are valid. Default: 24.",
            DefaultValueFactory = static _ => 24,
        };
        tokens.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and <= LongestTokens))
            {
                result.AddError($"--tokens-for needs hours from 0 to {LongestTokens}, a hundred years.");
            }
        });
        var instant = new Option<bool>("--instant")
        {
            Description = "Take no time for what the real server takes time for: polls, subscriptions, failing joins. For quick tests.",
        };
        var json = new Option<bool>("--json") { Description = "Print the address, the keys and the tokens as one line of JSON, for programs." };
        var serve = new Command("serve", "Serves an emulated Supabase project on a port of this machine until Ctrl-C.") { port, seed, postgres, publication, secret, tokens, instant, json };
        serve.SetAction((result, stop) => new ServeCommand(output, errors).RunAsync(
            new ServeArguments
            {
                Port = result.GetValue(port),
                Seed = result.GetValue(seed),
                Postgres = result.GetValue(postgres),
                Publication = result.GetValue(publication)!,
                JwtSecret = result.GetValue(secret)!,
                TokensFor = TimeSpan.FromHours(result.GetValue(tokens)),
                IsInstant = result.GetValue(instant),
                IsJson = result.GetValue(json),
            }, stop));
        return new RootCommand("Carbon.Realtime's tools.") { serve };
    }
}
