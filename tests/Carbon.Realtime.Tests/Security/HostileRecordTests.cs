using System.Text.Json;
using System.Text.Json.Serialization;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Changes;
using Carbon.Realtime.Tests.Hostile;
using Carbon.Realtime.Tests.Stores;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Security;

/// <summary>A server that sends rows it should not, and dresses them up: what is judged is what is shown.</summary>
public sealed class HostileRecordTests
{
    private const string Columns = "id text, companyId text, status text";

    public static TheoryData<string, string> Dressings() => new()
    {
        // What it says of the tenant, and what a stream of co_1 gets.
        { "\"companyId\":\"co_1\"", "inserted x" },
        { "\"compan\\u0079Id\":\"co\\u005f1\"", "inserted x" },
        { "\"companyId\":\"co_1\",\"companyid\":\"co_2\"", "inserted x" },
        { "\"COMPANYID\":\"co_2\",\"companyId\":\"co_1\"", "inserted x" },
        { "\"companyId\":\"co_2\"", "" },
        { "\"companyId\":\"CO_1\"", "" },
        { "\"companyId\":\"co_1 \"", "" },
        { "\"companyId\":\"co_1\\u0000\"", "" },
        { "\"companyId\":\"co_1\\u200b\"", "" },
        { "\"companyId\":\"ｃｏ＿１\"", "" },
        { "\"companyId\":\"\"", "" },
        { "\"companyId\":null", "" },
        { "\"companyId\":1", "gap (Partial)" },
        { "\"companyId\":true", "gap (Partial)" },
        { "\"companyId\":[\"co_1\"]", "gap (Partial)" },
        { "\"companyId\":{\"companyId\":\"co_1\"}", "gap (Partial)" },
        { "\"companyid\":\"co_1\"", "gap (Partial)" },
        { "\"more\":{\"companyId\":\"co_1\"}", "gap (Partial)" },
        { "\"companyId\":\"co_1\",\"companyId\":\"co_2\"", "gap (Undecodable)" },
        { "\"companyId\":\"co_2\",\"companyId\":\"co_1\"", "gap (Undecodable)" },
        { "\"companyId\":\"co_1\",\"compan\\u0079Id\":\"co_2\"", "gap (Undecodable)" },
        { "\"\\u0063ompanyId\":\"co_1\",\"compan\\u0079Id\":\"co_2\"", "gap (Undecodable)" },
    };

    [Theory]
    [MemberData(nameof(Dressings))]
    public void A_stream_shows_no_row_but_its_tenants_however_it_is_dressed(string tenant, string told)
    {
        var target = new Target().Live();
        using var raw = new StreamRecorder<TableChange<JsonElement, JsonElement>>(
            target.World.Manager.Changes(RealtimeTable.Untyped("salesOrder").TenantScoped("companyId")));
        target.World.Join();
        foreach (var status in (string[])["{0},\"status\":\"s\"", "\"status\":\"s\",{0}"])
        {
            target.Seen.Clear();
            raw.Clear();
            foreach (var join in target.Socket.Frames("phx_join"))
            {
                target.Socket.Raw(join, "salesOrder", "INSERT", Columns, $$"""{"id":"x",{{string.Format(null, status, tenant)}}}""");
            }

            target.World.Run();
            target.Seen.Items.Select(Fold).Should().BeEquivalentTo(told.Length == 0 ? [] : new[] { told });
            Rows(target.Seen).Where(static row => row.CompanyId != "co_1").Should().BeEmpty();
            raw.Items.OfType<Inserted<JsonElement, JsonElement>>().Where(static change => change.Row.GetProperty("companyId").GetString() != "co_1").Should().BeEmpty();
            target.Seen.OnNext(new Gap<string, SalesOrder>(GapReason.Started));
        }

        static string Fold(TableChange<string, SalesOrder> change) => change.ToString()!;
    }

    [Theory]
    [MemberData(nameof(Dressings))]
    public void A_store_shows_no_row_but_its_tenants_however_it_is_dressed(string tenant, string told)
    {
        var world = new StoreWorld().Write("mine", "new").Live();
        world.Socket.Raw(world.Join, "salesOrder", "INSERT", Columns, $$"""{"id":"x",{{tenant}},"status":"s"}""");
        world.World.Run();
        world.Shown.Should().Be(told == "inserted x" ? "mine=new x=s" : "mine=new");
        world.Store.Current.Rows.Should().OnlyContain(static row => row.CompanyId == "co_1");

        world.Quiet().Reconcile();
        world.Shown.Should().Be("mine=new", "the database has no such row");
    }

