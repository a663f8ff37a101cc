namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Which of the next reads fail, and how. Guarded by the emulator's lock.</summary>
internal sealed class RestFaults
{
    public int? MaxRows { get; set; }

    public FaultQueue<EmulatorReadFault> Ordered { get; } = new();

    public FaultyReads? ByChance { get; set; }

    /// <summary>The fault of a read that has just arrived, which it uses up.</summary>
    public EmulatorReadFault? Take(string table)
    {
        // Drawn for every read, whatever comes of it: an ordered fault does not change whom chance hits.
        var byChance = ByChance?.Next();
        return Ordered.Take(table) ?? byChance;
    }
}
