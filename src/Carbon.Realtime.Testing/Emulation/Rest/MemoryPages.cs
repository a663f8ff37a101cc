using System.Text;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Pages of the emulator's own tables. One read is one instant of them.</summary>
internal sealed class MemoryPages(EmulatorOptions options, RestSource source) : IRestPages
{
    public bool HasRole(string role) => options.Roles.Contains(role, StringComparer.Ordinal);

    public void Read(RestQuery query, Action<Func<RestPage>> then) => then(() => Read(query));

    private RestPage Read(RestQuery query)
    {
        var relation = source.Find(query.Schema, query.Relation) ?? throw query.UnknownRelation();
        var projection = new RestProjection(source, relation, query.Parameters.Select, query.Reader);
        var form = query.Form();
        var matching = Matching(relation, query.Parameters, projection, query.Reader);
        var rows = Sorted(relation, query.Parameters, matching)
            .Skip((int)Math.Min(query.Parameters.Offset, int.MaxValue)).Take(query.PageRows).Select(row => Json(projection, row));
        return new RestPage(form, [.. rows], form.Preferences.Counts ? matching.Count : null);
    }

    private static string Json(RestProjection projection, EmulatorRow row)
    {
        var text = new StringBuilder();
        projection.Append(text, row);
        return text.ToString();
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
