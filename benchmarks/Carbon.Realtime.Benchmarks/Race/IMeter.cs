using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>What is measured of a contender: it hands over every row it decoded, and does nothing else with it.</summary>
internal interface IMeter
{
    /// <summary>One event. Called from one thread at a time.</summary>
    void OnRow(RaceRow row);

    /// <summary>Ends the run as failed.</summary>
    void Fail(string why);
}
