using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>Reads the command line, and says what is wrong with it.</summary>
internal static class CommandLine
{
    public const int WrongArguments = 2;

    private const string KeyVariable = "CARBON_REALTIME_KEY";
    private const string TokenVariable = "CARBON_REALTIME_TOKEN";

    private static readonly Argument<string?> Table = new("TABLE")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "The table. Left out: item, customer, salesOrder and job of the embedded shop.",
    };

    private static readonly Option<RealtimeFilter?> Filter = new("--filter")
    {
        HelpName = "FILTER",
        Description = "Only rows that match, in the server's syntax: status=eq.released,total=gt.100",
        CustomParser = static result =>
        {
            if (!RealtimeFilter.TryParse(result.Tokens[0].Value, out var filter, out var error))
            {
                result.AddError(error);
            }

            return filter;
        },
    };

    private static readonly Option<string?> Tenant = Text(
        "--tenant", "COMPANY", $"Only rows whose companyId is this. The embedded shop has {string.Join(" and ", CarbonShop.Companies)}.");

    private static readonly Option<string?> Schema = Text("--schema", "SCHEMA", "The table's schema. Default: public.");

    private static readonly Option<string?> RowKey = Text(
        "--row-key", "COLUMNS", "The primary key's columns, at most three, with commas between. Default: id.");

    private static readonly Option<string?> Url = Text(
        "--url", "URL", "Watch a real project, such as https://abc.supabase.co, instead of the embedded shop.");

    private static readonly Option<string?> Key = Text(
        "--key", "KEY", $"The project's anon or publishable key. Default: the environment's {KeyVariable}.");

    private static readonly Option<string?> Token = Text(
        "--token", "JWT", $"A signed-in user's access token. Default: the environment's {TokenVariable}, or none.");

    private static readonly Option<bool> Insecure = new("--insecure")
    {
        Description = "Permit http to a host that is not this machine: the key and the token travel in the clear.",
    };

    private static readonly Option<string?> Cache = Text(
        "--cache", "FILE", "Keep the rows in this SQLite file, so that the next start shows them at once.");

    private static readonly Option<TimeSpan?> Duration = new("--for")
    {
        HelpName = "SECONDS",
        Description = "End by itself after so many seconds of live changes; with an error if none can be had within 30 seconds.",
        CustomParser = static result =>
        {
            if (double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 1e6)
            {
                return TimeSpan.FromSeconds(seconds);
            }

            result.AddError($"--for needs a number of seconds, more than 0 and less than a million; '{result.Tokens[0].Value}' is not one.");
            return null;
        },
    };

    /// <summary>Reads the arguments; writes help to the output or faults to the standard error where there is nothing to run.</summary>
    public static bool TryParse(string[] args, [NotNullWhen(true)] out WatchArguments? arguments, out int exitCode)
    {
        arguments = null;
        var command = new RootCommand("Watches the changes of Carbon tables, live. The word 'watch' may stand before TABLE.")
        {
            Table, Filter, Tenant, Schema, RowKey, Url, Key, Token, Insecure, Duration,
        };
        var stores = new Command("stores", "Shows Carbon's core stores instead, items, customers, suppliers and people, and how true each is.")
        {
            Tenant, Url, Key, Token, Insecure, Cache, Duration,
        };
        command.SetAction(static _ => 0); // without one, a command that has others beneath it demands one of them
        command.Validators.Add(Check);
        stores.Validators.Add(Check);
        if (args is ["watch", .. var rest])
        {
            // A table may be called "stores".
            args = rest;
        }
        else
        {
            command.Subcommands.Add(stores);
        }

        var result = command.Parse(args);
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors)
            {
                Console.Error.WriteLine($"carbon-watch: {error.Message}");
            }

            Console.Error.WriteLine("carbon-watch --help tells the options.");
            exitCode = WrongArguments;
            return false;
        }

        if (result.Action is { } action && action != command.Action)
        {
            // --help or --version.
            exitCode = result.Invoke();
            return false;
        }

        exitCode = 0;
        arguments = new WatchArguments
        {
            ShowsStores = result.CommandResult.Command == stores,
            CachePath = result.GetValue(Cache),
            Table = result.GetValue(Table),
            Filter = result.GetValue(Filter) ?? RealtimeFilter.None,
            Tenant = result.GetValue(Tenant),
            Schema = result.GetValue(Schema) ?? "public",
            RowKey = result.GetValue(RowKey)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
            Url = result.GetValue(Url),
            IsInsecure = result.GetValue(Insecure),
            ApiKey = result.GetValue(Key) ?? Environment.GetEnvironmentVariable(KeyVariable) ?? "",
            AccessToken = result.GetValue(Token) ?? Environment.GetEnvironmentVariable(TokenVariable),
            Duration = result.GetValue(Duration),
        };
        return true;
    }

    /// <summary>What one option alone cannot know.</summary>
    private static void Check(CommandResult command)
    {
        var table = command.GetResult(Table) is { Tokens: [var token] } ? token.Value : null;
        var hasTable = table is not null;
        var isStores = command.Command is not RootCommand;
        Require(table?.StartsWith('-') != true, $"There is no option {table}.");
        Require(table?.Contains('*') != true, "TABLE is the name of one table; there are no wildcards.");
        if (command.GetResult(Url) is not null)
        {
            Require(hasTable || isStores, "--url needs a TABLE: carbon-watch TABLE --url URL --key KEY.");
            Require(!isStores || command.GetResult(Tenant) is not null, "--url needs --tenant: the stores are a company's.");
            Require(
                command.GetResult(Key) is not null || !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(KeyVariable)),
                $"--url needs the project's key: --key KEY, or {KeyVariable} in the environment.");
        }
        else
        {
            Require(command.GetResult(Key) is null, "--key needs --url: which project is it the key of?");
            Require(command.GetResult(Insecure) is null, "--insecure needs --url: the embedded shop is on this machine.");
            Require(command.GetResult(Token) is null, "--token needs --url: which project is it a token of?");
            Require(
                command.GetResult(Tenant) is not { Tokens: [var tenant] } || CarbonShop.Companies.Contains(tenant.Value),
                $"--tenant: the embedded shop has {string.Join(" and ", CarbonShop.Companies)} only.");
            Require(hasTable || command.GetResult(Filter) is null, "--filter needs a TABLE: its columns are the table's.");
            Require(hasTable || command.GetResult(Schema) is null, "--schema needs a TABLE.");
            Require(hasTable || command.GetResult(RowKey) is null, "--row-key needs a TABLE.");
        }

        void Require(bool condition, string otherwise)
        {
            if (!condition)
            {
                command.AddError(otherwise);
            }
        }
    }

    private static Option<string?> Text(string name, string helpName, string description)
    {
        var option = new Option<string?>(name) { HelpName = helpName, Description = description };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && string.IsNullOrWhiteSpace(token.Value))
            {
                result.AddError($"{name} must not be blank.");
            }
        });
        return option;
    }
}
