using System.Net;
using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>What a write asks for besides the rows it names.</summary>
internal sealed class RestWriteWish
{
    public const string Merge = "merge-duplicates";

    private readonly RestRequest _request;
    private readonly string[]? _columns;
    private readonly string[]? _conflict;

    public RestWriteWish(RestRequest request, RestParameters parameters)
    {
        _request = request;
        _columns = parameters.Columns;
        _conflict = parameters.OnConflict;
        Preferences = RestPreferences.Parse(request.Header("Prefer"));
        IsSingular = request.Header("Accept")?.Contains(RestForm.SingularType, StringComparison.Ordinal) == true;
    }

    public RestPreferences Preferences { get; }

    public bool IsRepresented => Preferences.Return == "representation";

    public bool IsSingular { get; }

    public IReadOnlyList<string> Applied => _request.Method == "POST"
        ? Preferences.Applied("return", "count", "resolution", "missing", "handling")
        : Preferences.Applied("return", "count", "handling", "max-affected");

    /// <summary>Whether so many rows may have been written.</summary>
    /// <exception cref="RestException">One was wanted, or fewer.</exception>
    public void Check(int rows)
    {
        if (IsSingular && rows != 1)
        {
            throw new RestException(
                HttpStatusCode.NotAcceptable, "PGRST116", "Cannot coerce the result to a single JSON object", $"The result contains {rows} rows");
        }

        if (_request.Method != "POST" && rows > Preferences.MaxAffected)
        {
            throw new RestException(
                HttpStatusCode.BadRequest, "PGRST124", "Query result exceeds max-affected preference constraint", $"The query affects {rows} rows");
        }
    }

    /// <summary>The columns that decide whether a row of an upsert is there already: of <c>on_conflict</c>, or of the primary key.</summary>
    /// <returns>None where a row that is there is an error.</returns>
    /// <exception cref="RestException">There is no such column, or no unique constraint on these.</exception>
    public int[]? ConflictColumns(EmulatorTable relation)
    {
        if (Preferences.Resolution is null)
        {
            return null;
        }

        if (_conflict is null)
        {
            return relation.KeyColumns.Length == 0 ? null : relation.KeyColumns;
        }

        int[] columns = [.. _conflict.Select(c => relation.TryGetIndex(c, out var index) ? index : throw RestException.UnknownColumn(relation.Name, c))];
        return relation.UniqueKeys.Prepend(relation.KeyColumns).FirstOrDefault(k => k.ToHashSet().SetEquals(columns)) ?? throw new RestException(
            HttpStatusCode.BadRequest, "42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification");
    }

    /// <summary>The values of a PATCH; none where it gives none.</summary>
    public EmulatorJson? Patch(EmulatorTable relation)
    {
        var rows = Rows(relation);
        return rows.Count > 1 ? throw RestException.NotImitated("a PATCH of several objects")
            : rows.Count == 0 || !rows[0].Element.EnumerateObject().Any() ? (EmulatorJson?)null
            : rows[0];
    }

    /// <summary>The rows of the body: an object, or an array of objects.</summary>
    public IReadOnlyList<EmulatorJson> Rows(EmulatorTable relation)
    {
        if (!JsonText.TryParse(_request.Body, out var json))
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

        return _columns is null && objects.Any(o => o.EnumerateObject().Select(static p => p.Name).Distinct(StringComparer.Ordinal).Count() != names.Length)
            ? throw RestException.BadBody("All object keys must match")
            : [.. objects.Select(o => Row(o, names))];
    }

    /// <summary>Named columns that an object lacks are null, unless defaults were asked for.</summary>
    private EmulatorJson Row(JsonElement json, string[] names)
    {
        var text = new StringBuilder("{");
        foreach (var name in names)
        {
            var isThere = json.TryGetProperty(name, out var value);
            if (isThere || !Preferences.FillsDefaults)
            {
                text.Append(text.Length > 1 ? "," : "");
                JsonText.AppendQuoted(text, name);
                text.Append(':').Append(isThere ? value.GetRawText() : "null");
            }
        }

        return text.Append('}').ToString();
    }
}
