using System.Reflection;
using Carbon.Realtime.Tests.House;

namespace Carbon.Realtime.IntegrationTests.House;

/// <summary>The emulator's public API; the other packages' are approved in Carbon.Realtime.Tests, which does not reference ASP.NET.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void Public_api_is_the_approved_one() => ApprovedText.Verify(
        "Carbon.Realtime.IntegrationTests",
        "PublicApi.Carbon.Realtime.Emulator.txt",
        PublicApiText.Render(Assembly.Load("Carbon.Realtime.Emulator")));
}
