using System.Globalization;
using Carbon.Realtime.Testing.Emulation.Rest;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>The statement that a read means, in PostgREST's form. Every value of it is a parameter without a type.</summary>
internal sealed class PageSql
{
    // A name that no column has: a relation's name in an expression would lose against a column of that name.
    private const string Source = "pgrst_source";

    private readonly List<string> _values = [];
    private readonly string _relation;
    private readonly string _select;
    private readonly string _from;
    private readonly string _where;
    private readonly string _order;
    private readonly RestQuery _query;

    /// <exception cref="RestException">No such relationship, or something that is not imitated.</exception>
    public PageSql(RestQuery query, IReadOnlyList<Relationship> relationships)
    {
        _query = query;
        _relation = SqlText.Name(query.Relation);
        var select = new List<string>();
        var from = SqlText.Name(query.Schema, query.Relation);
        var embeds = 0;
        foreach (var item in query.Parameters.Select)
        {
            if (item is RestSelectEmbed embed)
            {
                var relationship = Relationship.Find(relationships, query, embed);
                var alias = $"pgrst_embed_{++embeds}";
                from += $" {(embed.IsInner ? "inner" : "left")} join lateral ({EmbedSql(embed, relationship)}) as {alias} on true";
                if (embed.Items.Count > 0)
                {
                    select.Add($"row_to_json({alias}.*)::jsonb as {SqlText.Name(embed.JsonName)}");
                }
            }
            else
            {
                select.Add(ColumnSql(_relation, item));
            }
        }

        _select = string.Join(", ", select);
        _from = from;
        _where = query.Parameters.Filters.Count == 0 ? "" : $" where {string.Join(" and ", query.Parameters.Filters.Select(FilterSql))}";
        _order = query.Parameters.Order.Count == 0 ? "" : $" order by {string.Join(", ", query.Parameters.Order.Select(OrderSql))}";
    }

    public IReadOnlyList<string> Values => _values;

    /// <summary>One row: the page's rows as JSON texts, and how many there are in all.</summary>
    public string ToString(bool counts)
    {
        var total = counts ? $"(select count(*)::text from {_from}{_where})" : "null::text";
        var limit = string.Create(CultureInfo.InvariantCulture, $" limit {_query.PageRows} offset {_query.Parameters.Offset}");
        return $"with {Source} as (select {_select} from {_from}{_where}{_order}{limit}) "
            + $"select coalesce((select array_agg(row_to_json({Source})::text) from {Source}), '{{}}'), {total}";
    }

    private static string ColumnSql(string relation, RestSelectItem item) => item switch
    {
        RestSelectAll => $"{relation}.*",
        RestSelectColumn { AsText: true } column =>
            $"cast({relation}.{SqlText.Name(column.Name)} as text) as {SqlText.Name(column.Alias ?? column.Name)}",
        RestSelectColumn column => $"{relation}.{SqlText.Name(column.Name)}{(column.Alias is { } alias ? $" as {SqlText.Name(alias)}" : "")}",
        _ => throw RestException.NotImitated("embeds inside embeds"),
    };

    private string EmbedSql(RestSelectEmbed embed, Relationship relationship)
    {
        const string Other = "pgrst_other";
        var columns = string.Join(", ", embed.Items.Select(static i => ColumnSql(Other, i)));
        var keys = relationship.Columns.Zip(relationship.OtherColumns, (own, other) => $"{Other}.{SqlText.Name(other)} = {_relation}.{SqlText.Name(own)}");
        return $"select {columns} from {SqlText.Name(relationship.Schema, relationship.Table)} as {Other} where {string.Join(" and ", keys)}";
    }

    private string OrderSql(RestOrder order) =>
        $"{_relation}.{SqlText.Name(order.Column)}{(order.IsDescending ? " desc" : " asc")}{(order.NullsFirst ? " nulls first" : " nulls last")}";

    private string FilterSql(RestNode node) => node switch
    {
        RestGroup group => $"{Not(group.Negated)}({string.Join(group.IsAnd ? " and " : " or ", group.Parts.Select(FilterSql))})",
        RestCondition condition => $"{Not(condition.Negated)}({ConditionSql(condition)})",
        _ => throw new InvalidOperationException("A filter is a group or a condition."),
    };

    private string ConditionSql(RestCondition condition)
    {
        var column = $"{_relation}.{SqlText.Name(condition.Column)}";
        return condition.Operator switch
        {
            "is" => $"{column} is {condition.Value.Replace('_', ' ')}",
            "in" => $"{column} = any({Value(ArrayLiteral(condition.Elements))})",
            "isdistinct" => $"{column} is distinct from {Value(condition.Value)}",

            // Every star is a per cent sign, quoted and escaped ones too.
            "like" or "ilike" => $"{column} {condition.Operator} {Value(condition.Value.Replace('*', '%'))}",
            _ => $"{column} {Operator(condition.Operator)} {Value(condition.Value)}",
        };
    }

    private static string Not(bool negated) => negated ? "not " : "";

    // As a list's, a text in an array literal is always quoted: nothing in it means anything but itself.
    private static string ArrayLiteral(IEnumerable<string> elements) =>
        $"{{{string.Join(',', elements.Select(static e => $"\"{e.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""))}}}";

    private static string Operator(string name) => name switch
    {
        "eq" => "=",
        "neq" => "<>",
        "gt" => ">",
        "gte" => ">=",
        "lt" => "<",
        "lte" => "<=",
        "match" => "~",
        "imatch" => "~*",
        "cs" => "@>",
        "cd" => "<@",
        "ov" => "&&",
        _ => throw RestException.NotImitated($"the operator {name}"),
    };

    private string Value(string text)
    {
        _values.Add(text);
        return $"${_values.Count}";
    }
}
