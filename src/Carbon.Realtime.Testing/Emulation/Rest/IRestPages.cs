namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Who has the rows that reads ask for. Called under the emulator's lock and calls back under it.</summary>
internal interface IRestPages
{
    /// <summary>Whether a token may name a role.</summary>
    bool HasRole(string role);

    /// <summary>Finds the relation, finishes the checks (<see cref="RestQuery.Form"/>) and reads one page, in the real server's order.</summary>
    /// <param name="query">What is asked.</param>
    /// <param name="then">Takes the page, or what the page's reading throws: a <see cref="RestException"/> where the read is refused.</param>
    void Read(RestQuery query, Action<Func<RestPage>> then);
}

/// <summary>A read whose token, path and grammar are right.</summary>
/// <param name="Schema">One that is exposed.</param>
/// <param name="Relation">The name of a table or a view.</param>
/// <param name="Parameters">What the address asks for, and the header <c>Range</c>.</param>
/// <param name="Reader">Who asks.</param>
/// <param name="Accept">The header.</param>
/// <param name="Prefer">The header.</param>
/// <param name="MaxRows">The server's limit of rows: it cuts without a word.</param>
internal sealed record RestQuery(
    string Schema, string Relation, RestParameters Parameters, EmulatorClaims Reader, string? Accept, string? Prefer, int MaxRows)
{
    /// <summary>What policies may ask about, in a database: headers, method and path.</summary>
    public required RestRequest Request { get; init; }

    /// <summary>How many rows the page has at most.</summary>
    public int PageRows => (int)Math.Min(Parameters.Limit, MaxRows);

    /// <summary>What the real server checks once the relation and its embeds are found.</summary>
    /// <exception cref="RestException">The request is refused.</exception>
    public RestForm Form()
    {
        CheckEmbeds();
        var isSingular = RestForm.IsSingularType(Accept);
        return new RestForm(RestPreferences.Parse(Prefer), isSingular);
    }

    public RestException UnknownRelation() => RestException.UnknownRelation(Schema, Relation);

    private void CheckEmbeds()
    {
        foreach (var embed in Parameters.Embeds)
        {
            throw Parameters.Select.OfType<RestSelectEmbed>().Any(e => e.JsonName == embed)
                ? RestException.NotImitated("filters, orders and limits of embeds")
                : new RestException(System.Net.HttpStatusCode.BadRequest, "PGRST108", $"'{embed}' is not an embedded resource in this request", null,
                    $"Verify that '{embed}' is included in the 'select' query parameter.");
        }
    }
}

/// <summary>In which form the rows are wanted.</summary>
internal sealed record RestForm(RestPreferences Preferences, bool IsSingular)
{
    public const string SingularType = "application/vnd.pgrst.object+json";

    public static bool IsSingularType(string? accept)
    {
        var types = (accept ?? "*/*").Split(',').Select(static t => t.Split(';')[0].Trim()).ToArray();
        return types.Any(static t => t is "application/json" or "*/*" or "application/*") ? false
            : types.Contains(SingularType) ? true
            : types.Any(static t => t is "text/csv" or "application/vnd.pgrst.array+json") ? throw RestException.NotImitated($"the media type {accept}")
            : throw new RestException(System.Net.HttpStatusCode.NotAcceptable, "PGRST107", $"None of these media types are available: {accept}");
    }
}

/// <summary>The rows of an answer.</summary>
/// <param name="Form">The form in which they are wanted.</param>
/// <param name="Rows">Each as JSON.</param>
/// <param name="Total">How many match, where that was asked for.</param>
internal sealed record RestPage(RestForm Form, IReadOnlyList<string> Rows, int? Total);
