using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Filters;

/// <summary>Judges a condition on one JSON value with SQL's semantics: exactly or not at all, never by a guess.</summary>
/// <remarks>
/// NULL makes every operator but <c>is</c> and <c>isdistinct</c> unknown, negated or not, and unknown does not match
/// (docs/protocol.md, "Filters").
/// A NaN in a float or numeric column arrives as null ("Thirty facts", fact 27); it is judged as the NULL that the server's own filter sees too.
/// </remarks>
internal static class FilterEvaluator
{
    private const int StackBytes = 512;

    private enum Truth
    {
        False,
        True,
        Null,
        CannotTell,
    }

    public static FilterVerdict Evaluate(FilterCondition condition, ReadOnlySpan<byte> json, ReadOnlySpan<byte> pgType)
    {
        if (json.IsEmpty)
        {
            return FilterVerdict.CannotTell;
        }

        var truth = Judge(condition, json, FilterColumnTypes.Classify(pgType));
        return truth switch
        {
            Truth.CannotTell => FilterVerdict.CannotTell,
            Truth.Null => FilterVerdict.No,
            _ => (truth == Truth.True) != condition.Negated ? FilterVerdict.Yes : FilterVerdict.No,
        };
    }

    private static Truth Judge(FilterCondition condition, ReadOnlySpan<byte> json, FilterColumnType type)
    {
        if (type is FilterColumnType.Array)
        {
            return Truth.CannotTell;
        }

        if (json.SequenceEqual("null"u8))
        {
            return JudgeNull(condition, type);
        }

        if (json[0] != '"')
        {
            return JudgeValue(condition, new FilterOperand(json, isText: false, type));
        }

        if (json.Length < 2)
        {
            return Truth.CannotTell;
        }

        var content = json[1..^1];
        return content.Contains((byte)'\\')
            ? JudgeEscaped(condition, json, type)
            : JudgeValue(condition, new FilterOperand(content, isText: true, type));
    }

    private static Truth JudgeNull(FilterCondition condition, FilterColumnType type) => condition.Operator switch
    {
        _ when type is FilterColumnType.Json => Truth.CannotTell, // jsonb 'null' is a value, and looks the same.
        FilterOperator.Is when condition.Keyword is FilterIs.Null => Truth.True,
        FilterOperator.Is when type is not (FilterColumnType.Boolean or FilterColumnType.Unspecified) => Truth.CannotTell,
        FilterOperator.Is => condition.Keyword is FilterIs.Unknown ? Truth.True : Truth.False,
        FilterOperator.IsDistinct => Truth.True,
        _ => Truth.Null,
    };

    private static Truth JudgeEscaped(FilterCondition condition, ReadOnlySpan<byte> json, FilterColumnType type)
    {
        byte[]? rented = null;
        var buffer = json.Length <= StackBytes ? stackalloc byte[StackBytes] : rented = ArrayPool<byte>.Shared.Rent(json.Length);
        try
        {
            var reader = new Utf8JsonReader(json);
            return reader.Read() && reader.TokenType is JsonTokenType.String
                ? JudgeValue(condition, new FilterOperand(buffer[..reader.CopyString(buffer)], isText: true, type))
                : Truth.CannotTell;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Truth.CannotTell; // Not JSON, or half a surrogate pair.
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private static Truth JudgeValue(FilterCondition condition, in FilterOperand value) => condition.Operator switch
    {
        FilterOperator.Is => JudgeIs(condition.Keyword, value),
        FilterOperator.In => JudgeIn(condition, value),
        FilterOperator.Like or FilterOperator.ILike => JudgeLike(condition, value),
        FilterOperator.Match or FilterOperator.IMatch => Truth.CannotTell, // .NET's regular expressions are not PostgreSQL's.
        _ => Decide(condition.Operator, value.CompareTo(condition.Value)),
    };

    private static Truth Decide(FilterOperator op, FilterOrder order) => (op, order) switch
    {
        (_, FilterOrder.CannotTell) => Truth.CannotTell,
        (FilterOperator.Equal, _) => Of(order is FilterOrder.Equal),
        (FilterOperator.NotEqual or FilterOperator.IsDistinct, _) => Of(order is not FilterOrder.Equal),
        (_, FilterOrder.Unequal) => Truth.CannotTell,
        (FilterOperator.LessThan, _) => Of(order is FilterOrder.Less),
        (FilterOperator.LessThanOrEqual, _) => Of(order is not FilterOrder.Greater),
        (FilterOperator.GreaterThan, _) => Of(order is FilterOrder.Greater),
        (FilterOperator.GreaterThanOrEqual, _) => Of(order is not FilterOrder.Less),
        _ => Truth.CannotTell,
    };

    private static Truth JudgeIn(FilterCondition condition, in FilterOperand value)
    {
        if (condition.ValueSet is { } set && set.TryFind(value, out var isAmong))
        {
            return Of(isAmong);
        }

        var result = Truth.False;
        foreach (var literal in condition.Values)
        {
            switch (value.CompareTo(literal))
            {
                case FilterOrder.Equal:
                    return Truth.True;
                case FilterOrder.CannotTell:
                    result = Truth.CannotTell;
                    break;
            }
        }

        return result;
    }

    private static Truth JudgeIs(FilterIs keyword, in FilterOperand value)
    {
        if (keyword is FilterIs.Null)
        {
            // A composite whose fields are all NULL IS NULL; in json an object is just a value.
            return value.IsObject && value.Type is FilterColumnType.Other or FilterColumnType.Unspecified ? Truth.CannotTell : Truth.False;
        }

        return value.Type is FilterColumnType.Boolean or FilterColumnType.Unspecified && value.TryGetBoolean(out var actual)
            ? Of(keyword is not FilterIs.Unknown && actual == (keyword is FilterIs.True))
            : Truth.CannotTell;
    }

    private static Truth JudgeLike(FilterCondition condition, in FilterOperand value)
    {
        var ignoreCase = condition.Operator is FilterOperator.ILike || value.Type is FilterColumnType.CaseInsensitiveText;
        return value.IsText
            && value.Type is FilterColumnType.Text or FilterColumnType.CaseInsensitiveText
            && (!ignoreCase || (condition.Value.IsAscii && Ascii.IsValid(value.Utf8)))
                ? Of(LikePattern.Matches(value.Utf8, condition.Value.Utf8, ignoreCase))
                : Truth.CannotTell;
    }

    private static Truth Of(bool truth) => truth ? Truth.True : Truth.False;
}
