using System.Globalization;
using System.Numerics;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A decimal number of any length: <c>numeric</c> and <c>int8</c> values exceed every number type of .NET.</summary>
internal readonly struct PgNumber : IComparable<PgNumber>
{
    private readonly BigInteger _digits;
    private readonly int _scale;

    private PgNumber(BigInteger digits, int scale)
    {
        _digits = digits;
        _scale = scale;
    }

    public bool IsInteger => _scale <= 0 || _digits % BigInteger.Pow(10, _scale) == 0;

    public static bool TryParse(string text, out PgNumber number)
    {
        number = default;
        var span = text.AsSpan().Trim();
        var exponent = 0;
        var e = span.IndexOfAny('e', 'E');
        if (e >= 0)
        {
            if (!int.TryParse(span[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || Math.Abs(exponent) > 20_000)
            {
                return false;
            }

            span = span[..e];
        }

        var point = span.IndexOf('.');
        var scale = point < 0 ? 0 : span.Length - point - 1;
        var digits = point < 0 ? span.ToString() : string.Concat(span[..point], span[(point + 1)..]);
        if (!BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        number = new PgNumber(value, scale - exponent);
        return true;
    }

    /// <summary>A number as <c>numeric</c> prints it: without an exponent.</summary>
    public static string Plain(string text)
    {
        if (text.AsSpan().IndexOfAny('e', 'E') < 0 || !TryParse(text, out var number))
        {
            return text;
        }

        if (number._scale <= 0)
        {
            return (number._digits * BigInteger.Pow(10, -number._scale)).ToString(CultureInfo.InvariantCulture);
        }

        var digits = BigInteger.Abs(number._digits).ToString(CultureInfo.InvariantCulture).PadLeft(number._scale + 1, '0');
        return $"{(number._digits.Sign < 0 ? "-" : "")}{digits[..^number._scale]}.{digits[^number._scale..]}";
    }

    /// <summary>Equal for equal numbers, whatever their scale.</summary>
    public override string ToString()
    {
        var (digits, scale) = (_digits, _scale);
        while (!digits.IsZero && digits % 10 == 0)
        {
            (digits, scale) = (digits / 10, scale - 1);
        }

        return digits.IsZero ? "0" : string.Create(CultureInfo.InvariantCulture, $"{digits}e{-scale}");
    }

    public bool IsWithin(BigInteger minimum, BigInteger maximum) =>
        CompareTo(new PgNumber(minimum, 0)) >= 0 && CompareTo(new PgNumber(maximum, 0)) <= 0;

    public int CompareTo(PgNumber other)
    {
        var scale = Math.Max(_scale, other._scale);
        return (_digits * BigInteger.Pow(10, scale - _scale)).CompareTo(other._digits * BigInteger.Pow(10, scale - other._scale));
    }
}
