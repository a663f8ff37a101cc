using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Conditions checked against their columns' types, ready to judge rows with SQL's three-valued logic.</summary>
internal static class RestFilter
{
    /// <summary>The columns that a filter names: the database looks for them all before it looks at any value.</summary>
    /// <exception cref="RestException">There is no such column.</exception>
    public static void AddColumns(EmulatorTable shape, RestNode node, HashSet<int> used)
    {
        switch (node)
        {
            case RestGroup group:
                foreach (var part in group.Parts)
                {
                    AddColumns(shape, part, used);
                }

                break;
            case RestCondition condition:
                used.Add(shape.TryGetIndex(condition.Column, out var index) ? index : throw RestException.UnknownColumn(shape.Name, condition.Column));
                break;
            default:
                break;
        }
    }

    /// <summary>Compiles a filter of a relation whose columns were found.</summary>
    /// <param name="shape">The relation's columns.</param>
    /// <param name="node">The filter.</param>
    /// <exception cref="RestException">No such operator for a column's type, no such value of it.</exception>
    public static Func<EmulatorRow, bool?> Compile(EmulatorTable shape, RestNode node)
    {
        var test = node switch
        {
            RestGroup group => Group([.. group.Parts.Select(p => Compile(shape, p))], group.IsAnd),
            RestCondition condition => Condition(shape, condition),
            _ => throw new InvalidOperationException("A filter is a group or a condition."),
        };
        var negated = node is RestGroup { Negated: true } or RestCondition { Negated: true };
        return negated ? row => !test(row) : test;
    }

    private static Func<EmulatorRow, bool?> Group(Func<EmulatorRow, bool?>[] parts, bool isAnd) => row =>
    {
        var unknown = false;
        foreach (var part in parts)
        {
            var verdict = part(row);
            if (verdict == !isAnd)
            {
                return !isAnd;
            }

            unknown |= verdict is null;
        }

        return unknown ? null : isAnd;
    };

    private static Func<EmulatorRow, bool?> Condition(EmulatorTable shape, RestCondition condition)
    {
        var index = shape.Index(condition.Column);
        var test = Test(shape.Columns[index].Type, condition);
        return row => test(PgValues.ToText(row.RestCells[index]));
    }

    private static Func<string?, bool?> Test(PgType type, RestCondition condition) => condition.Operator switch
    {
        "in" => In(type, condition.Elements),
        "is" => Is(type, condition.Value),
        "like" or "ilike" => Like(type, condition),
        "match" or "imatch" => Match(type, condition),
        "cs" or "cd" or "ov" => Arrays(type, condition),
        _ => Comparison(type, condition),
    };

    private static Func<string?, bool?> Comparison(PgType type, RestCondition condition)
    {
        var sql = condition.Operator switch { "eq" => "=", "neq" => "<>", "lt" => "<", "lte" => "<=", "gt" => ">", "gte" => ">=", _ => "=" };
        var literal = Literal(type, condition.Value, sql);
        Func<int, bool> accept = condition.Operator switch
        {
            "eq" => static c => c == 0,
            "neq" or "isdistinct" => static c => c != 0,
            "lt" => static c => c < 0,
            "lte" => static c => c <= 0,
            "gt" => static c => c > 0,
            _ => static c => c >= 0,
        };
        bool? ofNull = condition.Operator == "isdistinct" ? true : null;
        return text => text is null ? ofNull : accept(RestValues.Compare(type, text, literal));
    }

    private static Func<string?, bool?> In(PgType type, IReadOnlyList<string> elements)
    {
        var literals = elements.Select(e => Literal(type, e, "=")).ToArray();
        var exact = type.Kind == PgKind.Text && type.Name is not ("bpchar" or "citext") ? literals.ToHashSet(StringComparer.Ordinal) : null;

        // = ANY of no elements is false, for a null too: so that not.in.() is every row.
        return text => literals.Length == 0 ? false
            : text is null ? null
            : exact?.Contains(text) ?? literals.Any(l => RestValues.Compare(type, text, l) == 0);
    }

