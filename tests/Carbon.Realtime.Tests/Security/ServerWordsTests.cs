using Carbon.Realtime.Primitives;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Hostile;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Security;

/// <summary>What a server says reaches logs and exceptions as one line, not a long one, without a token.</summary>
public sealed class ServerWordsTests
{
    private const string Jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEiLCJlbWFpbCI6ImphbmUuZG9lQGV4YW1wbGUuY29tIn0.c2lnbmF0dXJl";

    /// <summary>A forged line, what a terminal obeys, text that runs backwards, and no end.</summary>
    private static readonly string Hostile =
        "x\r\nfail: Forged[1] all is lost\n\u001b[2J\u001b[31mred\u0000\u0085\u2028\u2029\u202egnp.exe\u2066\ufeff\ud83d " + Jwt + " " + new string('y', 100_000);

    [Theory]
    [InlineData("", "")]
    [InlineData("Token has expired 4 seconds ago", "Token has expired 4 seconds ago")]
    [InlineData("Größe „ß“ 😀 中", "Größe „ß“ 😀 中")]
    [InlineData("one\r\ntwo\tthree\u001b[31m", "one  two three [31m")]
    [InlineData("a\u202eb\u200bc\u2028d\ue000e", "a b c d e")]
    [InlineData("token " + Jwt + ", said the server", "token ***, said the server")]
    [InlineData("\"access_token\":\"" + Jwt + "\"", "\"access_token\":\"***\"")]
    [InlineData("keys sb_publishable_ABCdef_123-4 and sb_secret_ABCdef_123-4", "keys *** and ***")]
    [InlineData("eyJ, eyJabc and sb_secret_x are none", "eyJ, eyJabc and sb_secret_x are none")]
    public void Words_become_one_line_without_tokens(string said, string told) => ServerWords.Tell(said).Should().Be(told);

