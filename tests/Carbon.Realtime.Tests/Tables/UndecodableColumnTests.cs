using System.Text.Json;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Tables;

/// <summary>Which column a row could not be decoded at, by the path that System.Text.Json tells.</summary>
public sealed class UndecodableColumnTests
{
    [Theory]
    [InlineData("$.title", "$.title")]
    [InlineData("$.title.deep", "$.title")]
    [InlineData("$.title[0]", "$.title")]
    [InlineData("$['title']", "$.title")]
    [InlineData("$['title'].deep", "$.title")]
    [InlineData("$['title'][0]", "$.title")]
    [InlineData("$.titles", null)]
    [InlineData("$.titl", null)]
    [InlineData("$.TITLE", null)]
    [InlineData("$['title", null)]
    [InlineData("$['title's']", null)]
    [InlineData("$['a'].title", null)]
    [InlineData("$.more.title", null)]
    [InlineData("$[0].title", null)]
    [InlineData("$", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void It_is_named_if_the_row_maps_it(string? path, string? column) => Shop.Todos.Definition.ColumnAt(path).Should().Be(column);

    [Fact]
    public void It_is_the_one_that_System_Text_Json_tells()
    {
        foreach (var (row, column) in ((string, string)[])[("""{"id":1,"title":{},"done":true}""", "$.title"), ("""{"id":1,"title":"a","done":[1]}""", "$.done")])
        {
            var decode = () => Shop.Todos.Definition.DecodeRow(System.Text.Encoding.UTF8.GetBytes(row));
            Shop.Todos.Definition.ColumnAt(decode.Should().Throw<JsonException>().Which.Path).Should().Be(column);
        }
    }

    [Fact]
    public void Columns_that_it_is_not_cost_nothing()
    {
        var (definition, path) = (Shop.Todos.Definition, new string("$.nobodysColumn"));
        definition.ColumnAt(path);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            definition.ColumnAt(path);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }
}
