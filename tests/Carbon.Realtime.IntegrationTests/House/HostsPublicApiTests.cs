using System.Reflection;
using Carbon.Realtime.Tests.House;

namespace Carbon.Realtime.IntegrationTests.House;

/// <summary>The public API of the packages that bring a web server or a database; the others' are approved in Carbon.Realtime.Tests, which references neither.</summary>
public sealed class HostsPublicApiTests
{
    [Theory]
    [InlineData("Carbon.Realtime.Emulator")]
    [InlineData("Carbon.Realtime.Sqlite")]
    public void Public_api_is_the_approved_one(string assembly) => ApprovedText.Verify(
        "Carbon.Realtime.IntegrationTests", $"PublicApi.{assembly}.txt", PublicApiText.Render(Assembly.Load(assembly)));
}
