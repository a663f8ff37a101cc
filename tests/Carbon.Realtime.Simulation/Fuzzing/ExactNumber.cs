using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>A number with all its digits: the value that a JSON number says, told by arithmetic and not by comparing digits as the library does.</summary>
internal readonly partial record struct ExactNumber(BigInteger Digits, BigInteger Exponent)
{
    /// <summary>Beyond it is nothing that PostgreSQL has; a comparison may say that it cannot tell.</summary>
    private const int MostExponent = 9_999;

    /// <summary>Whether PostgreSQL may have such a number.</summary>
    public bool IsOrdinary => BigInteger.Abs(Exponent) <= MostExponent;

    /// <summary>The value; <see langword="null"/> for what is no number.</summary>
    public static ExactNumber? Parse(string json)
    {
        if (Form().Match(json) is not { Success: true } form)
        {
            return null;
        }

        // The last zeros are counted and not divided away: there may be thousands.
        var all = form.Groups["whole"].Value + form.Groups["part"].Value;
        var digits = all.TrimEnd('0');
        var exponent = form.Groups["exponent"] is { Success: true } given ? BigInteger.Parse(given.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;
        return digits.All(static c => c is '-' or '+')
            ? new ExactNumber(0, 0)
            : new ExactNumber(BigInteger.Parse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), exponent - form.Groups["part"].Length + all.Length - digits.Length);
    }

    [GeneratedRegex(@"^(?<whole>[+-]?[0-9]+)(\.(?<part>[0-9]+))?([eE](?<exponent>[+-]?[0-9]+))?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
