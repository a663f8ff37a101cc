using System.Text.Json.Nodes;
using Carbon.Realtime.Testing.Emulation.Rest;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>Takes a role and its claims until the end of the transaction, as PostgREST and the Realtime server do.</summary>
internal static class ClaimsSql
{
    public static NpgsqlBatchCommand Take(string role, string claims) => new(
        """
        select set_config('request.jwt.claims', $2, true), set_config('request.jwt.claim.sub', coalesce($2::json ->> 'sub', ''), true),
            set_config('request.jwt.claim.role', $1, true), set_config('role', $1, true)
        """)
    {
        Parameters = { new NpgsqlParameter<string> { TypedValue = role }, new NpgsqlParameter<string> { TypedValue = claims } },
    };

    /// <summary>What policies and views may ask of the request (<c>request.headers</c> and so on), as PostgREST sets it. Nobody sets it at a poll.</summary>
    public static NpgsqlBatchCommand Request(RestQuery query) => new(
        """
        select set_config('request.method', $1, true), set_config('request.path', $2, true), set_config('request.headers', $3, true),
            set_config('request.cookies', $4, true)
        """)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = query.Request.Method },
            new NpgsqlParameter<string> { TypedValue = $"/{query.Relation}" },
            new NpgsqlParameter<string> { TypedValue = Json(query.Request.Headers.Where(static h => !IsCookie(h.Key))) },
            new NpgsqlParameter<string> { TypedValue = Json(query.Request.Headers.Where(static h => IsCookie(h.Key)).SelectMany(static h => Cookies(h.Value))) },
        },
    };

    private static bool IsCookie(string header) => header.Equals("cookie", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<KeyValuePair<string, string>> Cookies(string header) => header.Split(';')
        .Select(static c => c.Split('=', 2)).Where(static c => c.Length == 2).Select(static c => KeyValuePair.Create(c[0].Trim(), c[1].Trim()));

    private static string Json(IEnumerable<KeyValuePair<string, string>> values)
    {
        var json = new JsonObject();
        foreach (var (name, value) in values)
        {
            json[name.ToLowerInvariant()] = value;
        }

        return json.ToJsonString();
    }
}
