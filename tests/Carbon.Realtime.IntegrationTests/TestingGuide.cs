using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.IntegrationTests;

/// <summary>The test on a port that docs/testing.md shows, word for word but for the indentation; TestingGuideTests of the other project compares it.</summary>
public sealed class TestingGuide
{
    [Fact]
    public async Task A_program_follows_a_table_through_a_real_socket()
    {
        using var emulator = new RealtimeEmulator();
        CarbonShop.CreateTables(emulator);
        await using var host = await RealtimeEmulatorHost.StartAsync(emulator); // a free port of 127.0.0.1
        await using var realtime = new RealtimeChannelManager(
            new RealtimeOptions { Url = host.Url, ApiKey = emulator.ServiceKey, Tenant = "co_1" });

        var customers = realtime.CoreStores().Customers;
        using var use = customers.Start();
        await customers.WhenLiveAsync();
        emulator.Insert("customer", """{"id":"c_1","companyId":"co_1","name":"Acme"}""");
        await customers.VerifyRowAsync("c_1"); // not a wait for time: what was committed before is shown

        customers.Current["c_1"].Name.Should().Be("Acme");
    }
}
