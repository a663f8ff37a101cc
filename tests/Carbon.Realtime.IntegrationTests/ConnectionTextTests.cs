using Carbon.Realtime.Emulator;
using Carbon.Realtime.Emulator.Postgres;
using Npgsql;

namespace Carbon.Realtime.IntegrationTests;

/// <summary>Both forms in which a database is named, and what is said of what is in neither: never a word of it.</summary>
public sealed class ConnectionTextTests
{
    [Theory]
    [InlineData("postgresql://postgres:postgres@127.0.0.1:54322/postgres", "127.0.0.1", 54322, "postgres", "postgres", "postgres")]
    [InlineData("postgres://ada:p%40ss%2F%3A%23%25@db.example.com/my%20data", "db.example.com", 5432, "ada", "p@ss/:#%", "my data")]
    [InlineData("POSTGRESQL://ada@[::1]:1/x", "::1", 1, "ada", null, "x")]
    [InlineData("postgresql:///x", "127.0.0.1", 5432, null, null, "x")]
    [InlineData("Host=db;Port=7;Database=d;Username=u;Password=a=b", "db", 7, "u", "a=b", "d")]
    public void A_database_is_named_as_npgsql_or_as_a_uri(string text, string host, int port, string? user, string? password, string? database)
    {
        var read = ConnectionText.Read(text);

        (read.Host, read.Port, read.Username, read.Password, read.Database).Should().Be((host, port, user, password, database));
    }

    [Fact]
    public void What_stands_behind_the_question_mark_is_heeded()
    {
        var read = ConnectionText.Read("postgresql://u:p@h/d?sslmode=verify-full&connect_timeout=7&application_name=a%20b&options=-c%20x%3D1");

        (read.SslMode, read.Timeout, read.ApplicationName, read.Options).Should().Be((SslMode.VerifyFull, 7, "a b", "-c x=1"));
    }

    [Theory]
    [InlineData("hunter2", "*no connection string*")]
    [InlineData("Host=h;Password=a;hunter2=c", "*no connection string*")]
    [InlineData("Host=h;Port=hunter2", "*no connection string*")]
    [InlineData("Password=hunter2", "*names no host*")]
    [InlineData("postgresql://u:hunter2#x@h/d", "*no URI*%23*")]
    [InlineData("postgresql://u:hunter2@h:port/d", "*no URI*")]
    [InlineData("postgresql://u:p@h/d?sslmode=hunter2", "*sslmode is none of disable*")]
    [InlineData("postgresql://u:p@h/d?hunter2=1", "*can be sslmode, connect_timeout*")]
    [InlineData("postgresql://u:p@h/d?connect_timeout=hunter2", "*can be sslmode, connect_timeout*")]
    public async Task What_is_neither_is_refused_by_the_options_name_and_not_repeated(string text, string message)
    {
        var starting = () => PostgresEmulator.StartAsync(new PostgresEmulatorOptions { ConnectionString = text });

        var refused = await starting.Should().ThrowAsync<ArgumentException>().WithMessage(message).WithParameterName(nameof(PostgresEmulatorOptions.ConnectionString));
        refused.Which.ToString().Should().Contain("postgresql://user:password@host:5432/database").And.NotContain("hunter2");
    }
}
