using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>What the old half of a change may show.</summary>
public sealed class ForeignOldRowTests
{
    [Fact]
    public void A_row_that_another_tenant_handed_over_does_not_show_its_old_self()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        using var emp = new StreamRecorder<TableChange<(string, string), Employee>>(world.Manager.Changes(Shop.Employees));
        world.Join();
        world.Socket.Update(world.Socket.Join(), "salesOrder", """{"id":"a","companyId":"co_1","status":"mine"}""", """{"id":"a","companyId":"co_2","status":"their secret"}""", 1);
        world.Socket.Update(world.Socket.Join(), "employee", """{"id":"a","companyId":"co_1","active":true}""", """{"id":"a","companyId":"co_2"}""", 2);
        world.Run();
        var u = (Updated<string, SalesOrder>)seen.Items[1];
        var e = (Updated<(string, string), Employee>)emp.Items[1];
        (u.HasOldRow, u.OldRow?.CompanyId, u.OldRow?.Status, e.OldKey).Should().Be((false, null, null, ("a", "co_1")));
    }

    [Fact]
    public void A_deleted_row_whose_tenant_cannot_be_judged_shows_its_key_and_nothing_else()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();

        // Without the column's type nobody can compare; the server says that it did.
        world.Socket.Raw(world.Socket.Join(), "salesOrder", "DELETE", "", null, """{"id":"a","companyId":"co_2","status":"their secret"}""");
        world.Socket.Raw(world.Socket.Join(), "salesOrder", "DELETE", "id text, companyId text, status text", null, """{"id":"b","companyId":"co_1","status":"ours"}""");
        world.Run();
        seen.Items.OfType<Deleted<string, SalesOrder>>().Select(d => (d.Key, d.IsVerified, d.HasOldRow)).Should().Equal(("a", true, false), ("b", true, true));
    }

    [Fact]
    public void An_old_raw_row_that_is_not_whole_is_not_told_as_one()
    {
        var world = new World(o => o.TenantColumn = "companyId");
        using var s = new StreamRecorder<TableChange<System.Text.Json.JsonElement, System.Text.Json.JsonElement>>(world.Manager.Changes("job"));
        world.Join();
        world.Socket.Update(world.Socket.Join(), "job", """{"id":"a","companyId":"co_1","no":2}""", """{"no":1,"companyId":"co_2"}""");
        world.Run();
        ((Updated<System.Text.Json.JsonElement, System.Text.Json.JsonElement>)s.Items[1]).HasOldRow.Should().BeFalse();
    }

    [Fact]
    public void An_unverified_delete_shows_its_key_and_nothing_else()
    {
        var world = new World(o => o.TenantColumn = "companyId");
        using var s = new StreamRecorder<TableChange<System.Text.Json.JsonElement, System.Text.Json.JsonElement>>(
            world.Manager.Changes(RealtimeTable.Untyped("job").TenantScoped("companyId"), new ChangeStreamOptions { KeyOnlyDeletes = true }));
        world.Join();
        world.Socket.Delete(world.Socket.Join(), "job", """{"id":"a","no":"their number"}""", 2);
        world.Run();
        var d = (Deleted<System.Text.Json.JsonElement, System.Text.Json.JsonElement>)s.Items[1];
        (d.IsVerified, d.HasOldRow).Should().Be((false, false));
    }
}
