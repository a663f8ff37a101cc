using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;
using Carbon.Realtime.Filters;
using FsCheck;
using FsCheck.Fluent;

namespace Carbon.Realtime.Tests.Filters;

public sealed class FilterPropertyTests
{
    private static readonly string[] Pieces =
    [
        "a", "B", "n", "7", "%", "_", "\\", "\"", "(", ")", ",", ".", "=", "{", "}", "[", "]", "*", "'", " ",
        "\t", "\n", "\v", "\u00a0", "é", "😀",
        "NULL", "null", "not.", "eq.", "in.(", "is.", "a=eq.", "like.", "\u2028", "\0", "\ud83d",
    ];

    private static readonly Gen<string> Nasty = Gen.Elements(Pieces).ListOf().Select(string.Concat);

    private static readonly Gen<FilterCondition?> MaybeCondition =
        from column in Gen.OneOf(Gen.Elements("id", "companyId", "Weird Col", "weight (kg)", "a.b"), Nasty)
        from negated in Gen.Elements(true, false)
        from op in Gen.Elements(Enum.GetValues<FilterOperator>())
        from value in op is FilterOperator.Is ? Gen.Elements("null", "true", "false", "unknown") : Nasty
        from more in Nasty.ListOf()
        let values = op is FilterOperator.In ? more.Prepend(value).ToList() : [value]
        select FilterCondition.TryCreate(column, negated, op, values, out var condition, out _)
            ? condition
            : null;

    private static readonly Gen<RealtimeFilter> Filters =
        from conditions in MaybeCondition.Where(condition => condition is not null).NonEmptyListOf()
        select conditions.Aggregate(RealtimeFilter.None, (filter, condition) => filter.And(new RealtimeFilter([condition!])));

    [Fact]
    public void What_is_rendered_is_read_back_as_the_same_conditions() =>
        Check(Filters, filter => Parts(RealtimeFilter.Parse(filter.ToString())).SequenceEqual(Parts(filter)));

    [Fact]
    public void Every_text_is_a_filter_or_an_error_and_only_a_FormatException()
    {
        Check(Gen.OneOf(Nasty, ArbMap.Default.GeneratorFor<string>()), text =>
        {
            if (text is null)
            {
                return true;
            }

            var parsed = RealtimeFilter.TryParse(text, out var filter, out var error);
            try
            {
                return RealtimeFilter.Parse(text) == filter && parsed && error is null;
            }
            catch (FormatException e)
            {
                return !parsed && filter is null && e.Message == error;
            }
        });
    }

    [Fact]
    public void What_can_be_read_is_rendered_canonically() =>
        Check(Nasty, text =>
            !RealtimeFilter.TryParse("c=eq." + text, out var filter, out _) || RealtimeFilter.Parse(filter.ToString()) == filter);

    [Fact]
    public void Numbers_compare_as_exact_rationals()
    {
        var number =
            from digits in Gen.Elements('0', '0', '1', '5', '9').ListOf().Where(digits => digits.Count > 0)
            from dot in Gen.Choose(0, digits.Count)
            from sign in Gen.Elements("", "-", "+")
            from exponent in Gen.Choose(-12, 12)
            let text = sign + new string([.. digits.Take(dot)]) + "." + new string([.. digits.Skip(dot)])
            select exponent == 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text}e{exponent}");

