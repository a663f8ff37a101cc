using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>Reads the command line, and says what is wrong with it.</summary>
internal static class CommandLine
{
    public const int WrongArguments = 2;

    private const string KeyVariable = "CARBON_REALTIME_KEY";
    private const string TokenVariable = "CARBON_REALTIME_TOKEN";

    private static readonly Option<string?> Data = new("--data")
    {
        HelpName = "FOLDER",
        Description = "Where the journal of printed labels and the cache of rows are. Default: carbon-labels in the user's local application data.",
    };

    private static readonly Option<RealtimeFilter?> Filter = new("--filter")
    {
        HelpName = "FILTER",
        Description = $"Which jobs want a label, in the server's syntax. Default: {JobTable.WantLabels}",
        CustomParser = static result =>
        {
            if (!RealtimeFilter.TryParse(result.Tokens[0].Value, out var filter, out var error))
            {
                result.AddError(error);
            }

            return filter;
        },
    };

    private static readonly Option<string?> Tenant = new("--tenant")
    {
        HelpName = "COMPANY",
        Description = $"Whose labels. The embedded shop has {string.Join(" and ", CarbonShop.Companies)}; default there: {CarbonShop.Companies[0]}.",
    };

    private static readonly Option<Uri?> Url = new("--url")
    {
        HelpName = "URL",
        Description = "Work for a real project, such as https://abc.supabase.co, instead of the embedded shop.",
        CustomParser = static result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Host.Length > 0)
            {
                return url;
            }

            result.AddError("--url needs an absolute http or https address.");
            return null;
        },
    };

    private static readonly Option<string?> Key = new("--key")
    {
        HelpName = "KEY",
        Description = $"The project's anon or publishable key. Default: the environment's {KeyVariable}.",
    };

    private static readonly Option<string?> Token = new("--token")
    {
        HelpName = "JWT",
        Description = $"A signed-in user's access token. Default: the environment's {TokenVariable}, or none.",
    };

    private static readonly Option<bool> Insecure = new("--insecure")
    {
        Description = "Permit http to a host that is not this machine: the key and the token travel in the clear.",
    };

    private static readonly Option<TimeSpan?> Duration = new("--for")
    {
        HelpName = "SECONDS",
        Description = "End by itself after so many seconds of work; with an error if it cannot begin within 30 seconds.",
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
    public static bool TryParse(string[] args, [NotNullWhen(true)] out WorkerArguments? arguments, out int exitCode)
    {
        arguments = null;
        var command = new RootCommand("Prints a label for each job that is released, once, across restarts.")
        {
            Data, Filter, Tenant, Url, Key, Token, Insecure, Duration,
        };
        command.Validators.Add(Check);
        var result = command.Parse(args);
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors)
            {
                Console.Error.WriteLine($"carbon-labels: {error.Message}");
            }

            Console.Error.WriteLine("carbon-labels --help tells the options.");
            exitCode = WrongArguments;
            return false;
        }

        if (result.Action is not null)
        {
            // --help or --version.
            exitCode = result.Invoke();
            return false;
        }

        exitCode = 0;
        arguments = new WorkerArguments
        {
            Data = result.GetValue(Data) ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "carbon-labels"),
            Filter = result.GetValue(Filter) ?? RealtimeFilter.Parse(JobTable.WantLabels),
            Tenant = result.GetValue(Tenant) ?? CarbonShop.Companies[0],
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
        var isReal = command.GetResult(Url) is not null;
        var company = command.GetResult(Tenant) is { Tokens: [var token] } ? token.Value : null;
        foreach (var option in (Option[])[Data, Tenant, Key, Token])
        {
            Require(command.GetResult(option) is not { Tokens: [{ Value: var value }] } || !string.IsNullOrWhiteSpace(value), $"{option.Name} must not be blank.");
        }

        if (isReal)
        {
            Require(company is not null, "--url needs --tenant: the key of the company whose labels are to be printed.");
            Require(
                command.GetResult(Key) is not null || !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(KeyVariable)),
                $"--url needs the project's key: --key KEY, or {KeyVariable} in the environment.");
        }
        else
        {
            foreach (var option in (Option[])[Key, Token, Insecure])
            {
                Require(command.GetResult(option) is null, $"{option.Name} needs --url: the embedded shop has its own.");
            }

            Require(company is null || CarbonShop.Companies.Contains(company), $"--tenant: the embedded shop has {string.Join(" and ", CarbonShop.Companies)} only.");
        }

        void Require(bool condition, string otherwise)
        {
            if (!condition)
            {
                command.AddError(otherwise);
            }
        }
    }
}
