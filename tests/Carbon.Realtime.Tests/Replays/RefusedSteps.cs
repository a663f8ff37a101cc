namespace Carbon.Realtime.Tests.Replays;

/// <summary>The steps of a recorded client that ours does not take, and why. Together with what was played, the list has to be complete.</summary>
internal sealed class RefusedSteps : System.Collections.IEnumerable
{
    private readonly Dictionary<int, string> _why = [];

    /// <summary>Lists lines of the transcript that one reason explains.</summary>
    public void Add(string why, params int[] lines)
    {
        foreach (var line in lines)
        {
            _why.Add(line, why);
        }
    }

    /// <summary>Every frame the recorded client sent and every socket it asked for was played, or is listed; never both.</summary>
    public void AssertComplete(string transcript, params IEnumerable<int>[] played)
    {
        var steps = Transcript.Read(transcript).Where(line => line.Direction is "send" or "open_request").Select(line => line.Number).ToHashSet();
        var all = played.SelectMany(static lines => lines).ToHashSet();

        steps.Except(all).Except(_why.Keys).Should().BeEmpty("every step of {0} is played, or listed with a reason", transcript);
        _why.Keys.Intersect(all).Should().BeEmpty("what our client did do it does not refuse ({0})", transcript);
        _why.Keys.Except(steps).Should().BeEmpty("only steps of the recorded client are listed ({0})", transcript);
    }

    public System.Collections.IEnumerator GetEnumerator() => _why.GetEnumerator();
}
