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
}
