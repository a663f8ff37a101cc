namespace Carbon.Realtime.Tests.Filters;

public sealed class FilterPostgrestTests
{
    [Theory]
    [InlineData("name=eq.\"Bo,b\"", "name", "eq.Bo,b")] // a scalar is never quoted there
    [InlineData("name=eq.\"\\\"a\\\"\"", "name", "eq.\"a\"")]
    [InlineData("name=eq.", "name", "eq.")]
    [InlineData("n=not.in.(5,6)", "n", "not.in.(\"5\",\"6\")")]
    [InlineData("name=in.(\"a)b\",\"q\\\"\\\\\",Al ice)", "name", "in.(\"a)b\",\"q\\\"\\\\\",\"Al ice\")")]
    [InlineData("name=in.(\"\",a)", "name", "in.(\"\",\"a\")")]
    [InlineData("name=in.(\"\")", "name", "eq.")] // in.("") is the empty list there
    [InlineData("name=not.in.(\"\")", "name", "not.eq.")]
    [InlineData("name=like.B%", "name", "like.B%")]
    [InlineData("name=like.a*b.%", "name", "match.^a\\*b\\..*$")]
    [InlineData("name=not.ilike.*_\\%\\_", "name", "not.imatch.^\\*.\\%_$")]
    [InlineData("b=is.null", "b", "is.null")]
    [InlineData("n=not.isdistinct.5", "n", "not.isdistinct.5")]
    [InlineData("companyId=eq.co_1", "companyId", "eq.co_1")]
    [InlineData("order=eq.1", "\"order\"", "eq.1")]
    [InlineData("Weird Col=eq.x", "\"Weird Col\"", "eq.x")]
    [InlineData("a.b=eq.x", "\"a.b\"", "eq.x")]
    [InlineData("a->b=eq.x", "\"a->b\"", "eq.x")]
    [InlineData("a\"b\\=eq.x", "\"a\\\"b\\\\\"", "eq.x")]
    public void A_condition_is_one_query_parameter(string filter, string name, string value) =>
        RealtimeFilter.Parse(filter).ToPostgrest().AsEnumerable().Should().BeEquivalentTo([KeyValuePair.Create(name, value)]);

    [Fact]
    public void Conditions_keep_their_order_and_a_column_may_repeat()
    {
        RealtimeFilter.Parse("n=gt.1,n=lt.7,b=is.true").ToPostgrest().Select(pair => $"{pair.Key}={pair.Value}")
            .Should().Equal("n=gt.1", "n=lt.7", "b=is.true");
        RealtimeFilter.None.ToPostgrest().IsEmpty.Should().BeTrue();
    }
}
