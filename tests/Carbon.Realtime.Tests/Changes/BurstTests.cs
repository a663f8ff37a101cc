using System.Globalization;
using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>What arrives without a pause is told in bursts; nothing waits for the end of one that has none.</summary>
/// <remarks>All is received before anybody is told, and who is told first is whose changes were handed over first.</remarks>
public sealed class BurstTests
{
    private readonly World _world = new();
    private readonly List<string> _told = [];

    [Theory]
    [InlineData(767, "busy, late, quiet")] // late's 256th is the 1 024th of all
    [InlineData(768, "busy, quiet, late")]
    public void A_table_that_is_written_without_a_pause_keeps_no_other_waiting(int changes, string order) =>
        ToldFirst(changes, "t").Should().AllBe(order, "a table is told at its 256th change, all at the 1 024th of a burst");

    [Theory]
    [InlineData(2, "quiet, busy, late")]
    [InlineData(1, "late, quiet, busy")]
    public void Long_rows_do_not_wait_for_a_hundred_others(int longRows, string order) =>
        ToldFirst(longRows, new string('x', 600_000)).Should().AllBe(order, "all are told at a million bytes of a burst");

    /// <summary>What is remembered of a table's records is one thing for all its streams, but not for streams that call other columns its key.</summary>
    [Fact]
    public void Streams_that_define_a_table_otherwise_find_their_own_keys()
    {
        var (ids, titles) = (new List<string>(), new List<string>());
        using var byId = new StreamRecorder<TableChange<JsonElement, JsonElement>>(_world.Manager.Changes(RealtimeTable.Untyped("todos")), (_, c) => ids.Add($"{c}"));
        using var byTitle = new StreamRecorder<TableChange<JsonElement, JsonElement>>(_world.Manager.Changes(RealtimeTable.Untyped("todos", "title")), (_, c) => titles.Add($"{c}"));
        _world.Join();
        for (var i = 1; i <= 2; i++)
        {
            _world.Socket.Insert(_world.Socket.Join(), "todos", $$"""{"id":{{i}},"title":"t{{i}}"}""");
        }

        _world.Run();
        ids.Should().Equal("gap (Started)", "inserted 1", "inserted 2");
        titles.Should().Equal("gap (Started)", "inserted t1", "inserted t2");
    }

    /// <summary>One change of quiet, some of busy, and late's until it is told: in which order they are, in two bursts.</summary>
    private List<string> ToldFirst(int changes, string title)
    {
        using var quiet = Follow("quiet");
        using var busy = Follow("busy");
        using var late = Follow("late");
        _world.Join();
        var orders = new List<string>();
        for (var burst = 0; burst < 2; burst++)
        {
            _told.Clear();
            Insert("quiet", 1);
            Insert("busy", changes, title);
            Insert("late", 256);
            _world.Run();
            _told.Should().HaveCount(1 + changes + 256);
            orders.Add(string.Join(", ", _told.Distinct()));
        }

        return orders;
    }

    private StreamRecorder<TableChange<long, Todo>> Follow(string table) => new(
        _world.Manager.Changes(RealtimeTable.Define(table, RowsJson.Default.Todo, "id", static t => t.Id)),
        (_, change) =>
        {
            if (change is Inserted<long, Todo>)
            {
                _told.Add(table);
            }
        });

    private void Insert(string table, int count, string title = "t")
    {
        var join = _world.Socket.Join();
        var id = 1 + join.Bindings.ToList().FindIndex(b => b.GetProperty("table").GetString() == table);
        for (var i = 0; i < count; i++)
        {
            _world.Socket.Insert(join, table, string.Create(CultureInfo.InvariantCulture, $$"""{"id":{{i}},"title":"{{title}}","done":false}"""), id);
        }
    }
}
