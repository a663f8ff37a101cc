using System.Net;
using System.Text;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>What of a row is answered, and how it is spelled: <c>json_agg</c> of the selected columns, embeds as <c>jsonb</c>.</summary>
internal sealed class RestProjection
{
    private readonly RestSource _source;
    private readonly EmulatorTable _shape;
    private readonly EmulatorClaims _reader;
    private readonly List<(string Name, Func<EmulatorRow, string> Value)> _members = [];
    private readonly List<Func<EmulatorRow, bool>> _inner = [];

    /// <param name="source">Where embedded rows come from.</param>
    /// <param name="shape">The relation.</param>
    /// <param name="items">What is selected.</param>
    /// <param name="reader">Who reads.</param>
    /// <param name="isEmbed">Whether this is an embed already: there is one level.</param>
    /// <exception cref="RestException">No such column or relationship.</exception>
    public RestProjection(RestSource source, EmulatorTable shape, IReadOnlyList<RestSelectItem> items, EmulatorClaims reader, bool isEmbed = false)
    {
        _source = source;
        _shape = shape;
        _reader = reader;
        foreach (var item in items)
        {
            switch (item)
            {
                case RestSelectAll:
                    for (var i = 0; i < shape.Columns.Length; i++)
                    {
                        if (!shape.Columns[i].IsDropped)
                        {
                            Add(shape.Columns[i].Name, i, asText: false);
                        }
                    }

                    break;
                case RestSelectColumn column:
                    Add(column.Alias ?? column.Name, Index(column.Name), column.AsText);
                    break;
                case RestSelectEmbed when isEmbed:
                    throw RestException.NotImitated("embeds inside embeds");
                case RestSelectEmbed embed:
                    Add(embed);
                    break;
                default:
                    throw new InvalidOperationException("An entry is a column, all columns or an embed.");
            }
        }
    }

    /// <summary>The columns that are selected: they must be granted.</summary>
    public HashSet<int> Used { get; } = [];

    /// <summary>Embedded relations with the columns selected of them.</summary>
    public List<(EmulatorTable Relation, HashSet<int> Used)> Embedded { get; } = [];

    /// <summary>Whether <c>!inner</c> embeds leave the row in.</summary>
    public bool Includes(EmulatorRow row) => _inner.TrueForAll(i => i(row));

    /// <summary>Equal names make equal keys, as the real server's do.</summary>
    public void Append(StringBuilder text, EmulatorRow row)
    {
        text.Append('{');
        for (var i = 0; i < _members.Count; i++)
        {
            text.Append(i > 0 ? "," : "");
            JsonText.AppendQuoted(text, _members[i].Name);
            text.Append(':').Append(_members[i].Value(row));
        }

        text.Append('}');
    }

    private string Jsonb(EmulatorRow row)
    {
        var text = new StringBuilder();
        JsonText.AppendJsonbObject(text, _members.DistinctBy(static m => m.Name).Select(m => (m.Name, m.Value(row))));
        return text.ToString();
    }

    private int Index(string column) =>
        _shape.TryGetIndex(column, out var index) ? index : throw RestException.UnknownColumn(_shape.Name, column);

    private void Add(string name, int column, bool asText)
    {
        Used.Add(column);
        _members.Add((name, asText
            ? row => PgValues.ToText(row.RestCells[column]) is { } value ? JsonText.Quote(value) : PgValues.Null
            : row => row.RestCells[column]));
    }

    private void Add(RestSelectEmbed embed)
    {
        var foreign = Relationship(embed);
        var target = _source.Find(_shape.Schema, foreign.Table) ?? throw NoRelationship(embed.Relation);
        var column = Index(foreign.Column);
        var targetColumn = target.Index(foreign.TargetColumn);
        var projection = new RestProjection(_source, target, embed.Items, _reader, isEmbed: true);
        Embedded.Add((target, projection.Used));
        EmulatorRow? Other(EmulatorRow row) => row.RestCells[column] == PgValues.Null
            ? null
            : _source.Rows(target, _reader).FirstOrDefault(o =>
                PgValues.ToKey(target.Columns[targetColumn].Type, o.RestCells[targetColumn]) == PgValues.ToKey(_shape.Columns[column].Type, row.RestCells[column]));
        _members.Add((embed.JsonName, row => Other(row) is { } other ? projection.Jsonb(other) : PgValues.Null));
        if (embed.IsInner)
        {
            _inner.Add(row => Other(row) is not null);
        }
    }

    /// <summary>The foreign key that an embed means: by the other table, by its column, or by its constraint.</summary>
    private EmulatorForeignKey Relationship(RestSelectEmbed embed)
    {
        bool Names(EmulatorForeignKey key, string name) => key.Column == name || $"{_shape.Name}_{key.Column}_fkey" == name;
        var candidates = _shape.ForeignKeys.Where(k => k.Table == embed.Relation || Names(k, embed.Relation)).ToArray();
        var meant = embed.Hint is { } hint ? [.. candidates.Where(k => k.Table == hint || Names(k, hint))] : candidates;
        return meant.Length switch
        {
            1 => meant[0],
            0 when _source.Find(_shape.Schema, embed.Relation)?.ForeignKeys.Any(k => k.Table == _shape.Name) == true =>
                throw RestException.NotImitated("to-many embeds"),
            0 => throw NoRelationship(embed.Relation),
            _ => throw new RestException(HttpStatusCode.Ambiguous, "PGRST201",
                $"Could not embed because more than one relationship was found for '{_shape.Name}' and '{embed.Relation}'", null,
                $"Try changing '{embed.Relation}' to one of the following: {string.Join(", ", meant.Select(k => $"'{embed.Relation}!{_shape.Name}_{k.Column}_fkey'"))}."),
        };
    }

    private RestException NoRelationship(string relation) => new(
        HttpStatusCode.BadRequest, "PGRST200", $"Could not find a relationship between '{_shape.Name}' and '{relation}' in the schema cache",
        $"Searched for a foreign key relationship between '{_shape.Name}' and '{relation}' in the schema '{_shape.Schema}', but no matches were found.");
}
