using System.Globalization;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>What arrives without a pause is told in bursts; nothing waits for the end of one that has none.</summary>
/// <remarks>All is received before anybody is told, and who is told first is whose changes were handed over first.</remarks>
public sealed class BurstTests
{
    private readonly World _world = new();
    private readonly List<string> _told = [];

    [Fact]
    public void A_table_that_is_written_without_a_pause_keeps_no_other_waiting()
    {
        using var quiet = Follow("quiet");
        using var busy = Follow("busy");
        using var late = Follow("late");
        _world.Join();
        Insert("quiet", 1);
        Insert("busy", 1024);
        Insert("late", 256);
        _world.Run();
        _told.Distinct().Should().Equal(["busy", "quiet", "late"], "busy is told at each 256th of its own, quiet after 1 024 of all, late at its 256th");
        _told.Should().HaveCount(1 + 1024 + 256);
    }

    [Fact]
    public void Long_rows_do_not_wait_for_a_hundred_others()
    {
        using var quiet = Follow("quiet");
        using var busy = Follow("busy");
        _world.Join();
        Insert("quiet", 1);
        Insert("busy", 2, new string('x', 600_000));
        _world.Run();
        _told.Should().Equal("busy", "busy", "quiet");
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
