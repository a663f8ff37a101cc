using System.Globalization;
using System.Text;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.Replays;
using FsCheck;
using FsCheck.Fluent;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>Whatever order, white space and escapes a server writes with, the client finds what System.Text.Json finds.</summary>
public sealed class FrameReaderPropertyTests
{
    private static readonly Gen<string> Reference = Gen.Elements("null", "\"1\"", "\"207\"", "7");

    private static readonly Gen<string> EventName = Gen.Elements("postgres_changes", "phx_reply", "phx_close", "system", "something_else");

    private static readonly Gen<string> Columns =
        from names in JsonTexts.Name.ListOf()
        from text in JsonTexts.Array([.. names.Select(name => JsonTexts.Object(
            ("name", JsonTexts.String(name)), ("type", JsonTexts.Text.SelectMany(JsonTexts.String)), ("more", JsonTexts.Value)))])
        select text;

    private static readonly Gen<string> Data =
        from type in Gen.Elements("INSERT", "UPDATE", "DELETE")
        from schema in JsonTexts.Name
        from table in JsonTexts.Name
        from text in JsonTexts.Object(
            ("type", JsonTexts.String(type)),
            ("schema", JsonTexts.String(schema)),
            ("table", JsonTexts.String(table)),
            ("record", Gen.OneOf(JsonTexts.Record, Gen.Constant("null"))),
            ("old_record", Gen.OneOf(JsonTexts.Record, Gen.Constant("null"))),
            ("columns", Columns),
            ("commit_timestamp", Gen.Elements("null", "\"2026-11-22T10:46:23.124Z\"", "\"2026-11-22T10:46:23.124+00:00\"")),
            ("errors", Gen.Elements("null", "null", "[\"Error 413: Payload Too Large\"]")),
            ("unheard_of", JsonTexts.Value))
        select text;

    private static readonly Gen<string> Change =
        from ids in Gen.Choose(0, int.MaxValue).NonEmptyListOf()
        from text in JsonTexts.Object(
            ("data", Data),
            ("ids", JsonTexts.Array([.. ids.Select(id => Gen.Constant(id.ToString(CultureInfo.InvariantCulture)))])),
            ("unheard_of", JsonTexts.Value))
        select text;

    [Fact]
    public void Frames_of_both_versions_are_taken_apart_alike()
    {
        var frames =
            from isV2 in Gen.Elements(true, false)
            from topic in JsonTexts.Text
            from name in EventName
            let topicText = JsonTexts.String(topic)
            let nameText = JsonTexts.String(name)
            from text in isV2
                ? JsonTexts.Array(Reference, Reference, topicText, nameText, JsonTexts.Value)
                : JsonTexts.Object(
                    ("join_ref", Reference), ("ref", Reference), ("topic", topicText), ("event", nameText), ("payload", JsonTexts.Value),
                    ("unheard_of", JsonTexts.Value))
            select text;

        Check(frames, text =>
        {
            var expected = RecordedFrame.Parse(Encoding.UTF8.GetBytes(text));

            FrameReader.TryRead(Encoding.UTF8.GetBytes(text), out var frame, out var error).Should().BeTrue($"{error}");

            Encoding.UTF8.GetString(frame.Topic).Should().Be(expected.Topic);
            Encoding.UTF8.GetString(frame.Ref).Should().Be(expected.Ref ?? "");
            Encoding.UTF8.GetString(frame.JoinRef).Should().Be(expected.JoinRef ?? (text[0] == '{' && expected.Event == "phx_close" ? expected.Ref : null) ?? "");
            Encoding.UTF8.GetString(frame.Payload).Should().Be(expected.Payload.GetRawText());
            (frame.Event != FrameEvent.Unknown).Should().Be(expected.Event != "something_else");
        });
    }

    [Fact]
    public void Changes_are_found_whatever_the_order_of_their_parts()
    {
        var reader = new ChangeReader();

        Check(Change, text =>
        {
            using var expected = System.Text.Json.JsonDocument.Parse(text);

            reader.TryRead(Encoding.UTF8.GetBytes(text), out var change, out var error).Should().BeTrue($"{error}");

            ChangeAssertions.AssertSame(change, expected.RootElement, text);
        });
    }

    private static void Check(Gen<string> texts, Action<string> holds) =>
        Prop.ForAll(texts.Resize(12).ToArbitrary(), holds).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
}
