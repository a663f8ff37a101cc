using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenarios 01 and 04: the smallest working case, and every kind of change under both replica identities.</summary>
public sealed class CrudReplayTests
{
    [Fact]
    public void The_smallest_case_brings_a_gap_and_the_insert()
    {
        var world = new World(options => options.ProtocolVersion = ProtocolVersion.V1);
        var stream = world.Manager.Changes(Recorded.Todos);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);

        new Replay(world, "01_sanity").Play();

        seen.Items.Told().Should().Equal("gap (Started)", "inserted 9635 (9635 hello False    11:20:02.520749) at 11:20:02.521Z");
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.AssertContract();
    }

    [Fact]
    public void Every_kind_of_change_in_version_1() => Replays_every_kind_of_change(
        "04_crud_v1",
        ProtocolVersion.V1,
        "5004",
        "5005",
        ["10:46:07.954132", "10:46:12.954370", "10:46:19.624533", "10:46:21.542560"],
        ["07.954", "08.816", "09.879", "10.888", "11.946", "19.625", "19.627", "21.542", "21.542", "21.542"],
        ["12.954", "13.964", "15.023", "16.037", "17.049"]);

    [Fact]
    public void Every_kind_of_change_in_version_2() => Replays_every_kind_of_change(
        "04_crud_v2",
        ProtocolVersion.V2,
        "5007",
        "5008",
        ["10:46:23.124640", "10:46:28.318146", "10:46:34.979814", "10:46:36.904328"],
        ["23.124", "24.236", "25.241", "26.248", "27.306", "34.980", "34.984", "36.904", "36.904", "36.904"],
        ["28.318", "29.331", "30.389", "31.398", "32.407"]);

    [Fact]
    public void Untyped_streams_carry_the_servers_own_text()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes("todos_full"));

        new Replay(world, "04_crud_v2") { Topics = ["realtime:crud_todos_full"] }.Play();

        seen.Items.Should().HaveCount(6);
        var inserted = seen.Items[1].Should().BeOfType<Inserted<JsonElement, JsonElement>>().Subject;
        inserted.Key.GetInt64().Should().Be(5008);
        inserted.Row.GetRawText().Should().Be(
            """{"id": 5008, "done": false, "price": 12.50, "title": "a", "user_id": "11111111-1111-1111-1111-111111111111", "priority": 1, "created_at": "2026-11-22T10:46:28.318146+00:00"}""");
        var moved = seen.Items[4].Should().BeOfType<Updated<JsonElement, JsonElement>>().Subject;
        (moved.OldKey.GetRawText(), moved.Key.GetRawText()).Should().Be(("5008", "1005008"));
        moved.OldRow.GetProperty("title").GetString().Should().Be("b");
        seen.Items[5].Should().BeOfType<Deleted<JsonElement, JsonElement>>().Which.OldRow.GetProperty("id").GetRawText().Should().Be("1005008");
        seen.AssertContract();
    }

    private static void Replays_every_kind_of_change(
        string transcript, ProtocolVersion version, string id, string fullId, string[] created, string[] at, string[] fullAt)
    {
        var world = new World(options => options.ProtocolVersion = version);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Recorded.Todos));
        using var seenFull = new StreamRecorder<TableChange<long, Todo>>(
            world.Manager.Changes(Recorded.TodosFull, new ChangeStreamOptions { Group = "full" }));

        new Replay(world, transcript).Play();

        // The key alone is sent of old rows; a truncate and what was rolled back are not sent at all.
        var values = $"False 1111 1 12.50 {created[0]}";
        seen.Items.Told().Should().Equal(
            "gap (Started)",
            $"inserted {id} ({id} a {values}) at 10:46:{at[0]}Z",
            $"updated {id} ({id} b {values}) at 10:46:{at[1]}Z",
            $"updated {id} ({id} b {values}) at 10:46:{at[2]}Z",
            $"updated {id} to 100{id} (100{id} b {values}) at 10:46:{at[3]}Z",
            $"deleted 100{id} at 10:46:{at[4]}Z",
            $"inserted 5 (5 x False    {created[2]}) at 10:46:{at[5]}Z",
            $"updated 5 (5 y False    {created[2]}) at 10:46:{at[6]}Z",
            $"inserted 77 (77 t False    {created[3]}) at 10:46:{at[7]}Z",
            $"updated 77 (77 t2 False    {created[3]}) at 10:46:{at[8]}Z",
            $"deleted 77 at 10:46:{at[9]}Z");

        var fullValues = $"False 1111 1 12.50 {created[1]}";
        seenFull.Items.Told().Should().Equal(
            "gap (Started)",
            $"inserted {fullId} ({fullId} a {fullValues}) at 10:46:{fullAt[0]}Z",
            $"updated {fullId} ({fullId} b {fullValues}) from ({fullId} a {fullValues}) at 10:46:{fullAt[1]}Z",
            $"updated {fullId} ({fullId} b {fullValues}) from ({fullId} b {fullValues}) at 10:46:{fullAt[2]}Z",
            $"updated {fullId} to 100{fullId} (100{fullId} b {fullValues}) from ({fullId} b {fullValues}) at 10:46:{fullAt[3]}Z",
            $"deleted 100{fullId} (100{fullId} b {fullValues}) at 10:46:{fullAt[4]}Z");

        world.Server.Sockets.Should().ContainSingle();
        world.Socket.Frames("phx_join").Should().HaveCount(2);
        Enum.GetValues<FrameDropReason>().Should().OnlyContain(reason => world.Manager.Drops[reason] == 0, "every frame was meant for us");
        seen.AssertContract();
        seenFull.AssertContract();
    }
}