    [Theory]
    [InlineData("{\"alg\":\"none\"}", "{}", "")]
    [InlineData("{ \"alg\": \"HS256\" }", "{ \"sub\": \"user_1\" }", "c2lnbmF0dXJl")]
    [InlineData("{  \"alg\": \"HS256\" }", "{\"sub\":\"user_1\"}", "c2lnbmF0dXJl")]
    [InlineData("{\n  \"alg\": \"HS256\"\n}", "{\n  \"sub\": \"user_1\"\n}", "c2lnbmF0dXJl")]
    [InlineData("{\r\n\t\"alg\": \"HS256\"\r\n}", "{\r\n\t\"sub\": \"user_1\"\r\n}", "c2lnbmF0dXJl")]
    [InlineData("{\t\"alg\":\"HS256\"}", "{\t\"sub\":\"user_1\"}", "c2lnbmF0dXJl")]
    public void A_token_is_known_however_its_JSON_is_written(string header, string claims, string signature)
    {
        var token = $"{Encoded(header)}.{Encoded(claims)}.{signature}";
        ServerWords.Tell($"token={token}, said the server").Should().Be("token=***, said the server");
        ServerWords.Tell("Bearer" + token).Should().Be("Bearer***", "an encoded blank may stand between");

        static string Encoded(string json) => System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(json));
    }

    [Theory]
    [InlineData("eyes.on.it and newer.views.too")]
    [InlineData("Microsoft.EntityFrameworkCore.Relational.Query threw")]
    [InlineData("eyeglasses_of_customers.and.")]
    [InlineData("eyeglasses_of_customers..frames")]
    [InlineData("eyeglasses_of_customers.frames")]
    [InlineData("eyeglasses_of_customers")]
    [InlineData("ew")]
    [InlineData("e")]
    public void Words_that_begin_like_a_token_are_told(string said) => ServerWords.Tell(said).Should().Be(said);

    [Fact]
    public void No_half_of_a_character_is_left_by_a_cut_or_by_what_is_not_plain()
    {
        ServerWords.Tell("a\U0001F600x", 2).Should().Be("a…");
        ServerWords.Tell("a\U000E0041b\U0001F600c").Should().Be("a b\U0001F600c", "a tag is no text");
        ServerWords.Tell("a\ud83db\ude00").Should().Be("a b ");
    }

    [Fact]
    public void Half_a_character_becomes_a_blank() => ServerWords.Tell("\ud83d half \ude00 halves \ud83d").Should().Be("  half   halves  ");

    [Fact]
    public void Words_are_cut_and_a_token_that_is_cut_is_none()
    {
        ServerWords.Tell(new string('a', 2000)).Should().Be(new string('a', 1000) + "…");
        for (var length = 0; length < Jwt.Length; length++)
        {
            ServerWords.Tell(new string('.', 50) + " " + Jwt, 51 + length).Should().NotContainAny("eyJ", "hbGci", "zdWI");
        }
    }

    [Theory]
    [InlineData("upgrade")]
    [InlineData("close")]
    [InlineData("join")]
    [InlineData("join with a code")]
    [InlineData("join with a code without end")]
    [InlineData("system")]
    [InlineData("subscription")]
    [InlineData("subscription retried")]
    [InlineData("table of a subscription")]
    [InlineData("column of a subscription")]
    [InlineData("errors of a change")]
    public void Whatever_the_server_says_on_the_socket_is_told_as_one_short_line_without_a_token(string where)
    {
        var target = new Target();
        var (world, json) = (target.World, System.Text.Json.JsonSerializer.Serialize(Hostile));
        using var statuses = new StreamRecorder<RealtimeStatus>(target.Stream.StatusChanges);
        using var all = new StreamRecorder<RealtimeStatus>(world.Manager.StatusChanges);
        switch (where)
        {
            case "upgrade":
                world.Server.RefuseNext(403, $$"""{"error":{{json}}}""");
                world.Join();
                break;
            case "join" or "join with a code" or "join with a code without end":
                world.AutoJoin = false;
                world.Join();
                world.Socket.RefuseJoin(target.Join, where switch
                {
                    "join" => Hostile,
                    "join with a code" => "UnknownErrorOnChannel: " + Hostile,
                    _ => new string('C', 100_000) + ": " + Hostile,
                });
                break;
            default:
                target.Live();
                Say();
                break;
        }

        world.Run();
        world.Advance(1);
        List<string> told = [.. statuses.Items.Concat(all.Items).SelectMany(static s => new[] { s.ToString(), s.Error?.Message ?? "", s.Error?.ServerCode ?? "" })];
        told.Should().Contain(static text => text.Length > 100, "something was said");
        foreach (var text in told.Concat(world.Log.Lines))
        {
            text.Length.Should().BeLessThan(2500);
            text.Should().NotContainAny(Jwt, "eyJzdWIi");
            text.Where(static c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202e' or '\u2066').Should().BeEmpty(text);
        }

        void Say()
        {
            switch (where)
            {
                case "close":
                    world.Socket.CloseFromServer(4000, Hostile);
                    break;
                case "system":
                    world.Socket.System(target.Join, "system", "error", Hostile);
                    world.Socket.CloseChannel(target.Join);
                    break;
                case "subscription":
                    world.Socket.System(target.Join, "postgres_changes", "error", "Unable to subscribe to changes with given parameters. " + Hostile);
                    break;
                case "subscription retried":
                    world.Socket.System(target.Join, "postgres_changes", "error", Hostile);
                    break;
                case "table of a subscription":
                    world.Socket.System(target.Join, "postgres_changes", "error",
                        $"Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: {Hostile}, table: {Hostile}, filters: []]");
                    break;
                case "column of a subscription":
                    world.Socket.System(target.Join, "postgres_changes", "error",
                        "Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: [event: *, schema: public, table: salesOrder, "
                        + $"filters: [{{\"{Hostile}\", \"eq\", \"1\"}}]]. Exception: ERROR P0001 (raise_exception) invalid column for filter {Hostile}");
                    break;
                default:
                    target.World.Socket.Change(target.Join, "salesOrder", "INSERT", null, "{}", [1], $"[\"Error 400: Bad Request\",{json}]");
                    break;
            }
        }
    }

    [Theory]
    [InlineData(403, "42501")]
    [InlineData(400, "42P17")]
    [InlineData(404, "PGRST205")]
    [InlineData(400, "42703")]
    public async Task Whatever_the_server_says_to_a_read_is_told_as_one_short_line_without_a_token(int status, string code)
    {
        foreach (var (said, isTold) in ((string, bool)[])[(Hostile[..10_000], true), (Hostile, false)]) // more of a body is not read, and what is cut is no JSON
        {
            var world = new SnapshotWorld();
            world.Rest.Script = (_, _) => FakePostgrest.Answer(status, $$"""{"code":"{{code}}","message":{{System.Text.Json.JsonSerializer.Serialize(said)}}}""");
            var error = await world.FailAsync();
            error.Message.Contains("Forged[1]").Should().Be(isTold);
            foreach (var text in world.Log.Lines.Append(error.Message))
            {
                text.Length.Should().BeLessThan(1000);
                text.Should().NotContainAny(Jwt, "eyJzdWIi");
                text.Where(static c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202e' or '\u2066').Should().BeEmpty(text);
            }
        }
    }

    [Fact]
    public async Task A_code_or_a_type_without_end_is_not_told_to_its_end()
    {
        var endless = new string('A', 5_000);
        foreach (var answer in (Func<HttpResponseMessage>[])[() => FakePostgrest.Error(400, endless), () => FakePostgrest.Answer(200, "", "text/" + endless)])
        {
            var world = new SnapshotWorld();
            world.Rest.Script = (_, _) => answer();
            var error = await world.FailAsync();
            foreach (var text in world.Log.Lines.Append(error.Message).Append(error.ServerCode))
            {
                (text?.Length ?? 0).Should().BeLessThan(300);
            }
        }
    }

    [Fact]
    public async Task A_column_that_nobody_mapped_is_not_named_in_the_log_whatever_it_is_called()
    {
        var target = new Target().Live();
        for (var i = 0; i < 100; i++)
        {
            target.Deliver(
                $$$"""[null,null,"{{{target.Join.Topic}}}","postgres_changes",{"ids":[1],"data":{"record":{"id":"x","companyId":"co_1","status":"s","planted{{{i}}}\u001b[31m\nForged":{"a":tru}},"columns":[],"errors":null,"commit_timestamp":null,"table":"salesOrder","type":"INSERT","schema":"public"}}]""");
        }

        target.Seen.Items.Skip(1).Should().HaveCount(100).And.OnlyContain(static change => change.ToString() == "gap (Undecodable) at x");
        target.World.Log.Lines.Where(static l => l.Contains("could not be decoded")).Should().HaveCount(7, "it is one fault, told at its 1st, 2nd, 4th … row").And.OnlyContain(static l => l.Contains("decoded at ? into"));
        target.World.Log.Lines.Should().NotContain(static l => l.Contains("planted") || l.Contains("Forged"));

        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n == 1 ? """[{"id":"a","companyId":"c","name":"n","planted\u001b[31m\nForged":{"a":tru}}]""" : "[]");
        (await world.ScanAsync(world.Reader(SnapshotWorld.Parts)))[0].Unreadable.Should().ContainSingle();
        world.Log.Lines.Should().ContainSingle(static l => l.Contains("decoded at ? into")).Which.Should().NotContainAny("planted", "Forged");
    }
}
