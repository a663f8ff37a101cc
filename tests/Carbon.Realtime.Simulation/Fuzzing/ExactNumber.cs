using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>A number with all its digits: the value that a JSON number says, told by arithmetic and not by comparing digits as the library does.</summary>
internal readonly partial record struct ExactNumber(BigInteger Digits, int Exponent)
{
    /// <summary>The value; <see langword="null"/> for what is no number, or one of a great exponent.</summary>
    public static ExactNumber? Parse(string json)
    {
        if (!Form().IsMatch(json))
        {
            return null;
        }

        var parts = json.ToUpperInvariant().Split('E');
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        var exponent = (parts.Length > 1 ? int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0) - (point < 0 ? 0 : parts[0].Length - point - 1);
        var digits = BigInteger.Parse(parts[0].Replace(".", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        while (!digits.IsZero && (digits % 10).IsZero)
        {
            (digits, exponent) = (digits / 10, exponent + 1);
        }

        return new ExactNumber(digits, digits.IsZero ? 0 : exponent);
    }

    [GeneratedRegex(@"^[+-]?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
