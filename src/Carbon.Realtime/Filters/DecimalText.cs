using System.Text;

namespace Carbon.Realtime.Filters;

/// <summary>A number of any length, located inside its text: compared digit by digit, because numeric exceeds every .NET number.</summary>
/// <remarks>
/// Accepts what PostgreSQL and JSON have in common (<c>[+-]digits[.digits][e[+-]digits]</c>) and numeric's NaN and infinities.
/// With an exponent of more than six digits it is no number here, unless it is zero: PostgreSQL has none so large.
/// </remarks>
internal readonly struct DecimalText
{
    private const int MostExponent = 999_999;

    private readonly int _first;
    private readonly int _length;
    private readonly int _magnitude;
    private readonly int _sign;
    private readonly int _rank;

    private DecimalText(int first, int length, int magnitude, int sign, int rank, bool isInteger)
    {
        _first = first;
        _length = length;
        _magnitude = magnitude;
        _sign = sign;
        _rank = rank;
        IsInteger = isInteger;
    }

    /// <summary>Whether it is neither NaN nor an infinity.</summary>
    public bool IsFinite => _rank == 0;

    /// <summary>Whether it is written with digits only, as an integer column requires.</summary>
    public bool IsInteger { get; }

    public bool IsZero => _rank == 0 && _sign == 0;

    public static bool TryParse(ReadOnlySpan<byte> text, out DecimalText number)
    {
        number = default;
        var at = 0;
        var negative = false;
        if (at < text.Length && text[at] is (byte)'-' or (byte)'+')
        {
            negative = text[at++] == '-';
        }

        if (at < text.Length && !IsDigit(text[at]) && text[at] != '.')
        {
            return TryParseSpecial(text[at..], negative, signed: at > 0, out number);
        }

        // [first, end) spans the digits from the first that is not zero, with the dot among them if it lies there.
        var first = -1;
        var end = at;
        var digits = 0;
        var integerDigits = 0;
        var zerosAfterDot = 0;
        var dot = -1;
        for (; at < text.Length && (IsDigit(text[at]) || (text[at] == '.' && dot < 0)); at++)
        {
            if (text[at] == '.')
            {
                dot = at;
                continue;
            }

            digits++;
            if (first >= 0 || text[at] != '0')
            {
                first = first < 0 ? at : first;
                end = at + 1;
                integerDigits += dot < 0 ? 1 : 0;
            }
            else if (dot >= 0)
            {
                zerosAfterDot++;
            }
        }

        if (digits == 0 || !TryReadExponent(text, ref at, out var exponent, out var hasExponent) || at != text.Length || (first >= 0 && Math.Abs(exponent) > MostExponent))
        {
            return false;
        }

        var magnitude = exponent + (integerDigits > 0 ? integerDigits : -zerosAfterDot);
        var sign = first < 0 ? 0 : negative ? -1 : 1;
        number = new DecimalText(Math.Max(first, 0), first < 0 ? 0 : end - first, magnitude, sign, 0, dot < 0 && !hasExponent);
        return true;
    }

    /// <summary>Compares as PostgreSQL's numeric does: NaN equals itself and lies above everything.</summary>
    public static int Compare(ReadOnlySpan<byte> leftText, in DecimalText left, ReadOnlySpan<byte> rightText, in DecimalText right)
    {
        if (left._rank != 0 || right._rank != 0)
        {
            return left._rank.CompareTo(right._rank);
        }

        if (left._sign != right._sign || left._sign == 0)
        {
            return left._sign.CompareTo(right._sign);
        }

        if (left._magnitude != right._magnitude)
        {
            return left._sign * left._magnitude.CompareTo(right._magnitude);
        }

        return left._sign * CompareDigits(leftText.Slice(left._first, left._length), rightText.Slice(right._first, right._length));
    }

    /// <summary>A hash of the value: numbers that are equal have the same one, however they are written.</summary>
    /// <param name="text">The text that it was read from.</param>
    public int HashOf(ReadOnlySpan<byte> text)
    {
        var digits = 0;
        var zeros = 0;
        foreach (var c in text.Slice(_first, _length))
        {
            if (c == '0')
            {
                zeros++; // worth nothing, unless another digit follows
            }
            else if (c != '.')
            {
                for (; zeros > 0; zeros--)
                {
                    digits *= 31;
                }

                digits = (digits * 31) + c;
            }
        }

        return IsZero ? 0 : HashCode.Combine(digits, _magnitude, _sign, _rank);
    }

    private static int CompareDigits(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var l = 0;
        var r = 0;
        while (l < left.Length || r < right.Length)
        {
            if (l < left.Length && left[l] == '.')
            {
                l++;
                continue;
            }

            if (r < right.Length && right[r] == '.')
            {
                r++;
                continue;
            }

            var difference = (l < left.Length ? left[l++] : '0') - (r < right.Length ? right[r++] : '0');
            if (difference != 0)
            {
                return difference;
            }
        }

        return 0;
    }

    private static bool TryReadExponent(ReadOnlySpan<byte> text, ref int at, out int exponent, out bool present)
    {
        exponent = 0;
        present = at < text.Length && text[at] is (byte)'e' or (byte)'E';
        if (!present)
        {
            return true;
        }

        at++;
        var negative = false;
        if (at < text.Length && text[at] is (byte)'-' or (byte)'+')
        {
            negative = text[at++] == '-';
        }

        var start = at;
        for (; at < text.Length && IsDigit(text[at]); at++)
        {
            exponent = Math.Min((exponent * 10) + (text[at] - '0'), MostExponent + 1);
        }

        exponent = negative ? -exponent : exponent;
        return at > start;
    }

    private static bool TryParseSpecial(ReadOnlySpan<byte> word, bool negative, bool signed, out DecimalText number)
    {
        var rank = Ascii.EqualsIgnoreCase(word, "infinity"u8) || Ascii.EqualsIgnoreCase(word, "inf"u8) ? (negative ? -1 : 1)
            : !signed && Ascii.EqualsIgnoreCase(word, "nan"u8) ? 2
            : 0;
        number = new DecimalText(0, 0, 0, 0, rank, isInteger: false);
        return rank != 0;
    }

    private static bool IsDigit(byte c) => c is >= (byte)'0' and <= (byte)'9';
}
