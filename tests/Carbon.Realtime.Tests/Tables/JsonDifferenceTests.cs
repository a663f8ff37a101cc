using System.Text;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime.Tests.Tables;

public sealed class JsonDifferenceTests
{
    [Theory]
    [InlineData("""{"id":1,"a":"x"}""", """{"a": "x", "id": 1}""", RowDifference.None, "order and blanks")]
    [InlineData("""{"a":1.50}""", """{"a":1.5}""", RowDifference.None, "scale")]
    [InlineData("""{"a":1e21}""", """{"a":1e+21}""", RowDifference.None, "exponent")]
    [InlineData("""{"a":9007199254740993}""", """{"a":9007199254740992}""", RowDifference.Content, "what a double would call equal")]
    [InlineData("""{"a":"\u00e9"}""", """{"a":"é"}""", RowDifference.None, "escapes")]
    [InlineData("""{"a":{"x":1,"y":[1,{"z":null}]}}""", """{"a":{"y":[1.0,{"z":null}],"x":1}}""", RowDifference.None, "jsonb, at any depth")]
    [InlineData("""{"a":{"x":1}}""", """{"a":{"x":2,"x":1}}""", RowDifference.None, "json with a repeated name, which comes as jsonb")]
    [InlineData("""{"a":{"x":1}}""", """{"a":{"x":1,"y":1}}""", RowDifference.Content, "a name more in a value")]
    [InlineData("""{"a":{"x":1,"y":1}}""", """{"a":{"x":1}}""", RowDifference.Content, "a name less in a value")]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""", RowDifference.Content, "the order of an array")]
    [InlineData("""{"a":[1,2]}""", """{"a":[1]}""", RowDifference.Content, "the length of an array")]
    [InlineData("""{"a":true}""", """{"a":false}""", RowDifference.Content, "booleans")]
    [InlineData("""{"a":null}""", """{"a":0}""", RowDifference.Content, "null")]
    [InlineData("""{"a":"1"}""", """{"a":1}""", RowDifference.Content, "a text and a number")]
    [InlineData("""{"a":"deadbeef"}""", """{"a":"\\xdeadbeef"}""", RowDifference.Spelling, "bytea")]
    [InlineData("""{"a":"\\x5c7864656164"}""", """{"a":"\\xdead"}""", RowDifference.Spelling, "bytea, by an old server")]
    [InlineData("""{"a":"deadbeef"}""", """{"a":"\\xdeadbee0"}""", RowDifference.Content, "other bytes")]
    [InlineData("""{"a":"\\xdeadbeef"}""", """{"a":"deadbeef"}""", RowDifference.Content, "a read never lacks the prefix")]
    [InlineData("""{"a":null}""", """{"a":"NaN"}""", RowDifference.Spelling, "NaN")]
    [InlineData("""{"a":[null]}""", """{"a":["-Infinity"]}""", RowDifference.Spelling, "an infinity in an array")]
    [InlineData("""{"a":"NaN"}""", """{"a":null}""", RowDifference.Content, "a read says NaN")]
    [InlineData("""{"a":"2024-01-02T01:04:05.12+00:00"}""", """{"a":"2024-01-02T02:04:05.120+01:00"}""", RowDifference.Spelling, "the zone of another session")]
    [InlineData("""{"a":"2024-01-02T01:04:05+00:00"}""", """{"a":"2024-01-02T01:04:05+01:00"}""", RowDifference.Content, "another instant")]
    [InlineData("""{"a":"2024-01-02 01:04:05"}""", """{"a":"2024-01-02T01:04:05"}""", RowDifference.Spelling, "a blank before the time")]
    [InlineData("""{"a":"2024-01-02"}""", """{"a":"2024-01-03"}""", RowDifference.Content, "dates")]
    [InlineData("""{"a":"x","b":null}""", """{"a":"y","b":"NaN"}""", RowDifference.Content, "the greater difference counts")]
    [InlineData("""{"a":1}""", """{"a":1,"b":null}""", RowDifference.Spelling, "a column that was added")]
    [InlineData("""{"a":1,"b":2}""", """{"a":1}""", RowDifference.Spelling, "a column that was dropped")]
    [InlineData("""{"a":1e2233775808}""", """{"a": 1e2233775808}""", RowDifference.None, "an exponent greater than any number's")]
    [InlineData("""{"a":"\ud800"}""", """{"a": "\ud800"}""", RowDifference.None, "half a surrogate pair, which a json column may hold")]
    [InlineData("""{"a":"\ud800"}""", """{"a":"\udc00"}""", RowDifference.Content, "another half")]
    [InlineData("""{"\ud800":1,"a":null}""", """{"a":"\udc00", "\ud800":1}""", RowDifference.Content, "a name of half a pair, and null for such a text")]
    public void Rows_are_compared_by_what_they_say(string held, string read, object difference, string what) =>
        JsonDifference.Between(Encoding.UTF8.GetBytes(held), Encoding.UTF8.GetBytes(read)).Should().Be((RowDifference)difference, what);
}