    [Theory]
    [InlineData("\"companyId\":\"co_1\",\"companyid\":\"co_2\"")]
    [InlineData("\"companyId\":\"co_1\",\"CompanyId\":\"co_2\"")]
    [InlineData("\"COMPANYID\":\"co_2\",\"companyId\":\"co_1\"")]
    public void A_row_is_made_of_the_columns_that_were_judged_and_of_none_in_another_case(string tenant)
    {
        var table = RealtimeTable.Define("salesOrder", WebJson.Default.SalesOrder, "id", static o => o.Id).TenantScoped("companyId");
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(table));
        world.Join();
        world.Socket.Raw(world.Socket.Join(), "salesOrder", "INSERT", Columns, $$"""{"id":"x",{{tenant}},"status":"s"}""");
        world.Run();
        Rows(seen).Should().ContainSingle().Which.CompanyId.Should().Be("co_1");
    }

    [Fact]
    public void A_row_type_that_takes_names_in_any_case_is_refused()
    {
        // Beneath the generated options, too: that the row's own names are exact does not make those inside its columns so.
        var row = new WebJson(new JsonSerializerOptions(JsonSerializerDefaults.Web)).SalesOrder;
        foreach (var define in (Func<object>[])
        [
            () => RealtimeTable.Define("salesOrder", row, "id", static o => o.Id),
            () => RealtimeTable.Define("salesOrder", row, "id", "companyId", static o => (o.Id, o.CompanyId)),
            () => RealtimeTable.Define("salesOrder", row, "id", "companyId", "status", static o => (o.Id, o.CompanyId, o.Status)),
        ])
        {
            define.Should().Throw<ArgumentException>().WithParameterName("row").WithMessage("Table salesOrder: *SalesOrder takes property names in any case*PropertyNameCaseInsensitive = false*");
        }
    }

    [Theory]
    [InlineData("\"schema\":\"public\"", "\"schema\":\"private\"")]
    [InlineData("\"schema\":\"public\"", "\"schema\":\"PUBLIC\"")]
    [InlineData("\"table\":\"salesOrder\"", "\"table\":\"salesorder\"")]
    [InlineData("\"table\":\"salesOrder\"", "\"table\":\"salesOrderLine\"")]
    [InlineData("\"table\":\"salesOrder\"", "\"table\":\"salesOrder\",\"table\":\"employee\"")]
    [InlineData("\"ids\":[1]", "\"ids\":[2]")]
    [InlineData("\"ids\":[1]", "\"ids\":[1],\"ids\":[9223372036854775807]")]
    public void A_row_of_another_table_schema_or_binding_is_nobodys(string said, string instead)
    {
        var target = new Target().Live();
        target.Deliver($$$"""[null,null,"{{{target.Join.Topic}}}","postgres_changes",{"ids":[1],"data":{"table":"salesOrder","type":"INSERT","record":{"id":"x","companyId":"co_1","status":"s"},"columns":[],"errors":null,"schema":"public","commit_timestamp":null}}]"""
            .Replace(said, instead, StringComparison.Ordinal));
        target.Seen.Items.Should().ContainSingle();
        target.AssertUnharmed(instead);
    }

    [Theory]
    [InlineData("record")]
    [InlineData("old_record")]
    [InlineData("columns")]
    [InlineData("errors")]
    [InlineData("commit_timestamp")]
    [InlineData("unknown")]
    public void Ten_thousand_levels_anywhere_in_a_change_are_a_gap_and_cost_no_stack(string place)
    {
        foreach (var (open, close) in (IEnumerable<(string, string)>)[("[", "]"), ("{\"a\":", "}")])
        {
            var deep = string.Concat(Enumerable.Repeat(open, 10_000)) + "1" + string.Concat(Enumerable.Repeat(close, 10_000));
            var value = place is "record" or "old_record" ? $$"""{"id":"x","companyId":"co_1","status":{{deep}}}""" : deep;
            var target = new Target().Live();
            target.Deliver($$$"""[null,null,"{{{target.Join.Topic}}}","postgres_changes",{"ids":[1],"data":{"{{{place}}}":{{{value}}},"table":"salesOrder","type":"INSERT","schema":"public"}}]""");
            target.Seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "gap (Undecodable)");
            target.AssertUnharmed(place);
        }
    }

    [Fact]
    public void A_record_of_more_columns_than_a_table_can_have_is_no_record_and_is_not_compared_to_its_end()
    {
        var target = new Target().Live();
        Tell(1600);
        target.Seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "inserted x");
        Tell(1601);
        Tell(60_000);
        target.Seen.Items.Skip(2).Select(static change => change.ToString()).Should().Equal("gap (Undecodable)", "gap (Undecodable)");
        target.AssertUnharmed("many columns");

        // Escaped names are compared with all before them.
        void Tell(int columns) => target.Deliver(
            $$$"""[null,null,"{{{target.Join.Topic}}}","postgres_changes",{"ids":[1],"data":{"record":{"id":"x","companyId":"co_1","status":"s",{{{string.Join(',', Enumerable.Range(0, columns - 3).Select(static i => $"\"\\u0063{i}\":1"))}}}},"columns":[],"errors":null,"commit_timestamp":null,"table":"salesOrder","type":"INSERT","schema":"public"}}]""");
    }

    private static List<SalesOrder> Rows(StreamRecorder<TableChange<string, SalesOrder>> seen) =>
        [.. seen.Items.OfType<Inserted<string, SalesOrder>>().Select(static change => change.Row)];
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNameCaseInsensitive = false)]
[JsonSerializable(typeof(SalesOrder))]
public sealed partial class WebJson : JsonSerializerContext;
