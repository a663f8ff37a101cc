namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What the database says when a subscription cannot be inserted; the text begins with the SQLSTATE.</summary>
internal sealed class SubscriptionRefusedException(string text) : Exception(text)
{
    public static SubscriptionRefusedException Raised(string text) => new($"P0001 (raise_exception) {text}");
}

/// <summary>A condition checked against its column's type, ready to judge values with SQL's three-valued logic
/// (docs/protocol.md, "Filters").</summary>
internal sealed class CompiledFilter
{
    private readonly Func<string?, bool?> _test;
    private readonly bool _negated;

    private CompiledFilter(int column, PgType type, FilterCondition condition, Func<string?, bool?> test)
    {
        Column = column;
        Type = type;
        Condition = condition;
        _negated = condition.Negated;
        _test = test;
    }

    public int Column { get; }

    public PgType Type { get; }

    public FilterCondition Condition { get; }

    /// <summary>Checks what the database checks at the insert of a subscription.</summary>
    /// <exception cref="SubscriptionRefusedException">The database refuses the filter.</exception>
    public static CompiledFilter Compile(EmulatorTable table, FilterCondition condition, string role)
    {
        if (!table.TryGetIndex(condition.Column, out var index) || !table.MaySelect(role, index))
        {
            throw SubscriptionRefusedException.Raised($"invalid column for filter {condition.Column}");
        }

        var type = table.Columns[index].Type;
        return new CompiledFilter(index, type, condition, condition.Operator switch
        {
            "in" => In(type, condition.Value),
            "is" => Is(type, condition.Value),
            "like" or "ilike" => Like(type, condition),
            "match" or "imatch" => Match(type, condition),
            _ => Comparison(type, condition),
        });
    }

    /// <summary>A condition that a database has checked and will judge.</summary>
    public static CompiledFilter Checked(int column, PgType type, FilterCondition condition) =>
        new(column, type, condition, static _ => throw new InvalidOperationException("The database judges this condition."));

    /// <summary>Whether a value matches; unknown (null) counts as no.</summary>
    public bool IsMatch(string cell)
    {
        var verdict = _test(PgValues.ToText(cell));
        return (_negated ? !verdict : verdict) == true;
    }

    private static Func<string?, bool?> Comparison(PgType type, FilterCondition condition)
    {
        var value = condition.Value;
        Cast(type, value);
        if (condition.Operator == "isdistinct")
        {
            return text => text is null || PgValues.Compare(type, text, value) != 0;
        }

        Func<int, bool> accept = condition.Operator switch
        {
            "eq" => static c => c == 0,
            "neq" => static c => c != 0,
            "lt" => static c => c < 0,
            "lte" => static c => c <= 0,
            "gt" => static c => c > 0,
            _ => static c => c >= 0,
        };
        return text => text is null ? null : accept(PgValues.Compare(type, text, value));
    }

    private static Func<string?, bool?> In(PgType type, string literal)
    {
        var values = PgArrayLiteral.Parse(literal);
        if (values.Count > 100)
        {
            throw SubscriptionRefusedException.Raised("too many values for `in` filter. Maximum 100");
        }

        foreach (var value in values.OfType<string>())
        {
            Cast(type, value);
        }

        var hasNull = values.Contains(null);
        return text => values.Count == 0 ? false
            : text is null ? null
            : values.OfType<string>().Any(v => PgValues.Compare(type, text, v) == 0) ? true
            : hasNull ? null : false;
    }

    private static Func<string?, bool?> Is(PgType type, string value)
    {
        if (value is not ("null" or "true" or "false" or "unknown"))
        {
            throw SubscriptionRefusedException.Raised("invalid value for is filter: must be null, true, false, or unknown");
        }

        if (value != "null" && type.Kind != PgKind.Bool)
        {
            throw SubscriptionRefusedException.Raised($"is {value} filter requires a boolean column, got {type.SqlName}");
        }

        return value is "null" or "unknown" ? static text => text is null : text => text == value;
    }

    private static Func<string?, bool?> Like(PgType type, FilterCondition condition)
    {
        RequireText(type, condition.Operator);
        var pattern = new LikePattern(condition.Value, condition.Operator == "ilike" || type.Name == "citext");
        return text => text is null ? null : pattern.IsMatch(text);
    }

    private static Func<string?, bool?> Match(PgType type, FilterCondition condition)
    {
        RequireText(type, condition.Operator);
        try
        {
            var isMatch = PgRegex.Compile(condition.Value, condition.Operator == "imatch" || type.Name == "citext");
            return text => text is null ? null : isMatch(text);
        }
        catch (PgRegexException e)
        {
            throw SubscriptionRefusedException.Raised(e.IsNotImitated
                ? e.Message
                : $"invalid regular expression for {condition.Operator} filter: invalid regular expression: {e.Message}");
        }
    }

    /// <exception cref="SubscriptionRefusedException">The column holds no text.</exception>
    public static void RequireText(PgType type, string @operator)
    {
        if (!type.IsTextCompatible)
        {
            throw SubscriptionRefusedException.Raised($"operator {@operator} requires a text-compatible column type, got {type.SqlName}");
        }
    }

    private static void Cast(PgType type, string value)
    {
        if (!PgOrder.IsKnown(type))
        {
            throw SubscriptionRefusedException.Raised($"the emulator does not compare values of the type {type.SqlName} (docs/emulator.md)");
        }

        if (PgValues.CastError(type, value) is { } error)
        {
            throw new SubscriptionRefusedException(error);
        }
    }
}
