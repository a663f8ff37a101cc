using System.Net;
using System.Text.RegularExpressions;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>
/// Answers a read as PostgREST 14 behind Supabase's gateway does, its leniencies included: they are what a client falls into. Guarded by the emulator's
/// lock.
/// </summary>
internal sealed class RestReader(EmulatorOptions options, RestGate gate, IRestPages pages)
{
    /// <summary>Answers; what is refused is an answer too.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxRows">The server's limit of rows: it cuts without a word.</param>
    /// <param name="then">Takes the answer, or what a policy, a view or a database throws. Called at once, or later under the emulator's lock.</param>
    public void Answer(RestRequest request, int maxRows, Action<Func<RestAnswer>> then)
    {
        try
        {
            gate.CheckKey(request);
            var query = Query(request, maxRows);
            pages.Read(query, page => then(() => Answer(request, query, page)));
        }
        catch (RestException e)
        {
            then(() => RestAnswer.Of(e, request.IsHead));
        }
    }

    private RestAnswer Answer(RestRequest request, RestQuery query, Func<RestPage> page)
    {
        try
        {
            return Answer(request, query, page());
        }
        catch (RegexMatchTimeoutException)
        {
            // The database would have been cancelled.
            return RestAnswer.Of(RestException.StatementTimeout(), request.IsHead);
        }
        catch (RestException e)
        {
            return RestAnswer.Of(e, request.IsHead);
        }
    }

    /// <summary>The order of the checks is the real server's.</summary>
    private RestQuery Query(RestRequest request, int maxRows)
    {
        if (request.Method is not ("GET" or "HEAD"))
        {
            // Writes to tables in memory went another way.
            throw RestException.NotImitated(RestWriter.Writes(request.Method)
                ? $"{request.Method} on a real PostgreSQL: write with SQL, on a connection of your own"
                : $"{request.Method} requests here");
        }

        var reader = gate.Authenticate(request, pages.HasRole);
        var (schema, name) = RestRelation.Place(options, request, "Accept-Profile");
        var parameters = new RestParameters(request.Query);
        if (request.Header("Range") is { } range && !request.IsHead)
        {
            parameters.Intersect(range);
        }

        return new RestQuery(schema, name, parameters, reader, request.Header("Accept"), request.Header("Prefer"), maxRows) { Request = request };
    }

    private RestAnswer Answer(RestRequest request, RestQuery query, RestPage page)
    {
        var (form, rows, total) = page;
        var parameters = query.Parameters;
        if (parameters.Offset > total)
        {
            throw RestParameters.OutOfRange($"An offset of {parameters.Offset} was requested, but there are only {total} rows.");
        }

        if (form.IsSingular && rows.Count != 1)
        {
            throw new RestException(
                HttpStatusCode.NotAcceptable, "PGRST116", "Cannot coerce the result to a single JSON object", $"The result contains {rows.Count} rows");
        }

        var body = form.IsSingular ? rows[0] : $"[{string.Join(", \n ", rows)}]";
        var headers = new List<(string, string)>
        {
            ("Content-Type", form.IsSingular ? RestForm.SingularType + "; charset=utf-8" : RestAnswer.Json),
            ("Content-Range", RestAnswer.Range(parameters.Offset, rows.Count, total)),
            ("Content-Location", $"/{query.Relation}{(parameters.Canonical is { Length: > 0 } address ? "?" + address : "")}"),
        };
        if (options.ExposedSchemas.Count > 1)
        {
            headers.Add(("Content-Profile", query.Schema));
        }

        if (form.Preferences.Applied("count", "handling", "timezone") is { Count: > 0 } applied)
        {
            headers.Add(("Preference-Applied", string.Join(", ", applied)));
        }

        // 206 says that there are more rows, and only to those who counted.
        return RestAnswer.Of(rows.Count < total ? HttpStatusCode.PartialContent : HttpStatusCode.OK, request.IsHead ? "" : body, [.. headers]);
    }
}
