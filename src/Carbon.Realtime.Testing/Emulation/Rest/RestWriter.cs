using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>
/// Answers POST, PATCH and DELETE as PostgREST does: each is one transaction, and its changes go down the stream like any other. Guarded by the
/// emulator's lock.
/// </summary>
internal sealed class RestWriter(EmulatorOptions options, RestGate gate, RestSource source, Action<Action<EmulatorTransaction>> transact)
{
    public static bool Writes(string method) => method is "POST" or "PATCH" or "DELETE";

    /// <summary>The answer; what is refused is an answer too, and nothing of it happened.</summary>
    public RestAnswer Answer(RestRequest request)
    {
        try
        {
            gate.CheckKey(request);
            return Write(request);
        }
        catch (RestException e)
        {
            return RestAnswer.Of(e, isHead: false);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException && e.Message.Length > 5 && char.IsAsciiDigit(e.Message[0]))
        {
            // The database's words begin with its code.
            return RestAnswer.Of(RestException.Cast(e.Message.Split(" (Parameter", 2)[0]), isHead: false);
        }
    }

    private RestAnswer Write(RestRequest request)
    {
        var reader = gate.Authenticate(request, role => options.Roles.Contains(role, StringComparer.Ordinal));
        var (schema, name) = RestRelation.Place(options, request, "Content-Profile");
        var relation = source.Find(schema, name) ?? throw RestException.UnknownRelation(schema, name);
        if (source.IsView(relation))
        {
            throw RestException.NotImitated("writes of views");
        }

        var parameters = new RestParameters(request.Query);
        var wish = new RestWriteWish(request, parameters);
        var projection = new RestProjection(source, relation, parameters.Select, reader);
        var filters = RestRelation.Conditions(relation, parameters, [.. wish.IsRepresented ? projection.Used : []], reader, []);
        var written = new List<EmulatorRow>();
        transact(transaction =>
        {
            switch (request.Method)
            {
                case "POST":
                    written.AddRange(wish.Rows(relation).Select(row => Insert(transaction, relation, reader, row, wish)).OfType<EmulatorRow>());
                    Check(relation, reader, written);
                    break;
                case "PATCH":
                    var patch = wish.Rows(relation) is [var only] ? only : throw RestException.BadBody("All object keys must match");

                    // An object without members selects no rows, and is no change of any.
                    written.AddRange(patch.Element.EnumerateObject().Any() ? Matching().Select(row => transaction.UpdateRow(relation, row, patch)) : []);
                    Check(relation, reader, written);
                    break;
                default:
                    written.AddRange(Matching());
                    written.ForEach(row => transaction.DeleteRow(relation, row));
                    break;
            }

            // In the transaction, so that a write of several rows did nothing where one was asked for.
            if (wish.IsSingular && written.Count != 1)
            {
                throw new RestException(
                    HttpStatusCode.NotAcceptable, "PGRST116", "Cannot coerce the result to a single JSON object", $"The result contains {written.Count} rows");
            }
        });
        return Answer(request, wish, projection, written);

        // pg_safeupdate, which Supabase loads for the API's roles.
        EmulatorRow[] Matching() => filters.Length == 0
            ? throw new RestException(HttpStatusCode.BadRequest, "21000", $"{(request.Method == "PATCH" ? "UPDATE" : "DELETE")} requires a WHERE clause")
            : [.. source.Rows(relation, reader).Where(row => Array.TrueForAll(filters, f => f(row) == true))];
    }

    private static EmulatorRow? Insert(
        EmulatorTransaction transaction, EmulatorTable relation, EmulatorClaims reader, EmulatorJson row, RestWriteWish wish)
    {
        if (wish.Resolution is null || wish.Conflicting(relation, row) is not { } existing)
        {
            return transaction.InsertRow(relation, row);
        }

        if (wish.Resolution != RestWriteWish.Merge)
        {
            return null;
        }

        // A row that is hidden is not merged with but refused: the key of another company's row takes nothing from it.
        Check(relation, reader, [existing]);
        return transaction.UpdateRow(relation, existing, row);
    }

    private static void Check(EmulatorTable relation, EmulatorClaims reader, List<EmulatorRow> rows)
    {
        if (relation.Policy is { } policy && reader.Role != RestSource.ServiceRole && !rows.TrueForAll(row => policy(reader, row)))
        {
            throw new RestException(reader.Role == "anon" ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden,
                "42501", $"new row violates row-level security policy for table \"{relation.Name}\"");
        }
    }

