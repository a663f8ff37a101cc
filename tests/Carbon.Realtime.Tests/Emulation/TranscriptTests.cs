using System.Text.RegularExpressions;
using Carbon.Realtime.Tests.House;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>The emulator against recordings of the real server (version 2.129.8).</summary>
public sealed partial class TranscriptTests
{
    public static TheoryData<string> Replayed => [.. Recordings.Replayed.Keys];

    [Theory]
    [MemberData(nameof(Replayed))]
    public void A_recording_is_answered_to_its_last_frame_as_the_real_server_answered_it(string name) =>
        Recordings.Replayed[name]().Run(Transcript.Load(name));

    [Fact]
    public void Every_recording_is_replayed_whole_or_named_with_the_reason()
    {
        var guide = File.ReadAllText(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "emulator.md"));
        var section = guide[guide.IndexOf("## Differences from the recordings", StringComparison.Ordinal)..];
        var left = NotReplayed.Matches(section).Select(static m => m.Groups["name"].Value).ToArray();

        left.Should().NotIntersectWith(Recordings.Replayed.Keys);
        left.Concat(Recordings.Replayed.Keys).Should().BeEquivalentTo(Transcript.Names);
    }

    /// <summary>The list has a line that begins so, with the names of recordings and the reason.</summary>
    [GeneratedRegex("""(?<=^- Not replayed: [^\n]*)`(?<name>\d\d_\w+)`""", RegexOptions.Multiline)]
    private static partial Regex NotReplayed { get; }
}
