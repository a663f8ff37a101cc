using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Columns that are added to a table and dropped from it while clients follow it.</summary>
public sealed class ColumnChangeTests
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";

    private readonly EmulatorWorld _world = new();

    public ColumnChangeTests()
    {
        Emulator.CreateTable("item", static t => t.Column("id", "int4").Column("a", "text").Column("b", "text").PrimaryKey("id").ReplicaIdentityFull());
        Emulator.Insert("item", """{"id":1,"a":"x","b":"y"}""");
    }

    private RealtimeEmulator Emulator => _world.Emulator;

    [Fact]
    public void An_added_column_is_in_the_rows_at_once_and_in_the_changes_from_the_next_write_on()
    {
        var (_, peer) = _world.Join(Item);
        Emulator.Insert("item", """{"id":2}""");
        Emulator.AddColumn("item", "n", "int4", "identity(7)");
        Emulator.AddColumn("item", "note", "text");
        Emulator.Update("item", 1, """{"note":"new"}""");

        Emulator.Rows("item").Select(static r => r.Text("n")).Should().Equal("7", "8");
        _world.World.RunUntilIdle();
        var data = peer.Take().Select(static f => JsonNode.Parse(f)![4]!["data"]!).ToArray();
        data.Should().HaveCount(2, "joined channels are told nothing");
        Columns(data[0]).Should().Be("id a b", "what was logged before has what there was");
        Columns(data[1]).Should().Be("id a b n note");
        data[1]["record"]!.ToJsonString().Should().Be("""{"a":"x","b":"y","n":7,"id":1,"note":"new"}""");
        data[1]["old_record"]!.ToJsonString().Should().Be("""{"a":"x","b":"y","n":7,"id":1,"note":null}""");
    }

    [Fact]
    public void A_dropped_column_is_in_no_change_any_more_and_a_filter_on_it_matches_nothing()
    {
        var (_, all) = _world.Join(Item);
        var (_, filtered) = _world.Join("""{"event":"*","schema":"public","table":"item","filter":"a=eq.x"}""");
        Emulator.Update("item", 1, """{"b":"z"}""");
        Emulator.DropColumn("item", "a");
        Emulator.Update("item", 1, """{"b":"w"}""");

        _world.Changes(all).Should().Equal("""UPDATE item {"b":"z","id":1} {"b":"y","id":1}""", """UPDATE item {"b":"w","id":1} {"b":"z","id":1}""");
        _world.Changes(filtered).Should().BeEmpty();
        Emulator.LastFault.Should().BeNull();
        Emulator.Rows("item").Single().ToString().Should().Be("""{"b": "w", "id": 1}""");
        FluentActions.Invoking(() => Emulator.Update("item", 1, """{"a":"x"}""")).Should().Throw<ArgumentException>();

        var (connection, peer) = _world.Open();
        connection.Receive(EmulatorWorld.JoinFrame("""{"event":"*","schema":"public","table":"item","filter":"a=eq.x"}"""));
        _world.World.RunUntilIdle();
        peer.Take().Should().Contain(static f => f.Contains("invalid column for filter a"));
    }

    [Fact]
    public void A_key_that_is_dropped_leaves_rows_that_cannot_be_told_apart()
    {
        var (_, peer) = _world.Join(Item);
        Emulator.DropColumn("item", "id");
        Emulator.Insert("item", """{"a":"x","b":"y"}""");

        _world.Changes(peer).Should().ContainSingle().Which.Should().Contain("no primary key");
        Emulator.Rows("item").Should().HaveCount(2);
    }

    [Fact]
    public void A_name_can_come_back_as_another_column()
    {
        Emulator.DropColumn("item", "a");
        Emulator.AddColumn("item", "a", "int4", "5");

        Emulator.Rows("item").Single().ToString().Should().Be("""{"a": 5, "b": "y", "id": 1}""");
        FluentActions.Invoking(() => Emulator.AddColumn("item", "a", "text")).Should().Throw<ArgumentException>().WithMessage("42701*");
        FluentActions.Invoking(() => Emulator.DropColumn("item", "c")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => Emulator.AddColumn("item", "c", "txet")).Should().Throw<ArgumentException>().WithMessage("*txet*");
    }

    [Fact]
    public void Partitions_have_the_columns_of_their_table()
    {
        Emulator.CreateTable("sale", static t => t.Column("id", "int4").Column("year", "int4").PrimaryKey("id")
            .PartitionedBy(static row => $"sale_{row.Text("year")}", "sale_2025", "sale_2026"));
        Emulator.Insert("sale", """{"id":1,"year":2025}""");
        var (_, peer) = _world.Join("""{"event":"*","schema":"public","table":"sale_2025"}""");

        Emulator.AddColumn("sale_2025", "note", "text", "\"n\"");
        Emulator.Update("sale", 1, """{"note":"m"}""");

        _world.Changes(peer).Should().Equal("""UPDATE sale_2025 {"id":1,"note":"m","year":2025} {"id":1}""");
        Emulator.Rows("sale_2026").Should().BeEmpty();
    }

    [Fact]
    public async Task Reads_have_the_columns_that_there_are_a_late_replica_too()
    {
        var world = new RestWorld();
        world.Emulator.CreateTable("item", static t => t.Column("id", "int4").Column("a", "text").PrimaryKey("id"));
        world.Emulator.Insert("item", """{"id":1,"a":"x"}""");
        world.Emulator.Faults.ReplicaLag = TimeSpan.FromHours(1);
        world.Emulator.Insert("item", """{"id":2}""");

        world.Emulator.AddColumn("item", "b", "text", "\"y\"");
        world.Emulator.DropColumn("item", "a");

        (await world.ReadAsync("item")).Body.Should().Be("""[{"id":1,"b":"y"}]""");
        (await world.ReadAsync("item?a=eq.x")).Refusal.Should().Be((400, "42703"));
        world.World.Advance(TimeSpan.FromHours(1));
        (await world.ReadAsync("item?order=id")).Body.Should().Be("[{\"id\":1,\"b\":\"y\"}, \n {\"id\":2,\"b\":\"y\"}]");
    }

    private static string Columns(JsonNode data) => string.Join(' ', data["columns"]!.AsArray().Select(static c => c!["name"]!.ToString()));
}
