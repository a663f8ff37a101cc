using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Testing.Emulation;
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

    /// <summary>Nobody shows these answers as HTML: the quotes in a message are quotes.</summary>
    public static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<string, ControlCommand> _commands;

    public ControlEndpoint(RealtimeEmulator emulator) =>
        _commands = Commands(emulator).Concat(FaultCommands.Of(emulator)).ToDictionary(static c => c.Name, StringComparer.Ordinal);

    public static IEnumerable<ControlCommand> Commands(RealtimeEmulator emulator) =>
    [
        new("token", ["sub", "role", "expiresIn", "claims"], body => new JsonObject { ["token"] = Token(emulator, body) }),
        new("break-connections", [], _ => Done(emulator.BreakConnections)),
        new("drop-connections", ["code", "reason"], body => Done(() => emulator.DropConnections(Number(body, "code") ?? 1012, Text(body, "reason") ?? ""))),
        new("refuse-connects", ["status", "body"], body => Done(() => emulator.RefuseConnects(Number(body, "status") ?? 500, Text(body, "body") ?? ""))),
        new("accept-connects", [], _ => Done(emulator.AcceptConnects)),
        new("crash-channels", [], _ => Done(emulator.CrashChannels)),
        new("close-channels", ["text"], body => Done(() => emulator.CloseChannels(Text(body, "text") ?? "Too many messages per second"))),
        new("repeat-subscribed", [], _ => Done(emulator.RepeatSubscribed)),
        new("cool-down", [], _ => Done(emulator.CoolDown)),
        new("restart", [], _ => Done(emulator.Restart)),
        new("reload-tenant", [], _ => Done(emulator.ReloadTenant)),
        new("hold-subscribed", ["hold"], body => Done(() => emulator.HoldSystemOk = Flag(body, "hold") ?? true)),
        new("connections", [], _ => Connections(emulator)),
        new("add-column", ["table", "column", "type", "default"], body => Done(
            () => emulator.AddColumn(Needed(body, "table"), Needed(body, "column"), Needed(body, "type"), Text(body, "default")))),
        new("drop-column", ["table", "column"], body => Done(() => emulator.DropColumn(Needed(body, "table"), Needed(body, "column")))),
        new("set-published", ["table", "published"], body => Done(() => emulator.SetPublished(Needed(body, "table"), Flag(body, "published") ?? true))),
        new("send-broadcast", ["topic", "event", "payload", "private"], body => Done(() => emulator.SendBroadcast(
            Needed(body, "topic"), Needed(body, "event"), Object(body, "payload") ?? [], Flag(body, "private") ?? false))),
    ];

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

    private static (int Status, JsonObject Answer) Run(ControlCommand command, string body)
    {
        JsonObject members;
        try
        {
            members = body.Length == 0 ? [] : JsonNode.Parse(body) as JsonObject ?? throw new JsonException("It is something else.");
            _ = members.Count; // a name that stands twice is found when somebody looks
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return (StatusCodes.Status400BadRequest, Error($"The body must be a JSON object, or nothing: {PlainWords.Of(e)}"));
        }

        try
        {
            return (StatusCodes.Status200OK, command.Execute(members));
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or ArgumentException or OverflowException or NotSupportedException)
        {
            return (StatusCodes.Status400BadRequest, Error($"{PlainWords.Of(e)}{(e is NotSupportedException ? "" : " (docs/emulator.md, \"What can go wrong\", has the members of each command.)")}"));
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
        return context.Response.WriteAsync(answer.ToJsonString(Plain), context.RequestAborted);
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
        emulator.Tokens.Issue(Text(body, "sub"), Text(body, "role") ?? "authenticated", Seconds(body, "expiresIn"), Object(body, "claims"));

    private static JsonObject Error(string message) => new() { ["error"] = message };
}
