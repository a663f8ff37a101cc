using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Hostile;
using Carbon.Realtime.Tests.Snapshots;

namespace Carbon.Realtime.Tests.Security;

/// <summary>A network's failure is told by its kind. Its words are the system's and a proxy's: they may quote an address with its key, or what was sent.</summary>
public sealed class NetworkWordsTests
{
    private const string Words = "planted wss://a.test/?apikey=planted";

    private static readonly Dictionary<string, Exception> Failures = new()
    {
        ["ConnectionRefused"] = new SocketException((int)SocketError.ConnectionRefused, Words),
        ["HostNotFound"] = new WebSocketException(Words, new HttpRequestException(Words, new SocketException((int)SocketError.HostNotFound, Words))),
        ["AuthenticationException"] = new WebSocketException(Words, new HttpRequestException(Words, new AuthenticationException(Words))),
        ["IOException"] = new IOException(Words),
        ["NotSupportedException"] = new NotSupportedException(Words),
    };

    public static TheoryData<string> Kinds => [.. Failures.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Of_a_connect_the_kind_is_told(string kind)
    {
        var target = new Target();
        using var statuses = new StreamRecorder<RealtimeStatus>(target.Stream.StatusChanges);
        target.World.Server.FailNext(Failures[kind]);
        target.World.Join();

        var errors = statuses.Items.Select(static s => s.Error).OfType<RealtimeException>().ToList();
        errors.Should().NotBeEmpty().And.OnlyContain(e => e.Message.Contains(kind));
        errors.Select(static e => e.ToString()).Concat(target.World.Log.Lines).Should().NotContain(static text => text.Contains("planted"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Of_a_connection_that_is_lost_it_is_too(string kind)
    {
        var target = new Target().Live();
        using var statuses = new StreamRecorder<RealtimeStatus>(target.Stream.StatusChanges);
        target.Socket.Break(Failures[kind]);
        target.World.Run();

        var errors = statuses.Items.Select(static s => s.Error).OfType<RealtimeException>().ToList();
        errors.Should().NotBeEmpty().And.OnlyContain(static e => e.Message.Contains("Exception"));
        errors.Select(static e => e.ToString()).Concat(target.World.Log.Lines).Should().NotContain(static text => text.Contains("planted"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task And_of_a_read(string kind)
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => throw Failures[kind];
        var error = await world.FailAsync();

        error.Message.Should().Contain("Exception");
        world.Log.Lines.Append(error.ToString()).Should().NotContain(static text => text.Contains("planted"));
    }
}
