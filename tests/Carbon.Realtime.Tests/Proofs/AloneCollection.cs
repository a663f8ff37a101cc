namespace Carbon.Realtime.Tests.Proofs;

/// <summary>Runs when nothing else does: the stories take every processor, and listeners of other tests hear all that the process measures.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
