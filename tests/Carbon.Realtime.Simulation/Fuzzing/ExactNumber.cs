using System.Globalization;
using System.Numerics;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>A number with all its digits: the value that a JSON number says, told by arithmetic and not by comparing digits as the library does.</summary>
internal readonly record struct ExactNumber(BigInteger Digits, int Exponent)
{
    public static ExactNumber? Parse(string json)
    {
        var parts = json.ToUpperInvariant().Split('E');
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        var exponent = (parts.Length > 1 ? int.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var e) ? e : (int?)null : 0) - (point < 0 ? 0 : parts[0].Length - point - 1);
        if (exponent is null)
        {
            return null;
        }

        var digits = BigInteger.Parse(parts[0].Replace(".", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        while (!digits.IsZero && (digits % 10).IsZero)
        {
            (digits, exponent) = (digits / 10, exponent + 1);
        }

        return new ExactNumber(digits, digits.IsZero ? 0 : exponent.Value);
    }
}
