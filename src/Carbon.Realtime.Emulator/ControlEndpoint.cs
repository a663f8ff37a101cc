using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Microsoft.AspNetCore.Http;
using static Carbon.Realtime.Emulator.ControlBody;

namespace Carbon.Realtime.Emulator;

/// <summary>Steers the emulator over HTTP, for tests in other languages: <c>POST /emulator/v1/{command}</c> with a JSON object, or nothing, as its body.</summary>
/// <remarks>
/// No key is asked for: the host listens on the loopback address and answers to its names only, and a web page, which a browser lets reach it, is refused. The commands are in
/// docs/emulator.md, "What can go wrong".
/// </remarks>
internal sealed class ControlEndpoint
{
    public const string Root = "/emulator/v1";

    private readonly Dictionary<string, Func<JsonObject, JsonObject>> _commands;

    public ControlEndpoint(RealtimeEmulator emulator)
    {
        _commands = new(StringComparer.Ordinal)
        {
            ["token"] = body => new JsonObject { ["token"] = Token(emulator, body) },
            ["break-connections"] = _ => Done(emulator.BreakConnections),
            ["drop-connections"] = body => Done(() => emulator.DropConnections(Number(body, "code") ?? 1012, Text(body, "reason") ?? "")),
            ["refuse-connects"] = body => Done(() => emulator.RefuseConnects(Number(body, "status") ?? 500, Text(body, "body") ?? "")),
            ["accept-connects"] = _ => Done(emulator.AcceptConnects),
            ["crash-channels"] = _ => Done(emulator.CrashChannels),
            ["close-channels"] = body => Done(() => emulator.CloseChannels(Text(body, "text") ?? "Too many messages per second")),
            ["repeat-subscribed"] = _ => Done(emulator.RepeatSubscribed),
            ["cool-down"] = _ => Done(emulator.CoolDown),
            ["restart"] = _ => Done(emulator.Restart),
            ["reload-tenant"] = _ => Done(emulator.ReloadTenant),
            ["hold-subscribed"] = body => Done(() => emulator.HoldSystemOk = Flag(body, "hold") ?? true),
            ["connections"] = _ => Connections(emulator),
            ["add-column"] = body => Done(() => emulator.AddColumn(Needed(body, "table"), Needed(body, "column"), Needed(body, "type"), Text(body, "default"))),
            ["drop-column"] = body => Done(() => emulator.DropColumn(Needed(body, "table"), Needed(body, "column"))),
            ["set-published"] = body => Done(() => emulator.SetPublished(Needed(body, "table"), Flag(body, "published") ?? true)),
            ["send-broadcast"] = body => Done(() => emulator.SendBroadcast(
                Needed(body, "topic"), Needed(body, "event"), body["payload"]?.AsObject() ?? [], Flag(body, "private") ?? false)),
        };
        foreach (var (name, command) in FaultCommands.Of(emulator))
        {
            _commands.Add(name, command);
        }
    }

    public async Task ServeAsync(HttpContext context, string command)
    {
        if (context.Request.Headers.Origin.Count > 0)
        {
            // Only browsers name an origin. Any page that is open on this machine could have itself a token of any user made.
            await AnswerAsync(context, StatusCodes.Status403Forbidden, Error("Commands are not taken from web pages: send them from the test's own process."));
        }
        else if (!_commands.TryGetValue(command, out var run))
        {
            await AnswerAsync(context, StatusCodes.Status404NotFound, Error($"There is no command '{command}'. The commands are: {string.Join(", ", _commands.Keys)}."));
        }
        else if (!HttpMethods.IsPost(context.Request.Method))
        {
            await AnswerAsync(context, StatusCodes.Status405MethodNotAllowed, Error("Commands are sent with POST."));
        }
        else
        {
            var (status, answer) = Run(run, await ReadAsync(context));
            await AnswerAsync(context, status, answer);
        }
    }

    private static (int Status, JsonObject Answer) Run(Func<JsonObject, JsonObject> command, string body)
    {
        try
        {
            return (StatusCodes.Status200OK, command(body.Length == 0 ? [] : JsonNode.Parse(body)?.AsObject() ?? throw new FormatException("It is null.")));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException or OverflowException or NotSupportedException)
        {
            return (StatusCodes.Status400BadRequest, Error(e is NotSupportedException
                ? e.Message
                : $"The body must be a JSON object whose members have the types that docs/emulator.md says: {e.Message}"));
        }
    }

    private static async Task<string> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        return await reader.ReadToEndAsync(context.RequestAborted);
    }

    private static Task AnswerAsync(HttpContext context, int status, JsonObject answer)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
    }

    private static JsonObject Connections(RealtimeEmulator emulator) => new()
    {
        ["connections"] = new JsonArray([.. emulator.Connections.Select(static c => new JsonObject
        {
            ["id"] = c.Id,
            ["topics"] = new JsonArray([.. c.Topics.Select(static t => JsonValue.Create(t))]),
        })]),
    };

    private static string Token(RealtimeEmulator emulator, JsonObject body) =>
        emulator.Tokens.Issue(Text(body, "sub"), Text(body, "role") ?? "authenticated", Seconds(body, "expiresIn"), body["claims"]?.AsObject());

    private static JsonObject Error(string message) => new() { ["error"] = message };
}
