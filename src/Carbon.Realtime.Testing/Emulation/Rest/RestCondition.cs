namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>A filter as it was written.</summary>
internal abstract record RestNode;

/// <summary>Several filters, all or one of which must hold.</summary>
internal sealed record RestGroup(bool Negated, bool IsAnd, IReadOnlyList<RestNode> Parts) : RestNode;

/// <summary>One condition.</summary>
/// <param name="Column">The column.</param>
/// <param name="Negated">Whether <c>not.</c> preceded the operator.</param>
/// <param name="Operator">As it was written; one that is known.</param>
/// <param name="Value">What follows, unquoted where quotes mean anything.</param>
/// <param name="Elements">Of <c>in</c>.</param>
internal sealed record RestCondition(string Column, bool Negated, string Operator, string Value, IReadOnlyList<string> Elements) : RestNode
{
    private static readonly HashSet<string> Plain = new(StringComparer.Ordinal)
    {
        "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "isdistinct", "cs", "cd", "ov",
    };

    private static readonly HashSet<string> NotImitated = new(StringComparer.Ordinal)
    {
        "sl", "sr", "nxr", "nxl", "adj", "fts", "plfts", "phfts", "wfts",
    };

    /// <summary>A parameter of its own, <c>column=not.in.(…)</c>. Its value has no quotes, and what follows a complete one is dropped.</summary>
    public static RestCondition Parse(string column, string value) => Read(column, new RestText("filter", value), inGroup: false);

    /// <summary>A parameter <c>and</c>, <c>or</c>, <c>not.and</c> or <c>not.or</c>; what follows its closing parenthesis is dropped.</summary>
    public static RestNode ParseGroup(string name, string value) => Tree(new RestText("logic tree", name + value));

    private static RestNode Tree(RestText text) => text.Try<RestNode>(() => Group(text)) ?? Member(text);

    private static RestGroup? Group(RestText text)
    {
        var negated = text.Take("not.");
        var kind = text.Letters();
        if (kind is not ("and" or "or") || !text.Take("("))
        {
            return null;
        }

        text.SkipBlanks();
        var parts = new List<RestNode>();
        do
        {
            parts.Add(Tree(text));
        }
        while (text.TakeSpaced(","));

        text.SkipBlanks();
        text.Expect(")");
        return new RestGroup(negated, kind == "and", parts);
    }

    private static RestCondition Member(RestText text)
    {
        var column = text.Name();
        if (text.StartsWith("->"))
        {
            throw RestException.NotImitated("JSON paths");
        }

        text.Expect(".");
        return Read(column, text, inGroup: true);
    }

    private static RestCondition Read(string column, RestText text, bool inGroup)
    {
        var negated = text.Take("not.");
        var name = text.Letters();
        if (NotImitated.Contains(name) || (Plain.Contains(name) && text.StartsWith("(")))
        {
            throw RestException.NotImitated($"the operator {name} in this form");
        }

        if (name is not ("is" or "in") && !Plain.Contains(name))
        {
            throw text.Unexpected();
        }

        text.Expect(".");
        return name switch
        {
            // Neither looks at what follows the word: is.nullable is is.null.
            "is" => new RestCondition(
                column, negated, name, text.TakeWord("not_null", "null", "true", "false", "unknown") ?? throw text.Unexpected(), []),
            "in" => new RestCondition(column, negated, name, "", text.List()),
            _ => new RestCondition(column, negated, name, inGroup ? text.GroupValue() : text.Rest(), []),
        };
    }
}
