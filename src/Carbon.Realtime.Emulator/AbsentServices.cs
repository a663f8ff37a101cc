using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Carbon.Realtime.Emulator;

/// <summary>Answers where a Supabase project has something that the emulator has not: a client's first call is often a sign-in.</summary>
internal static class AbsentServices
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (string Path, string Name, string Hint)[] Services =
    [
        ("/auth/v1", "Auth", "tokens: POST /emulator/v1/token with {\"sub\":\"…\"}, or the users of a seed"),
        ("/storage/v1", "Storage", "docs/emulator.md lists what it imitates"),
        ("/functions/v1", "Edge Functions", "docs/emulator.md lists what it imitates"),
        ("/graphql/v1", "GraphQL", "docs/emulator.md lists what it imitates"),
    ];

    /// <summary>501 with a body that Supabase's clients show, or 404 as the gateway says it.</summary>
    public static Task AnswerAsync(HttpContext context)
    {
        var service = Array.Find(Services, s => context.Request.Path.StartsWithSegments(s.Path));
        context.Response.StatusCode = service.Path is null ? StatusCodes.Status404NotFound : StatusCodes.Status501NotImplemented;
        context.Response.ContentType = "application/json; charset=utf-8";
        var body = service.Path is null
            ? new JsonObject { ["message"] = "no Route matched with those values" }
            : new JsonObject { ["code"] = "EMULATOR", ["message"] = $"The emulator does not imitate {service.Name}; {service.Hint}." };
        return context.Response.WriteAsync(body.ToJsonString(Plain), context.RequestAborted);
    }
}
