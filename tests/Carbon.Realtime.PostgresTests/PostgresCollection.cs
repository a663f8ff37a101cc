namespace Carbon.Realtime.PostgresTests;

/// <summary>All tests share one server; each has a database of its own.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresCluster>
{
    public const string Name = "PostgreSQL";
}
