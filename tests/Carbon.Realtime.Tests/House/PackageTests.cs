using System.Xml.Linq;

namespace Carbon.Realtime.Tests.House;

/// <summary>What the packages bring along is chosen here, and of one version: a dependency more is a decision.</summary>
public sealed class PackageTests
{
    private static readonly Dictionary<string, string[]> Dependencies = new()
    {
        ["Carbon.Realtime"] =
        [
            "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Diagnostics.HealthChecks", "Microsoft.Extensions.Hosting.Abstractions", "Microsoft.Extensions.Http",
            "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Options", "Microsoft.Extensions.Options.ConfigurationExtensions", "Microsoft.Extensions.Primitives", "System.Reactive",
        ],
        ["Carbon.Realtime.Sqlite"] = ["Microsoft.Data.Sqlite", "SQLitePCLRaw.bundle_e_sqlite3", "SQLitePCLRaw.core", "System.IO.Hashing"],
        ["Carbon.Realtime.Testing"] = [],
        ["Carbon.Realtime.Emulator"] = ["Npgsql"],
        ["Carbon.Realtime.Tool"] = ["System.CommandLine"],
    };

    private static string Root => ApprovedText.RepositoryRoot();

    [Fact]
    public void Each_package_depends_on_these_and_no_others() =>
        Projects("src").Should().BeEquivalentTo(Dependencies.Select(static d => new { Name = d.Key, Packages = d.Value }));

    [Fact]
    public void Every_version_is_pinned_in_one_place()
    {
        var pins = XDocument.Load(Path.Combine(Root, "Directory.Packages.props"));
        pins.Descendants("ManagePackageVersionsCentrally").Concat(pins.Descendants("CentralPackageTransitivePinningEnabled")).Select(static e => e.Value).Should().Equal("true", "true");
        pins.Descendants("PackageVersion").Select(static e => e.Attribute("Version")!.Value).Should().NotBeEmpty().And.AllSatisfy(static v => Version.Parse(v).Should().NotBeNull("a range or a star is another version tomorrow"));

        ProjectFiles("src").Concat(ProjectFiles("tests")).SelectMany(static path => XDocument.Load(path).Descendants("PackageReference"))
            .Where(static e => e.Attribute("Version") is not null || e.Attribute("VersionOverride") is not null).Should().BeEmpty();
    }

    [Fact]
    public void What_is_referenced_by_programs_can_be_trimmed()
    {
        XDocument.Load(Path.Combine(Root, "src", "Directory.Build.props")).Descendants().Where(static e => e.Name.LocalName is "IsTrimmable" or "IsAotCompatible").Select(static e => e.Value)
            .Should().Equal("true", "true");
        ProjectFiles("src").Where(static path => XDocument.Load(path).Descendants().Any(static e => e.Name.LocalName is "IsTrimmable" or "IsAotCompatible")).Select(Path.GetFileNameWithoutExtension)
            .Should().BeEquivalentTo(["Carbon.Realtime.Emulator", "Carbon.Realtime.Tool"], "they run where nothing is trimmed");
    }

    private static string[] ProjectFiles(string folder) => Directory.GetFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories);

    private static IEnumerable<object> Projects(string folder) => ProjectFiles(folder).Select(static path => new
    {
        Name = Path.GetFileNameWithoutExtension(path),
        Packages = XDocument.Load(path).Descendants("PackageReference").Select(static e => e.Attribute("Include")!.Value).ToArray(),
    });
}
