using System.Net;
using System.Text;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>
/// Answers a read as PostgREST 14 behind Supabase's gateway does, its leniencies included: they are what a client falls into. One read is one instant
/// of the database. Guarded by the emulator's lock.
/// </summary>
internal sealed class RestReader(EmulatorOptions options, RestGate gate, RestSource source)
{
    /// <summary>The answer; what is refused is an answer too.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxRows">The server's limit of rows: it cuts without a word.</param>
    public RestAnswer Answer(RestRequest request, int maxRows)
    {
        try
        {
            gate.CheckKey(request);
            return Read(request, maxRows);
        }
        catch (RestException e)
        {
            return RestAnswer.Of(e, request.IsHead);
        }
    }

    /// <summary>The order of the checks is the real server's.</summary>
    private RestAnswer Read(RestRequest request, int maxRows)
    {
        if (request.Method is not ("GET" or "HEAD"))
        {
            throw RestException.NotImitated($"{request.Method} requests");
        }

        var reader = gate.Authenticate(request);
        var place = RestRelation.Place(options, request, "Accept-Profile");
        var parameters = new RestParameters(request.Query);
        if (request.Header("Range") is { } range && !request.IsHead)
        {
            parameters.Intersect(range);
        }

        var relation = RestRelation.Find(source, place);
        var projection = new RestProjection(source, relation, parameters.Select, reader);
        CheckEmbeds(parameters);
        var isSingular = IsSingular(request.Header("Accept"));
        var preferences = RestPreferences.Parse(request.Header("Prefer"));
        var matching = Matching(relation, parameters, projection, reader);
        return Page(request, new RestPage(relation, parameters, preferences, isSingular), matching, projection, maxRows);
    }

    private static void CheckEmbeds(RestParameters parameters)
    {
        foreach (var embed in parameters.Embeds)
        {
            throw parameters.Select.OfType<RestSelectEmbed>().Any(e => e.JsonName == embed)
                ? RestException.NotImitated("filters, orders and limits of embeds")
                : new RestException(HttpStatusCode.BadRequest, "PGRST108", $"'{embed}' is not an embedded resource in this request", null,
                    $"Verify that '{embed}' is included in the 'select' query parameter.");
        }
    }

    private static bool IsSingular(string? accept)
    {
        var types = (accept ?? "*/*").Split(',').Select(static t => t.Split(';')[0].Trim()).ToArray();
        return types.Any(static t => t is "application/json" or "*/*" or "application/*") ? false
            : types.Contains(RestRelation.SingularType) ? true
            : types.Any(static t => t is "text/csv" or "application/vnd.pgrst.array+json") ? throw RestException.NotImitated($"the media type {accept}")
            : throw new RestException(HttpStatusCode.NotAcceptable, "PGRST107", $"None of these media types are available: {accept}");
    }

    /// <summary>Plans before it checks privileges, as the database does, and looks at rows last.</summary>
    private List<EmulatorRow> Matching(EmulatorTable relation, RestParameters parameters, RestProjection projection, EmulatorClaims reader)
    {
        var filters = RestRelation.Conditions(relation, parameters, [.. projection.Used], reader, projection.Embedded);
        return [.. source.Rows(relation, reader).Where(row => Array.TrueForAll(filters, f => f(row) == true) && projection.Includes(row))];
    }

    private static IEnumerable<EmulatorRow> Sorted(EmulatorTable relation, RestParameters parameters, IEnumerable<EmulatorRow> rows)
    {
        IOrderedEnumerable<EmulatorRow>? sorted = null;
        foreach (var order in parameters.Order)
        {
            var column = RestRelation.OrderColumn(relation, order);
            var comparer = new CellComparer(relation.Columns[column].Type, order);
            sorted = sorted?.ThenBy(r => PgValues.ToText(r.RestCells[column]), comparer) ?? rows.OrderBy(r => PgValues.ToText(r.RestCells[column]), comparer);
        }

        return sorted ?? rows;
    }

    private RestAnswer Page(RestRequest request, RestPage asked, List<EmulatorRow> matching, RestProjection projection, int maxRows)
    {
        var (relation, parameters, preferences, isSingular) = asked;
        int? total = preferences.Counts ? matching.Count : null;
        if (parameters.Offset > total)
        {
            throw RestParameters.OutOfRange($"An offset of {parameters.Offset} was requested, but there are only {total} rows.");
        }

        var rows = Sorted(relation, parameters, matching)
            .Skip((int)Math.Min(parameters.Offset, int.MaxValue)).Take((int)Math.Min(parameters.Limit, maxRows)).ToArray();
        if (isSingular && rows.Length != 1)
        {
            throw new RestException(
                HttpStatusCode.NotAcceptable, "PGRST116", "Cannot coerce the result to a single JSON object", $"The result contains {rows.Length} rows");
        }

        var body = new StringBuilder(isSingular ? "" : "[");
        for (var i = 0; i < rows.Length; i++)
        {
            body.Append(i > 0 ? ", \n " : "");
            projection.Append(body, rows[i]);
        }

        body.Append(isSingular ? "" : "]");
        var headers = new List<(string, string)>
        {
            ("Content-Type", isSingular ? RestRelation.SingularType + "; charset=utf-8" : RestAnswer.Json),
            ("Content-Range", RestAnswer.Range(parameters.Offset, rows.Length, total)),
            ("Content-Location", $"/{relation.Name}{(parameters.Canonical is { Length: > 0 } query ? "?" + query : "")}"),
        };
        if (options.ExposedSchemas.Count > 1)
        {
            headers.Add(("Content-Profile", relation.Schema));
        }

        if (preferences.Applied.Count > 0)
        {
            headers.Add(("Preference-Applied", string.Join(", ", preferences.Applied)));
        }

        // 206 says that there are more rows, and only to those who counted.
        return RestAnswer.Of(rows.Length < total ? HttpStatusCode.PartialContent : HttpStatusCode.OK, request.IsHead ? "" : body.ToString(), [.. headers]);
    }

    private sealed class CellComparer(PgType type, RestOrder order) : IComparer<string?>
    {
        public int Compare(string? x, string? y) => (x, y) switch
        {
            (null, null) => 0,
            (null, _) => order.NullsFirst ? -1 : 1,
            (_, null) => order.NullsFirst ? 1 : -1,
            _ => order.IsDescending ? RestValues.Compare(type, y, x) : RestValues.Compare(type, x, y),
        };
    }
}

/// <summary>Which page of what.</summary>
internal sealed record RestPage(EmulatorTable Relation, RestParameters Parameters, RestPreferences Preferences, bool IsSingular);
