using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tests.Filters;

public sealed class FilterParsingTests
{
    [Theory]
    [InlineData("n=eq.5", "n=eq.5")]
    [InlineData(" n=eq.5 ", "n=eq.5")] // transcript 06: " n=eq.1 " matches
    [InlineData("n=gt.1, n=lt.7", "n=gt.1,n=lt.7")]
    [InlineData("n=not.in.(5,6)", "n=not.in.(5,6)")]
    [InlineData("name=in.( Bob , Al ice )", "name=in.(Bob,Al ice)")]
    [InlineData("name=in.(\"Bob\",\"Al ice\")", "name=in.(Bob,Al ice)")]
    [InlineData("name=in.(a,a,b)", "name=in.(a,b)")]
    [InlineData("name=eq.\"Bo,b\"", "name=eq.\"Bo,b\"")]
    [InlineData("name=eq.\"Bob\"", "name=eq.Bob")]
    [InlineData("name=eq.", "name=eq.\"\"")]
    [InlineData("name=eq. x", "name=eq.\" x\"")]
    [InlineData("name=eq.a=b.c", "name=eq.a=b.c")]
    [InlineData("name=eq.f(x,y)", "name=eq.\"f(x,y)\"")]
    [InlineData("name=eq.say \"hi\"", "name=eq.\"say \\\"hi\\\"\"")]
    [InlineData("name=eq.5\" pipe,n=eq.1", "name=eq.\"5\\\" pipe\",n=eq.1")]
    [InlineData("name=eq.C:\\dir", "name=eq.\"C:\\\\dir\"")]
    [InlineData("name=in.(\"NULL\",\"\",\"{}\",\"a\\\"b\\\\\")", "name=in.(\"NULL\",\"\",\"{}\",\"a\\\"b\\\\\")")]
    [InlineData("name=in.(\\null,a\\,b)", "name=in.(\"null\",\"a,b\")")]
    [InlineData("name=match.^(a|b)$", "name=match.\"^(a|b)$\"")]
    [InlineData("name=match.(a|b)", "name=match.\"(a|b)\"")]
    [InlineData("name=match.\\(", "name=match.\"\\\\(\"")]
    [InlineData("name=like.B*%", "name=like.B*%")]
    [InlineData("name=eq.not.null", "name=eq.not.null")]
    [InlineData("name=eq.\"null\"", "name=eq.\"null\"")]
    [InlineData("name=like.null", "name=like.null")]
    [InlineData("Weird Col=eq.x", "Weird Col=eq.x")]
    [InlineData("weight (kg)=gt.5", "weight (kg)=gt.5")]
    [InlineData("b=is.\"true\"", "b=is.true")]
    [InlineData("m=eq.{a}", "m=eq.{a}")]
    [InlineData("n=eq.1,n=eq.1", "n=eq.1")]
    [InlineData("ts=gt.2020-01-01T00:00:00Z", "ts=gt.2020-01-01T00:00:00Z")]
    public void A_filter_renders_canonically(string text, string canonical)
    {
        var filter = RealtimeFilter.Parse(text);

        filter.ToString().Should().Be(canonical);
        RealtimeFilter.Parse(canonical).Should().Be(filter);
    }

