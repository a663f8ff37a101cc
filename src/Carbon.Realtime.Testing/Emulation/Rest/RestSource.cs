namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>The rows that a reader may see: tables under row level security, and views over them. Guarded by the emulator's lock.</summary>
internal sealed class RestSource(EmulatorDatabase database, EmulatorReplica replica)
{
    public const string ServiceRole = "service_role";

    public EmulatorTable? Find(string schema, string name) =>
        database.Tables.Concat(database.Views.Select(static v => v.Shape)).FirstOrDefault(t => t.Schema == schema && t.Name == name);

    /// <summary>The rows, newest first: whoever relies on an order that was not asked for shall find out.</summary>
    public IEnumerable<EmulatorRow> Rows(EmulatorTable relation, EmulatorClaims reader)
    {
        if (database.Views.Find(v => ReferenceEquals(v.Shape, relation)) is { } view)
        {
            return view.Query(new EmulatorViewReader(this, reader)).Select(json => ToRow(relation, json));
        }

        return Visible(relation, reader, replica.Rows(relation).Reverse());
    }

    /// <summary>The rows as they are: writes go to the primary, whatever reads see.</summary>
    public static IEnumerable<EmulatorRow> RowsOfPrimary(EmulatorTable table, EmulatorClaims reader) => Visible(table, reader, table.Rows.Values.Reverse());

    public bool IsView(EmulatorTable relation) => database.Views.Exists(v => ReferenceEquals(v.Shape, relation));

    /// <summary>The view's reader must be allowed to read the table.</summary>
    public IEnumerable<EmulatorRow> RowsForView(string name, EmulatorClaims reader)
    {
        var table = database.Find(name);
        return table.IsReadableBy(reader.Role) ? Rows(table, reader) : throw RestException.Forbidden(reader.Role, table.Name);
    }

    private static IEnumerable<EmulatorRow> Visible(EmulatorTable relation, EmulatorClaims reader, IEnumerable<EmulatorRow> rows) =>
        relation.Policy is { } policy && reader.Role != ServiceRole ? rows.Where(row => policy(reader, row)) : rows;

    private static EmulatorRow ToRow(EmulatorTable shape, EmulatorJson json)
    {
        var draft = new RowDraft(shape);
        draft.Assign(json);
        draft.Fill(static _ => default);
        return draft.ToRow();
    }
}
