using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Carbon.Realtime.Filters;

/// <summary>One condition of a filter: column, optional <c>not.</c>, operator, values. Immutable, and valid once it exists.</summary>
/// <remarks>Equal texts are equal conditions: rendering is canonical.</remarks>
internal sealed class FilterCondition
{
    /// <summary>The server refuses more (docs/protocol.md, "Filters"): such a condition is not sent but judged here.</summary>
    public const int MaxSentValues = 100;

    /// <summary>Nobody means more, and every change would be judged by them.</summary>
    public const int MaxValues = 10_000;

    private readonly byte[] _columnUtf8;

    private FilterCondition(string column, bool negated, FilterOperator op, ImmutableArray<FilterLiteral> values)
    {
        Column = column;
        Negated = negated;
        Operator = op;
        Values = values;
        ValueSet = FilterValueSet.Create(values);
        _columnUtf8 = Encoding.UTF8.GetBytes(column);
        Text = BindingSyntax.Render(this);
    }

    public string Column { get; }

    /// <summary>The column's name as an unescaped JSON property name, for finding its value in a record without allocating.</summary>
    public ReadOnlySpan<byte> ColumnUtf8 => _columnUtf8;

    public bool Negated { get; }

    public FilterOperator Operator { get; }

    /// <summary>One literal; for <see cref="FilterOperator.In"/> one to <see cref="MaxValues"/> different ones.</summary>
    public ImmutableArray<FilterLiteral> Values { get; }

    /// <summary>The same values, found by hash, where there are many.</summary>
    public FilterValueSet? ValueSet { get; }

    /// <summary>Whether the server would refuse it for its length, so that only the client can judge it.</summary>
    public bool IsTooLongToSend => Values.Length > MaxSentValues;

    public FilterLiteral Value => Values[0];

    /// <summary>What <c>is</c> tests for; meaningless with another operator.</summary>
    public FilterIs Keyword => Value.Text switch
    {
        "null" => FilterIs.Null,
        "true" => FilterIs.True,
        "false" => FilterIs.False,
        _ => FilterIs.Unknown,
    };

    /// <summary>The condition as a binding carries it.</summary>
    public string Text { get; }

    /// <summary>Judges the condition on one value of a record, without allocating.</summary>
    /// <param name="jsonValue">The column's JSON value as on the wire, without surrounding blanks; empty if the record lacks it.</param>
    /// <param name="pgType">The column's type as the change names it (<c>int4</c>, <c>_text</c>, <c>mood</c>); empty if not known.</param>
    public FilterVerdict Evaluate(ReadOnlySpan<byte> jsonValue, ReadOnlySpan<byte> pgType) =>
        FilterEvaluator.Evaluate(this, jsonValue, pgType);

    public override string ToString() => Text;

    /// <summary>Checks everything the server would refuse, or accept and then fail on, and that needs no knowledge of the table.</summary>
    public static bool TryCreate(
        string column,
        bool negated,
        FilterOperator op,
        IReadOnlyList<string> values,
        [NotNullWhen(true)] out FilterCondition? condition,
        [NotNullWhen(false)] out string? error)
    {
        condition = null;
        error = CheckColumn(column) ?? CheckValues(column, op, values);
        if (error is not null)
        {
            return false;
        }

        // Repeating a value changes nothing but would count against the server's limit.
        var literals = values.Distinct(StringComparer.Ordinal).Select(value => new FilterLiteral(value)).ToImmutableArray();
        if (literals.Length > MaxValues)
        {
            error = $"'in' takes at most {MaxValues} different values, here are {literals.Length}: filter on a column that these rows share";
            return false;
        }

        condition = new FilterCondition(column, negated, op, literals);
        return true;
    }

    /// <summary>Why a column cannot be named in a filter, or <see langword="null"/> if it can.</summary>
    public static string? CheckColumn(string column)
    {
        if (string.IsNullOrWhiteSpace(column))
        {
            return "the column name is missing";
        }

        if (char.IsWhiteSpace(column[0]) || char.IsWhiteSpace(column[^1]))
        {
            return $"the column name '{column}' begins or ends with a blank, which the server would cut off or not find";
        }

        if (CheckText(column) is { } reason)
        {
            return $"the column name {reason}";
        }

        var scanner = new FilterScanner();
        foreach (var c in column)
        {
            if (scanner.Next(c) || c == '=')
            {
                return $"the column '{column}' cannot be filtered: the server's grammar has no way to quote '{c}' in a column name";
            }
        }

        return scanner.AtTopLevel
            ? null
            : $"the column '{column}' cannot be filtered: the server's grammar has no way to quote a single '(' or '\"' in a column name";
    }

    private static string? CheckValues(string column, FilterOperator op, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return $"'in' without values never matches: leave the subscription out, or name at least one value, as in {column}=in.(a,b)";
        }

        foreach (var value in values)
        {
            if (CheckText(value) is { } reason)
            {
                return $"the value {reason}";
            }
        }

        return op switch
        {
            FilterOperator.Is when values[0] is not ("null" or "true" or "false" or "unknown") =>
                $"'is' takes exactly null, true, false or unknown, in lower case, not '{values[0]}'",
            FilterOperator.Like or FilterOperator.ILike when EndsInEscape(values[0]) =>
                // At subscribe the server checks only that the column is text. PostgreSQL raises an error where a value matches up to the
                // escape, and by the server's SQL that is while it decodes changes, for every client of the project (not tried out).
                $"the pattern ends with its escape character: write \\\\ for a backslash in '{op.Name()}'",
            _ => null,
        };
    }

    private static string? CheckText(string text)
    {
        if (text.Contains('\0'))
        {
            return "contains U+0000, which PostgreSQL cannot store";
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[++i])))
            {
                return "contains half a surrogate pair, which is not valid Unicode";
            }
        }

        return null;
    }

    private static bool EndsInEscape(string pattern) => (pattern.Length - pattern.AsSpan().TrimEnd('\\').Length) % 2 == 1;
}