    private static Func<string?, bool?> Is(PgType type, string value)
    {
        if (value is "null" or "not_null")
        {
            return text => text is null == (value == "null");
        }

        if (type.Kind != PgKind.Bool)
        {
            throw new RestException(
                System.Net.HttpStatusCode.BadRequest, "42804", $"argument of IS {value.ToUpperInvariant()} must be type boolean, not type {type.SqlName}");
        }

        return value == "unknown" ? static text => text is null : text => text == value;
    }

    private static Func<string?, bool?> Like(PgType type, RestCondition condition)
    {
        var ignoreCase = condition.Operator == "ilike" || type.Name == "citext";
        RequireText(type, ignoreCase ? "~~*" : "~~");

        // Every star is a per cent sign, quoted and escaped ones too.
        var pattern = new LikePattern(condition.Value.Replace('*', '%'), ignoreCase);
        return text => text is null ? null : pattern.IsMatch(text);
    }

    private static Func<string?, bool?> Match(PgType type, RestCondition condition)
    {
        var ignoreCase = condition.Operator == "imatch" || type.Name == "citext";
        RequireText(type, ignoreCase ? "~*" : "~");
        try
        {
            var isMatch = PgRegex.Compile(condition.Value, ignoreCase);
            return text => text is null ? null : isMatch(text);
        }
        catch (PgRegexException e)
        {
            throw e.IsNotImitated
                ? new RestException(System.Net.HttpStatusCode.NotImplemented, "EMULATOR", e.Message)
                : new RestException(System.Net.HttpStatusCode.BadRequest, "2201B", $"invalid regular expression: {e.Message}");
        }
    }

    private static Func<string?, bool?> Arrays(PgType type, RestCondition condition)
    {
        if (type.Name == "jsonb")
        {
            throw RestException.NotImitated("containment of jsonb");
        }

        if (type.Kind != PgKind.Array)
        {
            throw RestException.UnknownOperator(type, condition.Operator switch { "cs" => "@>", "cd" => "<@", _ => "&&" });
        }

        var literal = RestValues.Elements(Literal(type, condition.Value, "@>"));
        bool Holds(List<string?> all, string? one) => one is not null && all.Exists(e => e is not null && RestValues.Compare(type.Element!, e, one) == 0);
        return text => text is null ? null : (condition.Operator, RestValues.Elements(text)) switch
        {
            ("cs", var elements) => literal.All(e => Holds(elements, e)),
            ("cd", var elements) => elements.All(e => Holds(literal, e)),
            (_, var elements) => literal.Any(e => Holds(elements, e)),
        };
    }

    private static void RequireText(PgType type, string sql)
    {
        if (!type.IsTextCompatible)
        {
            throw RestException.UnknownOperator(type, sql);
        }
    }

    /// <summary>A filter's value in the form that the column's values have.</summary>
    private static string Literal(PgType type, string value, string sql)
    {
        if (type.Name == "json")
        {
            throw RestException.UnknownOperator(type, sql);
        }

        if (!PgOrder.IsKnown(type))
        {
            throw RestException.NotImitated($"comparisons of the type {type.SqlName}");
        }

        if (PgValues.CastError(type, value) is { } error)
        {
            throw RestException.Cast(error);
        }

        if (type.Kind is not (PgKind.Json or PgKind.Array))
        {
            return value;
        }

        try
        {
            using var json = JsonDocument.Parse(type.Kind == PgKind.Json ? value : JsonText.Quote(value));
            _ = JsonText.Jsonb(json.RootElement);
            return type.Kind == PgKind.Array && !value.StartsWith('{')
                ? throw new RestException(System.Net.HttpStatusCode.BadRequest, "22P02", $"malformed array literal: \"{value}\"")
                : PgValues.ToText(PgValues.ToCell(type, json.RootElement)) ?? PgValues.Null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new RestException(System.Net.HttpStatusCode.BadRequest, "22P02", "invalid input syntax for type json");
        }
        catch (ArgumentException e)
        {
            // An element that its type does not take.
            throw RestException.Cast(e.Message);
        }
    }
}
