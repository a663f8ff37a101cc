using System.Text;
using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.Replays;
using FsCheck;
using FsCheck.Fluent;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>What the client writes, read back by System.Text.Json.</summary>
public sealed class FrameWriterTests
{
    private static readonly Gen<(ProtocolVersion Version, string Topic, string Text)> Samples =
        from version in Gen.Elements(ProtocolVersion.V1, ProtocolVersion.V2)
        from topic in JsonTexts.Text
        from text in JsonTexts.Text
        select (version, topic, text);

    [Fact]
    public void A_join_carries_its_bindings_and_token_exactly() => Check((version, topic, text) =>
    {
        JoinBinding[] bindings = [new("*", "public", text, null), new("DELETE", text, topic, text)];

        var frame = Read(version, writer => writer.Join("7", topic, isPrivate: true, bindings, text));

        (frame.JoinRef, frame.Ref, frame.Topic, frame.Event).Should().Be(("7", "7", topic, "phx_join"));
        var config = frame.Payload.GetProperty("config");
        config.GetProperty("private").GetBoolean().Should().BeTrue();
        var sent = config.GetProperty("postgres_changes").EnumerateArray().ToArray();
        sent.Select(Text("event")).Should().Equal("*", "DELETE");
        sent.Select(Text("schema")).Should().Equal("public", text);
        sent.Select(Text("table")).Should().Equal(text, topic);
        sent[0].EnumerateObject().Should().HaveCount(3, "a null filter would be refused, so the key is left out");
        Text("filter")(sent[1]).Should().Be(text);
        Text("access_token")(frame.Payload).Should().Be(text);
    });

    [Fact]
    public void Every_push_carries_both_references() => Check((version, topic, text) =>
    {
        var token = Read(version, writer => writer.AccessToken("7", "9", topic, text));
        (token.JoinRef, token.Ref, token.Topic, token.Event).Should().Be(("7", "9", topic, "access_token"));
        Text("access_token")(token.Payload).Should().Be(text);

        var leave = Read(version, writer => writer.Leave("7", "9", topic));
        (leave.JoinRef, leave.Ref, leave.Topic, leave.Event).Should().Be(("7", "9", topic, "phx_leave"));

        var heartbeat = Read(version, writer => writer.Heartbeat("11"));
        (heartbeat.JoinRef, heartbeat.Ref, heartbeat.Topic, heartbeat.Event).Should().Be((null, "11", "phoenix", "heartbeat"));
    });

    [Fact]
    public void A_join_without_a_token_names_none() =>
        Read(ProtocolVersion.V2, writer => writer.Join("1", "realtime:x", isPrivate: false, [], null))
            .Payload.TryGetProperty("access_token", out _).Should().BeFalse("null would not sign out, and the key's role is meant");

    [Theory]
    [InlineData(ProtocolVersion.V1)]
    [InlineData(ProtocolVersion.V2)]
    public void Half_a_surrogate_is_replaced_and_nothing_throws(ProtocolVersion version) =>
        Read(version, writer => writer.Leave("7", "9", "a\ud83db")).Topic.Should().Be("a\ufffdb");

    [Fact]
    public void What_is_written_reads_as_a_frame_in_our_own_reader_too() => Check((version, topic, text) =>
    {
        FrameReader.TryRead(new FrameWriter(version).AccessToken("7", "9", topic, text), out var frame, out _).Should().BeTrue();
        Encoding.UTF8.GetString(frame.Topic).Should().Be(topic);
        (Encoding.UTF8.GetString(frame.JoinRef), Encoding.UTF8.GetString(frame.Ref)).Should().Be(("7", "9"));
    });

    private static RecordedFrame Read(ProtocolVersion version, Func<FrameWriter, byte[]> write)
    {
        var bytes = write(new FrameWriter(version));
        bytes[0].Should().Be((byte)(version == ProtocolVersion.V2 ? '[' : '{'));
        return RecordedFrame.Parse(bytes);
    }

    private static Func<JsonElement, string?> Text(string property) => element => element.GetProperty(property).GetString();

    private static void Check(Action<ProtocolVersion, string, string> holds) =>
        Prop.ForAll(Samples.ToArbitrary(), sample => holds(sample.Version, sample.Topic, sample.Text))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));
}
