namespace Carbon.Realtime.IntegrationTests.Security;

/// <summary>For tests that count what the whole process allocates.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
