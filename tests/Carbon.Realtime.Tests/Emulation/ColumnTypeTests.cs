using System.Text.Json.Nodes;
using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>How values of types compare that are no plain texts, and PostgreSQL's regular expressions.</summary>
public sealed class ColumnTypeTests
{
    private readonly EmulatorWorld _world = new();

    [Theory]
    [InlineData("citext", "Bob", "eq.bob", true)]
    [InlineData("citext", "Bob", "like.b%", true)]
    [InlineData("citext", "Bob", "match.^b", true)]
    [InlineData("citext", "Bob", "in.(BOB)", true)]
    [InlineData("citext", "Bob", "eq.bo", false)]
    [InlineData("oid", "9", "lt.10", true)]
    [InlineData("oid", "9", "gt.10", false)]
    [InlineData("money", "$9.00", "lt.\\\"$1,234.50\\\"", true)]
    [InlineData("money", "-$9.00", "lt.0", true)]
    [InlineData("money", "$9.00", "eq.9", true)]
    [InlineData("interval", "9 days", "lt.1 mon", true)]
    [InlineData("interval", "1 day 02:00:00", "eq.26 hours", true)]
    [InlineData("interval", "-1 days", "gt.-23:00:00", false)]
    [InlineData("inet", "10.0.0.9", "lt.10.0.0.10", true)]
    [InlineData("inet", "10.0.0.0/8", "lt.10.0.0.0/16", true)]
    [InlineData("inet", "10.0.0.1", "eq.10.0.0.1/32", true)]
    [InlineData("inet", "255.0.0.1", "lt.::1", true)]
    [InlineData("time", "09:00:00", "eq.9:00", true)]
    [InlineData("pg_lsn", "9/0", "lt.10/0", true)]
    [InlineData("bytea", @"\xAB", @"eq.\\xab", true)]
    public void A_filter_compares_as_the_type_does(string type, string value, string condition, bool matches) =>
        Matches(type, value, condition).Should().Be(matches);

    [Theory]
    [InlineData("oid", "eq.many", "22P02")]
    [InlineData("money", "eq.much", "22P02")]
    [InlineData("interval", "eq.P1D", "22007")]
    [InlineData("inet", "eq.10.0", "22P02")]
    [InlineData("tsrange", "eq.\\\"[1,2)\\\"", "the emulator does not compare values of the type tsrange")]
    [InlineData("point", "eq.(1,2)", "the emulator does not compare values of the type point")]
    public void A_value_that_is_none_or_that_nobody_here_can_compare_is_refused(string type, string condition, string text) =>
        Refusal(type, condition).Should().Contain(text);

    [Fact]
    public void What_cannot_be_compared_can_be_null() => Matches("tsrange", "[1,2)", "not.is.null").Should().BeTrue();

    [Theory]
    [InlineData("[[:alpha:]]+", "a1", true)]
    [InlineData("^[[:alpha:]_]+$", "a_b", true)]
    [InlineData("^[^[:digit:]]+$", "a1", false)]
    [InlineData("^[[:space:][:punct:]]+$", " !", true)]
    [InlineData("^[]a]+$", "]a", true)]
    [InlineData("^[[=a=]]$", "a", true)]
    [InlineData(@"\mcat\M", "a cat.", true)]
    [InlineData(@"\mcat", "concat", false)]
    [InlineData(@"cat\M", "cats", false)]
    [InlineData("[[:<:]]cat[[:>:]]", "concat", false)]
    [InlineData(@"\ycat\y", "cat", true)]
    [InlineData(@"a\yb", "ab", false)]
    [InlineData(@"^a\.b$", "axb", false)]
    [InlineData(@"^\x41\u0042$", "AB", true)]
    [InlineData("^a$", "a\n", false)]
    [InlineData("a.b", "a\nb", true)]
    [InlineData("(?i)ABC", "abc", true)]
    [InlineData(@"^(a)\1$", "aa", true)]
    [InlineData("a(?=b)", "ab", true)]
    [InlineData(@"^[\w-]+$", "a-b", true)]
    [InlineData("^[a-c[]+$", "b[", true)]
    public void A_regular_expression_means_what_it_means_to_postgresql(string pattern, string text, bool matches) =>
        PgRegex.Compile(pattern, ignoreCase: false)(text).Should().Be(matches);