    private static RestAnswer Answer(RestRequest request, RestWriteWish wish, RestProjection projection, List<EmulatorRow> rows)
    {
        var count = wish.Counts ? rows.Count.ToString(CultureInfo.InvariantCulture) : "*";
        var headers = new List<(string, string)> { ("Content-Range", request.Method == "PATCH" && rows.Count > 0 ? $"0-{rows.Count - 1}/{count}" : $"*/{count}") };
        if (wish.Applied.Count > 0)
        {
            headers.Add(("Preference-Applied", string.Join(", ", wish.Applied)));
        }

        if (!wish.IsRepresented)
        {
            return RestAnswer.Of(request.Method == "POST" ? HttpStatusCode.Created : HttpStatusCode.NoContent, "", [.. headers]);
        }

        var body = new StringBuilder(wish.IsSingular ? "" : "[");
        for (var i = 0; i < rows.Count; i++)
        {
            body.Append(i > 0 ? ", \n " : "");
            projection.Append(body, rows[i]);
        }

        headers.Add(("Content-Type", wish.IsSingular ? RestForm.SingularType + "; charset=utf-8" : RestAnswer.Json));
        return RestAnswer.Of(request.Method == "POST" ? HttpStatusCode.Created : HttpStatusCode.OK, body.Append(wish.IsSingular ? "" : "]").ToString(), [.. headers]);
    }
}

/// <summary>What a write asks for besides the rows it names.</summary>
internal sealed class RestWriteWish
{
    public const string Merge = "merge-duplicates";

    private static readonly string[] Kinds = ["return", "count", "resolution", "missing"];

    private readonly RestRequest _request;
    private readonly string[]? _columns;
    private readonly string[]? _conflict;
    private readonly bool _fillsDefaults;

    public RestWriteWish(RestRequest request, RestParameters parameters)
    {
        _request = request;
        var given = (request.Header("Prefer") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Applied = [.. given.Where(static p => Kinds.Contains(p.Split('=')[0])).DistinctBy(static p => p.Split('=')[0])];
        string? Preference(string kind) => Applied.FirstOrDefault(p => p.StartsWith(kind + "=", StringComparison.Ordinal))?[(kind.Length + 1)..];
        IsRepresented = Preference("return") == "representation";
        Counts = Preference("count") is not null;
        Resolution = request.Method == "POST" ? Preference("resolution") : null;
        _fillsDefaults = Preference("missing") == "default";
        _columns = parameters.Columns;
        _conflict = parameters.OnConflict;
        IsSingular = request.Header("Accept")?.Contains(RestForm.SingularType, StringComparison.Ordinal) == true;
    }

    public bool IsRepresented { get; }

    public bool IsSingular { get; }

    public bool Counts { get; }

    /// <summary>What becomes of a row whose key exists; <see langword="null"/> for an error.</summary>
    public string? Resolution { get; }

    public IReadOnlyList<string> Applied { get; }

    /// <summary>The rows of the body: an object, or an array of objects.</summary>
    public IReadOnlyList<EmulatorJson> Rows(EmulatorTable relation)
    {
        JsonElement json;
        try
        {
            using var document = JsonDocument.Parse(_request.Body);
            json = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw RestException.BadBody("Empty or invalid json");
        }

        JsonElement[] objects = json.ValueKind == JsonValueKind.Array ? [.. json.EnumerateArray()] : [json];
        if (objects.Any(static o => o.ValueKind != JsonValueKind.Object))
        {
            throw RestException.BadBody("Empty or invalid json");
        }

        var names = _columns ?? [.. objects.SelectMany(static o => o.EnumerateObject()).Select(static p => p.Name).Distinct(StringComparer.Ordinal)];
        if (names.FirstOrDefault(n => !relation.TryGetIndex(n, out _)) is { } unknown)
        {
            throw new RestException(HttpStatusCode.BadRequest, "PGRST204", $"Could not find the '{unknown}' column of '{relation.Name}' in the schema cache");
        }

        return _columns is null && objects.Any(o => o.EnumerateObject().Count() != names.Length)
            ? throw RestException.BadBody("All object keys must match")
            : [.. objects.Select(o => Row(o, names))];
    }

    /// <summary>The row that has the key already: of <c>on_conflict</c>, or the primary one.</summary>
    public EmulatorRow? Conflicting(EmulatorTable relation, EmulatorJson row)
    {
        var columns = _conflict?.Select(name => relation.TryGetIndex(name, out var index) ? index : throw RestException.UnknownColumn(relation.Name, name)).ToArray()
            ?? relation.KeyColumns;
        var cells = columns.Select(c => row.Element.TryGetProperty(relation.Columns[c].Name, out var value) ? PgValues.ToCell(relation.Columns[c].Type, value) : null).ToArray();
        return columns.Length == 0 ? null : relation.Rows.Values.FirstOrDefault(r => columns.Select((c, i) => r.Cells[c] == cells[i]).All(static same => same));
    }

    /// <summary>Named columns that an object lacks are null, unless defaults were asked for.</summary>
    private EmulatorJson Row(JsonElement json, string[] names)
    {
        var text = new StringBuilder("{");
        foreach (var name in names)
        {
            var isThere = json.TryGetProperty(name, out var value);
            if (isThere || !_fillsDefaults)
            {
                text.Append(text.Length > 1 ? "," : "");
                JsonText.AppendQuoted(text, name);
                text.Append(':').Append(isThere ? value.GetRawText() : "null");
            }
        }

        return text.Append('}').ToString();
    }
}
