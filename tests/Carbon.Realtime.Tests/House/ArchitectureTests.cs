using Carbon.Realtime.Tests.House.Fixtures.SmallHouse;

namespace Carbon.Realtime.Tests.House;

/// <summary>The rooms of docs/architecture.md, held against the built assembly.</summary>
public sealed class ArchitectureTests
{
    private const string FixtureNamespace = "Carbon.Realtime.Tests.House.Fixtures.SmallHouse";

    private static readonly RoomMap FixtureRooms = new(
        FixtureNamespace,
        new Dictionary<string, string[]> { ["Low"] = [nameof(Listed), "Gone"] },
        new Dictionary<string, string[]> { ["Low"] = [], ["High"] = ["Low"], [Rooms.Root] = [] });

    [Fact]
    public void A_room_uses_only_the_rooms_it_may()
    {
        using var checker = new RoomChecker(typeof(RealtimeException).Assembly, RoomMap.House);

        checker.ForbiddenReferences().Should().BeEmpty();
        checker.ReferenceCount.Should().BePositive();
    }

    [Fact]
    public void Every_type_has_a_room_and_every_row_a_type()
    {
        using var checker = new RoomChecker(typeof(RealtimeException).Assembly, RoomMap.House);

        checker.MisplacedTypes().Should().BeEmpty();
    }

    [Fact]
    public void Every_source_file_lies_in_the_folder_of_its_room()
    {
        using var checker = new RoomChecker(typeof(RealtimeException).Assembly, RoomMap.House);

        checker.MisfiledTypes("/src/Carbon.Realtime/", out var checkedTypes).Should().BeEmpty();
        checkedTypes.Should().BeGreaterThan(5);
    }

    [Fact]
    public void The_table_has_no_cycles()
    {
        // Lowest first: each room uses rooms above its own row only.
        var seen = new HashSet<string>();
        foreach (var (room, used) in Rooms.MayUse)
        {
            used.Should().BeSubsetOf(seen, room);
            seen.Add(room);
        }
    }

    [Fact]
    public void The_checker_sees_every_way_to_use_a_type()
    {
        using var checker = new RoomChecker(typeof(ArchitectureTests).Assembly, FixtureRooms);

        var members = checker.ForbiddenReferences()
            .Where(line => line.StartsWith("Low may not use High:", StringComparison.Ordinal))
            .Select(line => line.Split(": ")[1].Split(" uses ")[0].Split('.')[0].Split('`')[0]);

        members.Distinct().Should().BeEquivalentTo([nameof(Listed), .. Enum.GetNames<Fixtures.SmallHouse.Low.WayToUse>()]);
    }

    [Fact]
    public void The_checker_permits_what_the_table_permits_and_nothing_else()
    {
        using var checker = new RoomChecker(typeof(ArchitectureTests).Assembly, FixtureRooms);

        var lines = checker.ForbiddenReferences();

        lines.Should().NotContain(line => line.StartsWith("High may not use Low", StringComparison.Ordinal));
        lines.Should().Contain($"Root may not use High: Unlisted..ctor uses {FixtureNamespace}.High.Thing");
        lines.Should().Contain(
            $"Low may not use High: Listed.Make uses {FixtureNamespace}.High.Thing", "the table says where a type of the root namespace lives");
    }

    [Fact]
    public void The_checker_sees_missing_and_stale_rows_and_unknown_rooms()
    {
        using var checker = new RoomChecker(typeof(ArchitectureTests).Assembly, FixtureRooms);

        checker.MisplacedTypes()
            .Where(line => line.Contains(FixtureNamespace, StringComparison.Ordinal) || line.StartsWith("Gone", StringComparison.Ordinal))
            .Should().BeEquivalentTo(
                $"{FixtureNamespace}.Unlisted: public and not listed in House/PublicTypes.cs",
                $"{FixtureNamespace}.Attic.Lost: there is no room 'Attic'",
                "Gone: listed in House/PublicTypes.cs, but there is no such type");
    }

    [Fact]
    public void The_checker_sees_a_file_in_the_wrong_folder()
    {
        using var checker = new RoomChecker(typeof(ArchitectureTests).Assembly, FixtureRooms);

        checker.MisfiledTypes("/House/Fixtures/", out _)
            .Should().Contain($"{FixtureNamespace}.Low.WayToUse belongs to Low, but ArchitectureFixtures.cs lies in Root");
    }
}