    [Theory]
    [InlineData("a(", "parentheses () not balanced", false)]
    [InlineData("[a", "brackets [] not balanced", false)]
    [InlineData("*a", "quantifier operand invalid", false)]
    [InlineData(@"\q", @"invalid escape \ sequence", false)]
    [InlineData("[[:letters:]]", "invalid character class", false)]
    [InlineData("(?<name>a)", "options in regular expressions", true)]
    [InlineData("***=a", "begin with ***", true)]
    [InlineData("[[.hyphen.]]", "collating elements", true)]
    public void A_regular_expression_that_is_none_or_is_not_imitated_is_refused(string pattern, string message, bool isNotImitated) =>
        FluentActions.Invoking(() => PgRegex.Compile(pattern, ignoreCase: false)).Should().Throw<PgRegexException>().WithMessage($"*{message}*")
            .Which.IsNotImitated.Should().Be(isNotImitated);

    [Theory]
    [InlineData("a%c_", "abbbcd", true)]
    [InlineData("%b%b%", "abab", true)]
    [InlineData("%b%bb", "abab", false)]
    [InlineData(@"100\%", "100%", true)]
    [InlineData(@"100\%", "1000", false)]
    [InlineData("_", "😀", true)]
    [InlineData("", "", true)]
    [InlineData("%", "", true)]
    [InlineData("_", "", false)]
    [InlineData("a", "A", false)]
    public void Like_is_sqls(string pattern, string text, bool matches) => new LikePattern(pattern, ignoreCase: false).IsMatch(text).Should().Be(matches);

    [Theory]
    [InlineData("bpchar", "EUR", "ETB", false)]
    [InlineData("bpchar", "EUR", "EUR ", true)]
    [InlineData("numeric", "1.0", "1.00", true)]
    [InlineData("numeric", "NaN", "Infinity", false)]
    [InlineData("citext", "a", "A", true)]
    [InlineData("text", "a", "A", false)]
    [InlineData("inet", "10.0.0.1", "10.0.0.1/32", true)]
    public void Keys_are_told_apart_by_their_type(string type, string one, string other, bool isSame)
    {
        _world.Emulator.CreateTable("t", t => t.Column("id", type).Column("n", "int4").PrimaryKey("id"));
        _world.Emulator.Insert("t", new JsonObject { ["id"] = one, ["n"] = 1 });

        var again = () => _world.Emulator.Insert("t", new JsonObject { ["id"] = other, ["n"] = 2 });

        if (isSame)
        {
            again.Should().Throw<InvalidOperationException>().WithMessage("23505*");
            _world.Emulator.Update("t", other, """{"n":3}""").Should().Be(1, "it is the same key");
        }
        else
        {
            again.Should().NotThrow();
            _world.Emulator.Delete("t", one).Should().Be(1);
            _world.Emulator.Rows("t").Should().ContainSingle().Which.Text("n").Should().Be("2");
        }
    }

    [Fact]
    public void A_policy_sees_what_the_table_holds_and_the_stream_what_is_cut()
    {
        _world.Emulator.CreateTable("t", static t => t.Column("id", "int4").Column("tenant", "bpchar").Column("n", "numeric").PrimaryKey("id")
            .RowLevelSecurity(static (claims, row) => row.Text("tenant") == claims.Text("tenant") && row.Text("n") == "NaN"));
        var (_, ours) = _world.Join(
            """{"event":"*","schema":"public","table":"t"}""", _world.Emulator.IssueToken("u1", claims: new JsonObject { ["tenant"] = "c1" }));
        _world.Emulator.Insert("t", """{"id":1,"tenant":"c1","n":"NaN"}""");
        _world.Emulator.Insert("t", """{"id":2,"tenant":"c2","n":"NaN"}""");

        _world.Changes(ours).Should().Equal("""INSERT t {"n":null,"id":1,"tenant":"c"}""");
        _world.Emulator.Rows("t")[0].ToString().Should().Be("""{"n": "NaN", "id": 1, "tenant": "c1"}""");
    }

    private bool Matches(string type, string value, string condition)
    {
        _world.Emulator.CreateTable("t", t => t.Column("id", "int4").Column("v", type).PrimaryKey("id"));
        var (_, peer) = _world.Join($$"""{"event":"*","schema":"public","table":"t","filter":"v={{condition}}"}""");
        _world.Emulator.Insert("t", new JsonObject { ["id"] = 1, ["v"] = value });
        return _world.Changes(peer).Length == 1;
    }

    private string Refusal(string type, string condition)
    {
        _world.Emulator.CreateTable("t", t => t.Column("id", "int4").Column("v", type).PrimaryKey("id"));
        var (connection, peer) = _world.Open();
        connection.Receive(EmulatorWorld.JoinFrame($$"""{"event":"*","schema":"public","table":"t","filter":"v={{condition}}"}"""));
        _world.World.RunUntilIdle();
        return JsonNode.Parse(peer.Take()[^1])![4]!["message"]!.ToString();
    }
}
