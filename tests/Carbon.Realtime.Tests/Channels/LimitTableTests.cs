using System.Text;
using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.House;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>The rows of docs/protocol.md, "Limits", that a client can break, each by its name.</summary>
public sealed class LimitTableTests
{
    [Theory]
    [InlineData("channels per socket")]
    [InlineData("joins per second")]
    [InlineData("frame from client")]
    [InlineData("`in()` values")]
    [InlineData("topic, event, join_ref, ref in binary frames")]
    [InlineData("frame **to** client")]
    public void The_rows_are_called_so(string row) => File.ReadAllText(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "protocol.md")).Should().Contain($"\n| {row}");

    [Fact]
    public void Channels_per_socket()
    {
        new RealtimeOptions().MaxChannels.Should().BeLessThan(100);
        FluentActions.Invoking(static () => new World(o => o.MaxChannels = 100)).Should().Throw<ArgumentException>().WithMessage("*MaxChannels*");

        // At the largest budget there is one place left, for what is set apart.
        var world = new World(o => (o.MaxChannels, o.GroupWindow) = (99, TimeSpan.Zero));
        var server = new TableServer(world) { MostAllowed = int.MaxValue };
        server.Unpublished.Add("bad");
        var seen = new List<IDisposable> { Watch(world, "bad") };
        world.Join();
        for (var i = 0; i < 130; i++)
        {
            seen.Add(Watch(world, $"t{i}"));
            world.Join();
        }

        world.Advance(300);
        server.MostJoined.Should().Be(100);
        server.Joined.Sum(static j => j.Bindings.Count).Should().Be(130);
    }

    [Fact]
    public void Joins_per_second()
    {
        var world = new World { AutoJoin = false };
        var seen = Enumerable.Range(0, 32).Select(i => new StreamRecorder<TableChange<long, Todo>>(
            world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}"), new ChangeStreamOptions { Group = $"g{i}" }))).ToList();
        world.Join();
        world.Socket.Frames("phx_join").Should().HaveCount(4, "the next goes when one was answered, so that the server sets the pace");
    }

    [Fact]
    public void Frame_from_client_is_kept_by_gathering_no_more_bindings_than_a_join_holds()
    {
        var world = new World();
        var seen = Enumerable.Range(0, 20).Select(i => new StreamRecorder<TableChange<long, Todo>>(
            world.Manager.Changes(Shop.Todos.Where($"title=eq.{i}{new string('x', 500_000)}")))).ToList();
        world.Join();
        var joins = world.Socket.Sent.Where(static t => SentFrame.Parse(t).Event == "phx_join").ToList();
        joins.Should().HaveCount(3, "4 MB each").And.OnlyContain(static t => Encoding.UTF8.GetByteCount(t) < 5_000_000);
        joins.Sum(static t => SentFrame.Parse(t).Bindings.Count).Should().Be(20);
        seen.Should().OnlyContain(static s => s.Count == 1);
    }

    [Fact]
    public void Frame_from_client_is_kept_although_the_channel_budget_is_spent()
    {
        var world = new World(o => o.MaxChannels = 1);
        var seen = Enumerable.Range(0, 12).Select(i => new StreamRecorder<TableChange<long, Todo>>(
            world.Manager.Changes(Shop.Todos.Where($"title=eq.{i}{new string('x', 500_000)}")))).ToList();
        world.Join();
        world.Socket.Sent.Should().OnlyContain(static t => Encoding.UTF8.GetByteCount(t) < 5_000_000);
        seen.Should().OnlyContain(static s => s.Count == 1);
    }

    [Fact]
    public void Frame_from_client_that_no_parting_makes_small_enough_is_refused_here_and_costs_nobody_the_socket()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.Todos.Where($"title=eq.{new string('x', 5_000_000)}"));
        using var large = new StreamRecorder<TableChange<long, Todo>>(stream);
        using var small = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        small.Items.Should().HaveCount(1);
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.SubscriptionRefused);
        stream.Status.Error.Message.Should().MatchRegex("^The subscription is too large: its join takes 5000[0-9]{3} bytes, .{0,100}$", "and the filter is not told");
        world.Socket.Sent.Should().OnlyContain(static t => t.Length < 5_000_000);
        world.Advance(120);
        world.Socket.Sent.Should().OnlyContain(static t => t.Length < 5_000_000);
    }

    [Fact]
    public void Frame_from_client_that_the_server_will_repeat_fits_into_the_largest_message_accepted()
    {
        var world = new World(o => o.MaxMessageBytes = 64 * 1024);
        var seen = Enumerable.Range(0, 100).Select(i => new StreamRecorder<TableChange<long, Todo>>(
            world.Manager.Changes(Shop.Todos.Where($"title=eq.{i}{new string('x', 1000)}")))).ToList();
        world.Join();
        world.Socket.Sent.Should().OnlyContain(static t => t.Length < 40 * 1024);
        seen.Should().OnlyContain(static s => s.Count == 1);
    }

    [Fact]
    public void A_bindings_size_is_what_it_takes_in_a_join()
    {
        var writer = new FrameWriter(ProtocolVersion.V2);
        foreach (var binding in new[] { new JoinBinding("*", "public", "t", null), new JoinBinding("DELETE", "öffentlich", "\"T\"", "title=eq.<ä&\u200b>") })
        {
            var more = writer.Join("1", "t", false, [binding, binding], null).Length - writer.Join("1", "t", false, [binding], null).Length;
            FrameWriter.SizeOf(binding).Should().BeInRange(more - 10, more + 30);
        }
    }

    [Fact]
    public void In_values()
    {
        static string In(int count) => $"id=in.({string.Join(',', Enumerable.Range(0, count))})";
        static string? Sent(int count)
        {
            var world = new World();
            using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where(In(count))));
            world.Join();
            seen.Items.Should().ContainSingle();
            return world.Socket.Join().Bindings.Single().TryGetProperty("filter", out var filter) ? filter.GetString() : null;
        }

        Sent(100).Should().Be(In(100));
        Sent(101).Should().BeNull("the server refuses more than 100, so the client judges them");
    }

    [Fact]
    public void Topic_and_references()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = new string('g', 64) }));
        world.Join();
        Encoding.UTF8.GetByteCount(world.Socket.Join().Topic).Should().BeInRange(64, 255);
        world.Socket.Frames().Should().OnlyContain(static f => f.Ref!.Length < 20);
        foreach (var group in new[] { new string('g', 65), "ä", "a b" })
        {
            world.Invoking(w => w.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = group })).Should().Throw<ArgumentException>();
        }
    }

    [Fact]
    public void Frame_to_client() => new RealtimeOptions().MaxMessageBytes.Should().BeGreaterThan(5 * 1024 * 1024);

    private static StreamRecorder<TableChange<JsonElement, JsonElement>> Watch(World world, string table) => new(world.Manager.Changes(table));
}
