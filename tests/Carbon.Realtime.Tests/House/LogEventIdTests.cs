using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Tests.House;

public sealed class LogEventIdTests
{
    private static readonly Type[] Fixtures =
    [
        typeof(House.Fixtures.Connection.GoodLog), typeof(House.Fixtures.Connection.TwinLog),
        typeof(House.Fixtures.Channels.BadLog), typeof(House.Fixtures.Attic.AtticLog),
    ];

    private static readonly RoomMap FixtureRooms = new(
        "Carbon.Realtime.Tests.House.Fixtures", new Dictionary<string, string[]>(), new Dictionary<string, string[]>());

    [Fact]
    public void Every_message_has_an_id_of_its_own_in_its_rooms_range() =>
        LogEventIds.Problems(typeof(RealtimeException).Assembly.GetTypes(), RoomMap.House).Should().BeEmpty();

    [Fact]
    public void Ranges_belong_to_rooms_and_do_not_overlap()
    {
        LogEventIds.Ranges.Keys.Should().BeSubsetOf(Rooms.MayUse.Keys).And.Contain("Connection");
        LogEventIds.Ranges.Values.Should().OnlyHaveUniqueItems().And.OnlyContain(first => first > 0 && first % LogEventRanges.Size == 0);
    }

    [Fact]
    public void The_checker_finds_the_messages_and_what_is_wrong_with_them()
    {
        LogEventIds.Messages(Fixtures).Should().HaveCount(6);
        LogEventIds.Problems(Fixtures, FixtureRooms).Should().BeEquivalentTo(
            "BadLog.WithoutId has no event id",
            "BadLog.OutOfRange: 1002 is outside Channels's range from 2000",
            "AtticLog.Homeless: room Attic has no range in LogEventRanges",
            "1001 is used by GoodLog.Opened and TwinLog.OpenedToo");
    }
}