    [Theory]
    [InlineData("", "*blank*RealtimeFilter.None*")]
    [InlineData(" \t\n", "*blank*")]
    [InlineData("n", "*'n' has no '='*status=eq.released*")]
    [InlineData("undefined", "*has no '='*")]
    [InlineData("n=5", "*there is no operator '5'*n=eq.5*")]
    [InlineData("n=1.5", "*there is no operator '1'*n=eq.1.5*")]
    [InlineData("n=foo.1", "*there is no operator 'foo'*eq, neq, lt, lte*")]
    [InlineData("status=equals.released", "*position 7: there is no operator 'equals'*, as in status=eq.released.")]
    [InlineData("a=eq.1,  status=equals.released", "*position 16: *, as in status=eq.released.")]
    [InlineData("status=not.equals.released", "*position 11: *, as in status=not.eq.released.")]
    [InlineData("status=not_equals.released", "*as in status=neq.released.")]
    [InlineData("total=greater_than.5", "*as in total=gt.5.")]
    [InlineData("status='released'", "*position 7: *as in status=eq.released.")]
    [InlineData("status=equals.'released'", "*as in status=eq.released.")]
    [InlineData("status='it's'", "*as in status=eq.'it's'.")]
    [InlineData("status == released", "*position 8: *write status=eq.released.")]
    [InlineData("status=='released'", "*write status=eq.released.")]
    [InlineData("status != released", "*write status=neq.released.")]
    [InlineData("status <> released", "*has no '='*")]
    [InlineData("total >= 5", "*write total=gte.5.")]
    [InlineData("total<=5", "*write total=lte.5.")]
    [InlineData("name=john.smith", "*as in name=eq.smith, or name=eq.john.smith if all of it is the value.")]
    [InlineData("tags=contains.a", "*no operator 'contains'*tags=like.%a%*arrays*")]
    [InlineData("tags=cs.{a}", "*position 5: *'cs' is PostgREST's*looks into arrays*in your own code.")]
    [InlineData("n=eq(any).{1,2}", "*position 2: *n=in.(a,b).")]
    [InlineData("n=EQ.1", "*lower case*'eq' instead of 'EQ'*")]
    [InlineData("n=not.not.eq.1", "*'not.' can be given once*")]
    [InlineData("tags=cs.{a}", "*'cs' is PostgREST's*")]
    [InlineData("n=eq(any).{1,2}", "*PostgREST's*")]
    [InlineData("n=eq", "*'eq' has no value*n=eq.value*")]
    [InlineData("=eq.1", "*column name is missing*")]
    [InlineData("n =eq.1", "*begins or ends with a blank*")]
    [InlineData("tags=eq.{a,b}", "*position 11*'b}' has no '='*double quotes*")] // transcript 06: badcomma
    [InlineData("a=eq.1,,b=eq.2", "*position 7*extra comma*")]
    [InlineData("a=eq.1,", "*extra comma*")]
    [InlineData("n=in.1,2", "*'in' go in parentheses*n=in.(a,b)*")] // transcript 10: err8
    [InlineData("n=in.()", "*'in' without values never matches*")]
    [InlineData("n=in.( )", "*'in' without values never matches*")]
    [InlineData("n=in.(1,,2)", "*a value of 'in' is empty*")]
    [InlineData("n=in.(1,NULL)", "*NULL among the values*is.null*")]
    [InlineData("n=eq.null", "*never matches*is.null or not.is.null instead of eq.null, or eq.\"null\" if the text is meant*")]
    [InlineData("n=not.eq.NULL", "*never matches*is.null*")]
    [InlineData("n=isdistinct.null", "*is.null*")]
    [InlineData("n=in.({1})", "*'{' cannot stand in a bare value*")]
    [InlineData("n=in.(a\"b)", "*'\"' cannot stand in a bare value*")]
    [InlineData("n=in.(\"a\"b)", "*only a comma can follow a quoted value*")]
    [InlineData("n=in.(a\\)", "*ends with a bare backslash*")]
    [InlineData("n=in.(\"a)", "*never closed*")]
    [InlineData("companyId=eq.(abc)", "*parentheses belong to 'in' only: write eq.abc, or eq.\"(abc)\"*")] // Carbon's own code
    [InlineData("b=is.TRUE", "*exactly null, true, false or unknown, in lower case, not 'TRUE'*")]
    [InlineData("b=is.not_null", "*'is' takes exactly*")]
    [InlineData("name=eq.\"abc", "*never closed*")]
    [InlineData("name=eq.\"a\"b", "*text follows the closing quote*")]
    [InlineData("name=eq.(a,n=eq.1", "*comma at position 10*parenthesis that is never closed*")]
    [InlineData("name=eq.x.\"a,n=eq.1", "*comma at position 12*quote that is never closed*")]
    [InlineData("or=(a.eq.1,b.eq.2)", "*'or=(...)' is PostgREST's*")]
    [InlineData("not.and=(a.eq.1,b.eq.2)", "*'not.and=(...)' is PostgREST's*")]
    [InlineData("name=like.100\\", "*ends with its escape character*")]
    [InlineData("name=ilike.\"a\\\\\"", "*ends with its escape character*")]
    [InlineData("a(b=eq.1", "*cannot be filtered*")]
    [InlineData("name=eq.a\0b", "*U+0000*")]
    public void What_the_server_would_refuse_or_misread_says_what_to_write_instead(string text, string message)
    {
        var parse = () => RealtimeFilter.Parse(text);

        parse.Should().Throw<FormatException>().WithMessage(message);
        RealtimeFilter.TryParse(text, out var filter, out var error).Should().BeFalse();
        filter.Should().BeNull();
        error.Should().Match(message);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused()
    {
        RealtimeFilter.TryParse("name=eq.\ud83d", out _, out var error).Should().BeFalse();

        error.Should().Contain("surrogate");
    }

    [Fact]
    public void Null_is_misuse_for_Parse_and_an_error_for_TryParse()
    {
        var parse = () => RealtimeFilter.Parse(null!);

        parse.Should().Throw<ArgumentNullException>();
        RealtimeFilter.TryParse(null, out _, out var error).Should().BeFalse();
        error.Should().Contain("blank");
    }

    [Fact]
    public void The_server_takes_a_hundred_values_of_in_and_more_are_the_clients_to_judge()
    {
        var hundred = string.Join(',', Enumerable.Range(0, 100));

        RealtimeFilter.Parse($"n=in.({hundred})").Conditions[0].IsTooLongToSend.Should().BeFalse();
        RealtimeFilter.Parse($"n=in.({hundred},99)").Conditions[0].Values.Should().HaveCount(100, "a repeated value changes nothing");
        RealtimeFilter.Parse($"n=in.({hundred},100)").Conditions[0].IsTooLongToSend.Should().BeTrue();
        RealtimeFilter.TryParse($"n=in.({string.Join(',', Enumerable.Range(0, 10_001))})", out _, out var error).Should().BeFalse();
        error.Should().Contain("at most 10000").And.Contain("10001");
    }

    [Fact]
    public void Conditions_keep_their_parts()
    {
        var condition = RealtimeFilter.Parse("Weird Col=not.in.(\"a,b\",c)").Conditions.Should().ContainSingle().Subject;

        condition.Column.Should().Be("Weird Col");
        condition.ColumnUtf8.SequenceEqual("Weird Col"u8).Should().BeTrue();
        condition.Negated.Should().BeTrue();
        condition.Operator.Should().Be(FilterOperator.In);
        condition.Values.Select(value => value.Text).Should().Equal("a,b", "c");
    }
}
