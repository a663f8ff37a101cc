using System.Text.Json.Serialization;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Tests.Snapshots;

public sealed record Upload
{
    [JsonPropertyName("thumbnailPath")]
    public string? ThumbnailPath { get; set; }
}

public sealed record Pictured
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("modelUpload")]
    public Upload? ModelUpload { get; set; }
}

[JsonSerializable(typeof(Pictured))]
public sealed partial class PicturedJson : JsonSerializerContext;

public sealed class SelectListTests
{
    private static readonly RealtimeTable<string, Pictured> Table =
        RealtimeTable.Define("item", PicturedJson.Default.Pictured, "id", p => p.Id).TenantScoped("companyId");

    [Fact]
    public async Task A_list_given_by_hand_embeds_another_tables_columns()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]"
            : """[{"companyId":"co_1","id":"1","modelUpload":{"thumbnailPath":"a.png"}},{"companyId":"co_1","id":"2","modelUpload":null}]""");
        var pages = await world.ScanAsync(world.Reader(Table, "co_1", "companyId,id,modelUpload(thumbnailPath)"));
        pages[0].Rows.Select(r => r.Value.ModelUpload?.ThumbnailPath).Should().Equal("a.png", null);
        world.Rest.Requests[0].RequestUri!.Query.Should().StartWith("?select=companyId%2Cid%2CmodelUpload%28thumbnailPath%29&companyId=eq.co_1&order=id.asc");
    }

    [Theory]
    [InlineData("*,modelUpload(thumbnailPath)")]
    [InlineData("id, companyId ,modelUpload(a,b(c,\")\"))")]
    [InlineData("\"id\",companyId")]
    [InlineData("\"a,\\\"b\",companyId,id")]
    public void Key_and_tenant_may_stand_anywhere(string select) =>
        SelectList.Checked(select, ["companyId", "id"]).Should().Be(select);

    [Theory]
    [InlineData("id,name", "companyId")]
    [InlineData("companyId,name", "'id'")]
    [InlineData("companyId,key:id", "'id'")] // the row would have it under another name
    [InlineData("companyId,id::text", "'id'")]
    [InlineData("companyId,modelUpload(id)", "'id'")]
    [InlineData("companyId,\"x,id\"", "'id'")]
    [InlineData("companyId,id,modelUpload(a))", "parenthesis")] // PostgREST drops what follows without a word
    [InlineData("companyId,id,modelUpload(a", "parenthesis")]
    [InlineData("companyId,)id(", "parenthesis")]
    [InlineData("companyId,id,", "comma")]
    [InlineData("companyId,,id", "comma")]
    [InlineData("companyId,id,\"a", "quote")]
    [InlineData("", "comma")]
    public void A_list_that_lacks_what_a_read_needs_is_refused_before_anything_is_asked(string select, string named)
    {
        var world = new SnapshotWorld();
        world.Invoking(w => w.Reader(Table, "co_1", select)).Should().Throw<ArgumentException>().WithMessage($"*{named}*");
    }
}
