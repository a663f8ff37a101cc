using System.Collections.Immutable;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Filters;

/// <summary>The values of a long <c>in</c>, found by hash instead of one by one: a thousand cost a change what one does.</summary>
/// <remarks>
/// Equal bytes are equal values only where each value has one text. Where that is not certain (<c>+5</c>, a uuid in braces) this answers
/// nothing, and the values are compared one by one.
/// </remarks>
internal sealed class FilterValueSet
{
    /// <summary>Up to here a walk is as quick.</summary>
    private const int Few = 16;

    private readonly HashSet<byte[]> _texts = new(Utf8Keys.Comparer);
    private readonly bool _areIntegers;
    private readonly bool _areUuids;

    private FilterValueSet(ImmutableArray<FilterLiteral> values)
    {
        foreach (var value in values)
        {
            _texts.Add(value.Utf8.ToArray());
        }

        _areIntegers = values.All(static v => IsPlainInteger(v.Utf8));
        _areUuids = values.All(static v => IsPlainUuid(v.Utf8));
    }

    public static FilterValueSet? Create(ImmutableArray<FilterLiteral> values) => values.Length > Few ? new FilterValueSet(values) : null;

    /// <summary>Whether a value is among these.</summary>
    /// <returns>Whether that can be said from the texts alone.</returns>
    public bool TryFind(in FilterOperand value, out bool isAmong)
    {
        var canTell = value.Type switch
        {
            FilterColumnType.Text => value.IsText,
            FilterColumnType.Integer => _areIntegers && !value.IsText && IsPlainInteger(value.Utf8),
            FilterColumnType.Uuid => _areUuids && value.IsText && IsPlainUuid(value.Utf8),
            _ => false,
        };
        isAmong = canTell && _texts.GetAlternateLookup<ReadOnlySpan<byte>>().Contains(value.Utf8);
        return canTell;
    }

    /// <summary>As PostgreSQL writes integers: no plus, no leading zeros.</summary>
    private static bool IsPlainInteger(ReadOnlySpan<byte> text)
    {
        var digits = text is [(byte)'-', ..] ? text[1..] : text;
        return digits.Length > 0 && digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0 && (digits[0] != '0' || text is [(byte)'0']);
    }

    /// <summary>As PostgreSQL writes uuids: lower case, four hyphens.</summary>
    private static bool IsPlainUuid(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (i is 8 or 13 or 18 or 23 ? text[i] != '-' : text[i] is not (>= (byte)'0' and <= (byte)'9' or >= (byte)'a' and <= (byte)'f'))
            {
                return false;
            }
        }

        return text.Length == 36;
    }
}