        Check(number.Two(), pair =>
        {
            var left = Encoding.UTF8.GetBytes(pair.Item1);
            var right = Encoding.UTF8.GetBytes(pair.Item2);
            return DecimalText.TryParse(left, out var l)
                && DecimalText.TryParse(right, out var r)
                && Math.Sign(DecimalText.Compare(left, l, right, r)) == Exact(pair.Item1).CompareTo(Exact(pair.Item2));
        });
    }

    [Fact]
    public void Like_matches_what_the_equivalent_regular_expression_matches()
    {
        var text = Gen.Elements("a", "b", "é", "😀", "\n", ".", "%", "_").ListOf().Select(string.Concat);
        var pattern = Gen.Elements("a", "b", "é", "😀", ".", "%", "%", "_", "\\%", "\\_", "\\a").ListOf().Select(string.Concat);

        Check(Gen.Zip(text, pattern), pair =>
            LikePattern.Matches(Encoding.UTF8.GetBytes(pair.Item1), Encoding.UTF8.GetBytes(pair.Item2), ignoreCase: false)
            == Regex.IsMatch(pair.Item1, AsRegex(pair.Item2), RegexOptions.CultureInvariant));
    }

    [Fact]
    public void Time_stamps_compare_as_instants()
    {
        var instant =
            from day in Gen.Elements(700, 58_500, 58_501, 738_214, 738_215, 738_216, 3_000_000)
            from second in Gen.Choose(0, 86_399)
            from microsecond in Gen.Elements(0, 1, 120_000, 999_999)
            from minutes in Gen.Choose(-14 * 60, 14 * 60)
            select new DateTimeOffset(DateTime.MinValue.AddDays(day).AddSeconds(second).AddMicroseconds(microsecond), TimeSpan.Zero)
                .ToOffset(TimeSpan.FromMinutes(minutes));

        Check(instant.Two(), pair =>
            TimestampText.TryParse(Encoding.UTF8.GetBytes(((FilterValue)pair.Item1).ToString()), out var left)
            && TimestampText.TryParse(Encoding.UTF8.GetBytes(((FilterValue)pair.Item2).ToString()), out var right)
            && TimestampText.CompareInstants(left, right) == pair.Item1.CompareTo(pair.Item2)
            && TimestampText.CompareWallTimes(left, right) == pair.Item1.DateTime.CompareTo(pair.Item2.DateTime));
    }

    [Fact]
    public void Uuids_order_as_their_text()
    {
        var uuid = Gen.Elements("00", "7f", "80", "ff").ArrayOf(16).Select(bytes => Guid.ParseExact(string.Concat(bytes), "N").ToString());

        Check(uuid.Two(), pair =>
            UuidText.TryParse(Encoding.UTF8.GetBytes(pair.Item1), out var left)
            && UuidText.TryParse(Encoding.UTF8.GetBytes(pair.Item2.ToUpperInvariant()), out var right)
            && left.CompareTo(right) == Math.Sign(string.CompareOrdinal(pair.Item1, pair.Item2)));
    }

    [Fact]
    public void No_value_makes_the_evaluator_throw()
    {
        var types = Gen.Elements(
            "text", "int4", "numeric", "float4", "float8", "bool", "uuid", "date", "timestamp", "timestamptz", "citext", "mood", "_x", "");
        var json = Gen.OneOf(Nasty, Nasty.Select(text => $"\"{text}\""), Gen.Elements("null", "true", "5", "-1.5e3", "{}", "[]"));

        Check(Gen.Zip(Filters, Gen.Zip(types, json)), sample =>
        {
            var (filter, (type, value)) = sample;
            return filter.Conditions.All(condition =>
                Enum.IsDefined(condition.Evaluate(Encoding.UTF8.GetBytes(value), Encoding.UTF8.GetBytes(type))));
        });
    }

    private static void Check<T>(Gen<T> values, Func<T, bool> holds) =>
        Prop.ForAll(values.ToArbitrary(), holds).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    private static IEnumerable<string> Parts(RealtimeFilter filter) =>
        filter.Conditions.SelectMany(condition => condition.Values.Select(value => value.Text)
            .Prepend($"{condition.Column}|{condition.Negated}|{condition.Operator}|{condition.Values.Length}"));

    private static string AsRegex(string pattern)
    {
        var expression = Regex.Replace(pattern, @"\\.|%|_|[^\\%_]+", part => part.Value switch
        {
            "%" => @"[\s\S]*",
            "_" => @"(?:[\ud800-\udbff][\udc00-\udfff]|[^\ud800-\udfff])",
            ['\\', var c] => Regex.Escape(c.ToString()),
            var literal => Regex.Escape(literal),
        });
        return $@"\A(?:{expression})\z";
    }

    private static BigInteger Exact(string number)
    {
        var parts = number.Split('e');
        var dot = parts[0].IndexOf('.', StringComparison.Ordinal);
        var scale = parts[0].Length - dot - 1;
        var exponent = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        return BigInteger.Parse(parts[0].Remove(dot, 1), CultureInfo.InvariantCulture) * BigInteger.Pow(10, 500 + exponent - scale);
    }
}
