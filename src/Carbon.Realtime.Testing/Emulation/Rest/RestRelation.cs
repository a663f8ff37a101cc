using System.Net;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Which relation a request names, and the checks that reads and writes of it share.</summary>
internal static class RestRelation
{
    /// <summary>Schema and name. What is wrong with the path and the profile is told before the address is parsed any further.</summary>
    /// <param name="options">Which schemas are exposed.</param>
    /// <param name="request">The request.</param>
    /// <param name="profile">The header that names a schema.</param>
    public static (string Schema, string Name) Place(EmulatorOptions options, RestRequest request, string profile)
    {
        if (!request.Path.StartsWith(RestRequest.Root, StringComparison.Ordinal))
        {
            throw RestException.NotImitated("anything but /rest/v1/{table}");
        }

        var path = request.Path[RestRequest.Root.Length..];
        var name = path.StartsWith("rpc/", StringComparison.Ordinal) || path.Length == 0 ? throw RestException.NotImitated("functions and the API's description")
            : path.Contains('/', StringComparison.Ordinal) ? throw new RestException(HttpStatusCode.NotFound, "PGRST125", "Invalid path specified in request URL")
            : Uri.UnescapeDataString(path);
        var schema = request.Header(profile) ?? options.ExposedSchemas[0];
        return options.ExposedSchemas.Contains(schema, StringComparer.Ordinal) ? (schema, name) : throw new RestException(
            HttpStatusCode.NotAcceptable, "PGRST106", $"Invalid schema: {schema}", null,
            $"Only the following schemas are exposed: {string.Join(", ", options.ExposedSchemas)}");
    }

    /// <summary>The filters, ready to judge rows. Plans before it checks privileges, as the database does.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="parameters">The filters as they were written.</param>
    /// <param name="used">The columns that are used otherwise.</param>
    /// <param name="reader">Who asks.</param>
    /// <param name="embedded">What else is read.</param>
    public static Func<EmulatorRow, bool?>[] Conditions(
        EmulatorTable relation, RestParameters parameters, HashSet<int> used, EmulatorClaims reader, IEnumerable<(EmulatorTable Relation, HashSet<int> Used)> embedded)
    {
        foreach (var filter in parameters.Filters)
        {
            RestFilter.AddColumns(relation, filter, used);
        }

        foreach (var order in parameters.Order)
        {
            used.Add(OrderColumn(relation, order));
        }

        var filters = parameters.Filters.Select(f => RestFilter.Compile(relation, f)).ToArray();
        foreach (var (table, columns) in embedded.Append((relation, used)))
        {
            if (!table.IsReadableBy(reader.Role) || !columns.All(c => table.MaySelect(reader.Role, c)))
            {
                throw RestException.Forbidden(reader.Role, table.Name);
            }
        }

        return filters;
    }

    public static int OrderColumn(EmulatorTable relation, RestOrder order) =>
        !relation.TryGetIndex(order.Column, out var index) ? throw RestException.UnknownColumn(relation.Name, order.Column)
        : relation.Columns[index].Type.Name == "json"
            ? throw new RestException(HttpStatusCode.NotFound, "42883", "could not identify an ordering operator for type json")
            : PgOrder.IsKnown(relation.Columns[index].Type) ? index
            : throw RestException.NotImitated($"the order of the type {relation.Columns[index].Type.SqlName}");
}
