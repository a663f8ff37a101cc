using System.CommandLine;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tool;

/// <summary>What <c>serve</c> was asked for.</summary>
internal sealed record ServeArguments
{
    public required int Port { get; init; }

    public required string? Seed { get; init; }

    public required string? Postgres { get; init; }

    public required string Publication { get; init; }

    /// <summary>None where it was not said.</summary>
    public required string? JwtSecret { get; init; }

    public required TimeSpan TokensFor { get; init; }

    public required bool IsInstant { get; init; }

    public required bool IsJson { get; init; }

    /// <summary>The real server's, unless it is to take no time.</summary>
    public EmulatorTiming Timing => IsInstant ? EmulatorTiming.Instant : EmulatorTiming.Realistic;

    /// <summary>Those of a command line without mistakes.</summary>
    public static ServeArguments Of(ParseResult line) => new()
    {
        Port = line.GetValue<int>("--port"),
        Seed = line.GetValue<string>("--seed"),
        Postgres = line.GetValue<string>("--postgres"),
        Publication = line.GetValue<string>("--publication")!,
        JwtSecret = line.GetValue<string>("--jwt-secret"),
        TokensFor = TimeSpan.FromHours(line.GetValue<double>("--tokens-for")),
        IsInstant = line.GetValue<bool>("--instant"),
        IsJson = line.GetValue<bool>("--json"),
    };
}

/// <summary>Runs an emulator on a port until it is stopped.</summary>
internal sealed class ServeCommand(TextWriter output, TextWriter errors)
{
    /// <summary>The exit code for a command line or a seed that is wrong.</summary>
    public const int WrongArguments = 2;

    private const int Failed = 1;

    /// <returns>The exit code: 0 when it was stopped, 1 for a busy port or a database that will not do, 2 for a bad seed or bad arguments.</returns>
    public async Task<int> RunAsync(ServeArguments arguments, CancellationToken stop)
    {
        try
        {
            var options = new EmulatorOptions
            {
                JwtSecret = arguments.JwtSecret ?? DefaultSecret(arguments),
                Timing = arguments.Timing,
            };
            await using var database = arguments.Postgres is { } connection ? await PostgresEmulator.StartAsync(
                new PostgresEmulatorOptions { ConnectionString = connection, Publication = arguments.Publication, Emulator = options }, stop) : null;
            using var emulator = database?.Emulator ?? new RealtimeEmulator(options);
            var users = await FillAsync(emulator, arguments, stop);
            await using var host = await RealtimeEmulatorHost.StartAsync(emulator, arguments.Port, stop);
            Print(arguments, host, users);
            await UntilStoppedAsync(stop);
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (EmulatorPortInUseException e)
        {
            return Fail(Failed, e.Message.Replace("start the emulator on another port", "say --port with another one", StringComparison.Ordinal));
        }
        catch (SocketException e)
        {
            return Fail(Failed, $"Port {arguments.Port} of 127.0.0.1 cannot be opened: {e.Message}. Say --port with another one; 0 takes a free one.");
        }
        catch (PostgresSourceException e)
        {
            return Fail(Failed, e.Message);
        }
        catch (Exception e) when (e is EmulatorSeedException or IOException or UnauthorizedAccessException)
        {
            return Fail(WrongArguments, e is EmulatorSeedException ? $"{arguments.Seed}: {e.Message}" : $"The seed cannot be read: {e.Message}");
        }
        catch (ArgumentException e) when (e.ParamName == nameof(PostgresEmulatorOptions.ConnectionString))
        {
            return Fail(WrongArguments, $"--postgres: {e.Message.Split(" (Parameter", 2)[0]}");
        }
        catch (ArgumentException e)
        {
            return Fail(WrongArguments, e.Message);
        }
    }

    // The development secret is public: with it any web page on this machine could sign itself a token, and read. In memory there is nothing to be read.
    private static string DefaultSecret(ServeArguments arguments) =>
        arguments.Postgres is null ? EmulatorOptions.DevelopmentJwtSecret : RandomNumberGenerator.GetHexString(64);

    private static async Task UntilStoppedAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = stop.Register(stopped.SetResult);
        await stopped.Task;
    }

    private static async Task<IReadOnlyList<EmulatorSeedUser>> FillAsync(RealtimeEmulator emulator, ServeArguments arguments, CancellationToken stop)
    {
        if (arguments.Seed is { } file)
        {
            var seed = EmulatorSeed.Parse(await File.ReadAllTextAsync(file, stop));
            seed.ApplyTo(emulator);
            return seed.Users;
        }

        if (arguments.Postgres is not null)
        {
            return [];
        }

        CarbonShop.CreateTables(emulator);
        new CarbonShop(emulator).Seed();
        return [.. CarbonShop.Companies.Select(static company =>
            new EmulatorSeedUser($"user of {company}", $"user_{company}", "authenticated", new JsonObject { ["companies"] = new JsonArray(company) }))];
    }

    private void Print(ServeArguments arguments, RealtimeEmulatorHost host, IReadOnlyList<EmulatorSeedUser> users)
    {
        var emulator = host.Emulator;
        var tokens = users.Select(user => (user.Name, Token: user.IssueToken(emulator, arguments.TokensFor))).ToArray();
        if (arguments.IsJson)
        {
            var json = new JsonObject
            {
                ["url"] = host.Url.ToString().TrimEnd('/'),
                ["anonKey"] = emulator.AnonKey,
                ["serviceKey"] = emulator.ServiceKey,
                ["users"] = new JsonObject(tokens.Select(static t => KeyValuePair.Create(t.Name, (JsonNode?)t.Token))),
            };
            output.WriteLine(json.ToJsonString(JsonSerializerOptions.Web));
        }
        else
        {
            output.WriteLine($"URL          {host.Url.ToString().TrimEnd('/')}");
            output.WriteLine($"anon key     {emulator.AnonKey}");
            output.WriteLine($"service key  {emulator.ServiceKey}");
            foreach (var (name, token) in tokens)
            {
                output.WriteLine($"token of {name}: {token}");
            }

            if (arguments is { Seed: null, Postgres: null })
            {
                output.WriteLine("Its policies show a token the rows of its company, and the service key all; to the anon key alone every table is empty.");
            }

            output.WriteLine("Serving until Ctrl-C.");
        }

        output.Flush();
    }

    private int Fail(int code, string message)
    {
        errors.WriteLine($"carbon-realtime: {message}");
        return code;
    }
}
