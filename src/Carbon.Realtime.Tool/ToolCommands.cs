using System.CommandLine;
using System.Globalization;

namespace Carbon.Realtime.Tool;

/// <summary>The command line.</summary>
internal static class ToolCommands
{
    private const int DefaultPort = 54321;

    // A hundred years.
    private const int MostHours = 876_000;

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
        Require(port, "a number from 0 to 65535", static number => number is >= 0 and <= 65535);
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
        var secret = new Option<string?>("--jwt-secret")
        {
            HelpName = "SECRET",
            Description = "Signs keys and tokens (HS256). Default: the one of Supabase's local stack, which everybody knows; with --postgres a new one each time.",
        };
        var tokens = new Option<double>("--tokens-for")
        {
            HelpName = "HOURS",
            Description = "How long the printed users' tokens are valid. Default: 24.",
            DefaultValueFactory = static _ => 24,
        };
        Require(tokens, $"a number of hours above 0 and up to {MostHours}", static hours => hours is > 0 and <= MostHours);
        var instant = new Option<bool>("--instant")
        {
            Description = "Take no time for what the real server takes time for: polls, subscriptions, failing joins. For quick tests.",
        };
        var json = new Option<bool>("--json") { Description = "Print the address, the keys and the tokens as one line of JSON, for programs." };
        var serve = new Command("serve", "Serves an emulated Supabase project on a port of this machine until Ctrl-C.") { port, seed, postgres, publication, secret, tokens, instant, json };
        serve.SetAction((result, stop) => new ServeCommand(output, errors).RunAsync(ServeArguments.Of(result), stop));
        return new RootCommand("Carbon.Realtime's tools.") { serve };
    }

    /// <summary>Reads the text itself: the library throws at a validator that asks for the value of what is no number.</summary>
    private static void Require<TNumber>(Option<TNumber> option, string what, Func<TNumber, bool> isRight)
        where TNumber : struct, IParsable<TNumber> =>
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token, ..] && !(TNumber.TryParse(token.Value, CultureInfo.InvariantCulture, out var number) && isRight(number)))
            {
                result.AddError($"{option.Name} needs {what}, and not '{token.Value}'.");
            }
        });
}
