namespace Carbon.Realtime.Tests.Filters;

public sealed class FilterBuildingTests
{
    private static FilterColumn Column => RealtimeFilter.Where("c");

    public static TheoryData<RealtimeFilter, string> EveryOperator => new()
    {
        { Column.Equal("released"), "c=eq.released" },
        { Column.NotEqual(5), "c=neq.5" },
        { Column.LessThan(5L), "c=lt.5" },
        { Column.LessThanOrEqual(1.50m), "c=lte.1.50" },
        { Column.GreaterThan(1e21), "c=gt.1E+21" },
        { Column.GreaterThanOrEqual(0.1f), "c=gte.0.1" },
        { Column.In("a", "b,c"), "c=in.(a,\"b,c\")" },
        { Column.In(1, 2L, "x"), "c=in.(1,2,x)" },
        { Column.In(new List<string> { "a", "NULL" }), "c=in.(a,\"NULL\")" },
        { Column.In([1, 2]), "c=in.(1,2)" },
        { Column.In(["a", "b"]), "c=in.(a,b)" },
        { Column.In(new List<long> { 3, 3 }), "c=in.(3)" },
        { Column.Equal("null"), "c=eq.\"null\"" },
        { Column.Like("null"), "c=like.null" },
        { Column.In([Guid.Empty]), "c=in.(00000000-0000-0000-0000-000000000000)" },
        { Column.Like("B%"), "c=like.B%" },
        { Column.ILike("b_"), "c=ilike.b_" },
        { Column.Is(FilterIs.Null), "c=is.null" },
        { Column.Is(FilterIs.True), "c=is.true" },
        { Column.Is(FilterIs.False), "c=is.false" },
        { Column.Is(FilterIs.Unknown), "c=is.unknown" },
        { Column.IsNull(), "c=is.null" },
        { Column.Match("^a(b|c)"), "c=match.\"^a(b|c)\"" },
        { Column.IMatch("^a"), "c=imatch.^a" },
        { Column.IsDistinctFrom(5), "c=isdistinct.5" },
        { Column.Not.Equal(5), "c=not.eq.5" },
        { Column.Not.IsNull(), "c=not.is.null" },
        { Column.Not.Not.Equal(5), "c=eq.5" },
    };

    public static TheoryData<FilterValue, string> EveryValue => new()
    {
        { "text", "text" },
        { "", "" },
        { 'x', "x" },
        { true, "true" },
        { false, "false" },
        { -7, "-7" },
        { long.MinValue, "-9223372036854775808" },
        { decimal.MaxValue, "79228162514264337593543950335" },
        { 0.1, "0.1" },
        { double.NaN, "NaN" },
        { double.NegativeInfinity, "-Infinity" },
        { Guid.Parse("AAAAAAAA-0000-0000-0000-00000000000F"), "aaaaaaaa-0000-0000-0000-00000000000f" },
        { new DateTimeOffset(2024, 2, 29, 13, 14, 15, 120, TimeSpan.FromMinutes(330)), "2024-02-29T13:14:15.12+05:30" },
        { new DateTimeOffset(1, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(19), "0001-01-01T00:00:00.000001+00:00" },
        { new DateTime(2024, 2, 29, 13, 14, 15, DateTimeKind.Unspecified), "2024-02-29T13:14:15" },
        { new DateTime(2024, 2, 29, 13, 14, 15, DateTimeKind.Utc), "2024-02-29T13:14:15Z" },
        { new DateOnly(2024, 2, 29), "2024-02-29" },
    };

    [Theory]
    [MemberData(nameof(EveryOperator))]
    public void Every_operator_is_built_as_the_server_reads_it(RealtimeFilter filter, string text)
    {
        filter.ToString().Should().Be(text);
        RealtimeFilter.Parse(text).Should().Be(filter);
    }

    [Theory]
    [MemberData(nameof(EveryValue))]
    public void Every_value_has_PostgreSQLs_text_form(FilterValue value, string text)
    {
        value.ToString().Should().Be(text);
        Column.Equal(value).Conditions[0].Value.Text.Should().Be(text);
    }

    [Fact]
    public void Filters_combine_in_order_and_say_nothing_twice()
    {
        var both = Column.Equal(1).And(RealtimeFilter.Where("d").Equal(2));

        both.ToString().Should().Be("c=eq.1,d=eq.2");
        both.And(Column.Equal(1)).Should().Be(both);
        both.And(RealtimeFilter.None).Should().Be(both);
        RealtimeFilter.None.And(both).Should().Be(both);
        RealtimeFilter.None.IsEmpty.Should().BeTrue();
        RealtimeFilter.None.ToString().Should().BeEmpty();
        both.IsEmpty.Should().BeFalse();
    }

    [Fact]
    public void Equality_is_by_value()
    {
        var left = RealtimeFilter.Parse("c=eq.\"1\"");
        var right = Column.Equal(1);

        (left == right).Should().BeTrue();
        (left != right).Should().BeFalse();
        left.GetHashCode().Should().Be(right.GetHashCode());
        left.Equals((object)right).Should().BeTrue();
        (left == Column.Equal(2)).Should().BeFalse();
        left.Equals(null).Should().BeFalse();
        (left == null).Should().BeFalse();
    }

    public static TheoryData<Func<RealtimeFilter>, string> Misuse => new()
    {
        { () => RealtimeFilter.Where(" ").Equal(1), "*column name is missing*" },
        { () => RealtimeFilter.Where(" a").Equal(1), "*begins or ends with a blank*" },
        { () => RealtimeFilter.Where("a=b").Equal(1), "*no way to quote '='*" },
        { () => RealtimeFilter.Where("a,b").Equal(1), "*no way to quote ','*" },
        { () => RealtimeFilter.Where("a(b").Equal(1), "*no way to quote a single '('*" },
        { () => Column.Equal(null!), "*IsNull()*" },
        { () => Column.Equal(default), "*default(FilterValue)*" },
        { () => Column.In(Array.Empty<string>()), "*'in' without values never matches*" },
        { () => Column.In(Enumerable.Range(0, 10_001)), "*at most 10000*" },
        { () => Column.In("a", null!), "*IsNull()*" },
        { () => Column.Equal(new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Local)), "*DateTimeOffset*" },
        { () => Column.Is((FilterIs)9), "*FilterIs*" },
        { () => Column.Like("100\\"), "*escape character*" },
        { () => Column.Equal("a\0"), "*U+0000*" },
        { () => Column.Equal("\udc00\ud800"), "*surrogate*" },
    };

    [Theory]
    [MemberData(nameof(Misuse))]
    public void Misuse_throws_an_argument_error_that_says_what_to_do(Func<RealtimeFilter> build, string message) =>
        build.Should().Throw<ArgumentException>().WithMessage(message);

    [Fact]
    public void Null_arguments_throw()
    {
        FluentActions.Invoking(() => RealtimeFilter.Where(null!)).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => Column.In((IEnumerable<string>)null!)).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => RealtimeFilter.None.And(null!)).Should().Throw<ArgumentNullException>();
    }
}
