using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using Carbon.Realtime.Emulator;

namespace Carbon.Realtime.Tool;

/// <summary>The command line.</summary>
internal static class ToolCommands
{
    private const int DefaultPort = 54321;

    // A hundred years.
    private const int MostHours = 876_000;

    // What Supabase asks of a secret, and HS256 for its strength.
    private const int LeastSecret = 32;

    /// <summary>Runs a command line.</summary>
    /// <returns>The exit code: 2 for a command line that is wrong, else the command's own.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors, CancellationToken stop)
    {
        var line = Create(output, errors).Parse(arguments);
        if (line.Action is not ParseErrorAction)
        {
            return await line.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, Output = output, Error = errors }, stop);
        }

        // The library would print the whole help, below which nobody finds the mistake, and say 1, which is a busy port's.
        foreach (var error in line.Errors)
        {
            await errors.WriteLineAsync($"carbon-realtime: {error.Message}");
        }

        await errors.WriteLineAsync($"carbon-realtime: {(line.CommandResult.Command is RootCommand ? "" : line.CommandResult.Command.Name + " ")}--help says what there is.");
        return ServeCommand.WrongArguments;
    }

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
            Description = "Stand on this database instead of tables in memory: postgresql://postgres:postgres@127.0.0.1:54322/postgres, as supabase status prints it, or "
                + "Host=127.0.0.1;Database=postgres;Username=postgres;Password=postgres. Its server must run with wal_level=logical; rows are written with SQL. A seed can then have users only.",
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
        Require(secret, $"at least {LeastSecret} characters", static text => text.Length >= LeastSecret);
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
        serve.Validators.Add(result =>
        {
            if (result.GetResult(publication) is { Implicit: false } && result.GetResult(postgres) is null)
            {
                result.AddError("--publication names one of the database's that --postgres names, and there is no --postgres.");
            }
        });
        serve.SetAction((result, stop) => new ServeCommand(output, errors).RunAsync(ServeArguments.Of(result), stop));
        var prelude = new Command("prelude", "Prints the SQL that an empty PostgreSQL needs for serve --postgres: Supabase's roles, publication, auth.jwt() and privileges. "
            + "Run it once, as a superuser: carbon-realtime prelude | psql …. A Supabase project has all of it.");
        prelude.SetAction(_ => output.WriteLine(PostgresEmulator.SupabasePrelude));
        return new RootCommand("Carbon.Realtime's tools.") { serve, prelude };
    }

    private static void Require<TNumber>(Option<TNumber> option, string what, Func<TNumber, bool> isRight)
        where TNumber : struct, IParsable<TNumber> =>
        Require(option, what, text => TNumber.TryParse(text, CultureInfo.InvariantCulture, out var number) && isRight(number), tellsWhat: true);

    private static void Require(Option<string?> option, string what, Func<string, bool> isRight) => Require(option, what, isRight, tellsWhat: false);

    /// <summary>Reads the text itself: the library throws at a validator that asks for the value of what is no number.</summary>
    private static void Require(Option option, string what, Func<string, bool> isRight, bool tellsWhat) =>
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token, ..] && !isRight(token.Value))
            {
                result.AddError($"{option.Name} needs {what}{(tellsWhat ? $", and not '{token.Value}'" : "")}.");
            }
        });
}
