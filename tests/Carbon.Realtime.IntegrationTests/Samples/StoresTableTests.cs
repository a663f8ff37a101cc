using Carbon.Realtime.Samples.ConsoleWatch;
using Carbon.Realtime.Testing;
using Spectre.Console;
using Supplier = Carbon.Realtime.CoreStores.Supplier;

namespace Carbon.Realtime.IntegrationTests.Samples;

/// <summary>What <c>carbon-watch stores</c> shows of its stores, on a screen and in lines.</summary>
public sealed class StoresTableTests : IDisposable
{
    private readonly FakeCoreStores _core = new();

    [Fact]
    public void The_table_has_a_line_for_each_store_with_its_state_reason_rows_and_last_change()
    {
        var stores = WatchedStores.Of(_core);
        stores.ToList().ForEach(static store => store.Follow(printer: null));
        _core.Suppliers.Set(Acme("sup_1"), Acme("sup_2"));
        _core.Suppliers.Set(Acme("sup_2") with { SupplierStatus = "Inactive" });
        _core.Items.SetStatus(StoreState.Stale, StoreReason.Cache);
        var error = TableChanges.Status(RealtimeState.Faulted, default, RealtimeErrorReason.PermissionDenied, "nobody may read\npeople").Error!;
        _core.People.SetStatus(StoreState.Faulted, StoreReason.Configuration, error);

        var table = Render(stores);

        table.Should().HaveCount(4);
        table["items"].Should().StartWith(["Stale", "Cache", "0"]);
        table["customers"].Should().StartWith(["Live", "", "0"]);
        table["suppliers"].Should().StartWith(["Live", "", "2"]);
        table["suppliers"][^1].Should().EndWith("~ sup_2  S1  Acme  Inactive");
        table["people"].Should().StartWith(["Faulted", "Configuration", "0"]).And.EndWith("nobody may read people");
    }

    [Fact]
    public void Without_a_screen_each_change_and_each_new_state_is_a_line()
    {
        var output = new StringWriter();
        var printer = new Printer(output, useColours: false);
        WatchedStores.Of(_core).ToList().ForEach(store => store.Follow(printer));
        output.GetStringBuilder().Clear();

        _core.Suppliers.Set(Acme("sup_1"));
        _core.Suppliers.Set(Acme("sup_1") with { SupplierStatus = "Inactive\e[31m" });
        _core.Suppliers.Remove("sup_1");
        _core.Suppliers.SetStatus(StoreState.CatchingUp, StoreReason.Epoch);
        _core.Suppliers.SetStatus(StoreState.CatchingUp, StoreReason.Epoch);

        output.ToString().ReplaceLineEndings("\n").TrimEnd().Split('\n').Select(static line => line[10..]).Should().Equal(
            "+       suppliers   sup_1      S1  Acme  Active",
            "~       suppliers   sup_1      S1  Acme  Inactive [31m",
            "-       suppliers   sup_1",
            "status  suppliers   CatchingUp (Epoch), as of 00:00:00Z, 0 rows");
    }

    public void Dispose() => _core.Dispose();

    private static Supplier Acme(string id) => new() { Id = id, ReadableId = "S1", Name = "Acme", SupplierStatus = "Active" };

    /// <summary>The cells of each line, by the store's name.</summary>
    private static Dictionary<string, string[]> Render(IReadOnlyList<IWatchedStore> stores)
    {
        using var output = new StringWriter();
        var screen = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(output) });
        screen.Profile.Width = 200;
        screen.Write(StoresTable.Draw(stores));
        return output.ToString().Split('\n').Where(static line => line.StartsWith('│')).Skip(1)
            .Select(static line => line.Trim().Trim('│').Split('│', StringSplitOptions.TrimEntries))
            .ToDictionary(static cells => cells[0], static cells => cells[1..]);
    }
}
