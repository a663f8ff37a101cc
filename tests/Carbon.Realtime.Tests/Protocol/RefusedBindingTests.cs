using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.Replays;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>Which binding a refusal is about is read from its words, or not at all.</summary>
public sealed class RefusedBindingTests
{
    private const string Words = "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: ";
    private static readonly JoinBinding Orders = new("*", "public", "salesOrder", "companyId=eq.co_1");
    private static readonly JoinBinding Todos = new("*", "public", "todos", null);

    [Fact]
    public void Every_recorded_refusal_names_its_binding_among_others()
    {
        var named = 0;
        foreach (var (refusal, bad) in Recorded())
        {
            // Neighbours: another table, the same one without a filter, with another filter, for another event.
            List<JoinBinding> bindings =
            [
                Orders, bad with { Filter = bad.Filter is null ? "n=eq.77" : null }, bad with { Filter = "n=eq.78" }, bad with { Event = "DELETE" }, bad,
                bad with { Schema = bad.Schema + "x" },
            ];
            RefusedBinding.Find(refusal, bindings).Should().Be(bad, refusal);
            named++;
        }

        named.Should().Be(16);
    }

    [Fact]
    public void A_refusal_that_is_cut_off_anywhere_names_the_right_one_or_none()
    {
        foreach (var (refusal, bad) in Recorded())
        {
            for (var length = 0; length < refusal.Length; length += 3)
            {
                RefusedBinding.Find(refusal[..length], [Orders, bad, bad with { Filter = "n=eq.78" }]).Should().Match<JoinBinding?>(b => b == null || b == bad);
                _ = FaultTable.Subscription(refusal[..length]);
            }
        }
    }

    [Theory]
    [InlineData("""[event: *, schema: public, table: todos, filters: [{"id", "eq", "1", false}], select: nil]""", "id=eq.1")]
    [InlineData("""[event: *, schema: public, table: todos, filters: [{"id", "eq", "1"}]]""", "id=eq.1")]
    [InlineData("""[event: *, schema: public, table: todos, filters: [{"id", "eq", "1", true}], select: nil]""", "id=not.eq.1")]
    [InlineData("[event: *, schema: public, table: todos, filters: [\n  {\"id\", \"in\",\n   \"{1,2,\\\"a,b\\\"}\",\n   false},\n  {\"title\", \"eq\", \"a, \\\"b\\\" \\\\ \\#{c}\", false}\n], select: nil]", "id=in.(1,2,\"a,b\"),title=eq.\"a, \\\"b\\\" \\\\ #{c}\"")]
    [InlineData("""[event: *, schema: public, table: todos, filters: [{"title", "eq", "ä\n\x{200B}", false}], select: nil]""", "title=eq.ä\n\u200b")]
    [InlineData("[event: *, schema: public, table: todos, filters: [], select: nil]", null)]
    [InlineData("""[event: *, schema: public, table: "todos", filters: [], select: nil]""", null)]
    [InlineData("""Error parsing `filter` params: ["match", "x.y"]""", "title=match.x.y")]
    [InlineData("""Error parsing `filter` params: ["not", "eq.1"]""", "id=not.eq.1,title=eq.x")]
    [InlineData("""No subscription params provided: %{"event" => "*", "filter" => "id=eq.3", "schema" => "public", "table" => "todos"}""", "id=eq.3")]
    [InlineData("""No subscription params provided: %{"event" => "*", "filter" => nil, "schema" => "public", "table" => "todos"}""", null)]
    public void Where_several_bindings_share_the_table_the_filter_decides(string quoted, string? filter)
    {
        var bad = Todos with { Filter = filter };
        List<JoinBinding> bindings = [.. new[] { Todos, Todos with { Filter = "id=eq.11" }, Todos with { Filter = "done=is.true" }, Orders, bad }.Distinct()];
        RefusedBinding.Find(Words + quoted, bindings).Should().Be(bad);
    }

    [Theory]
    [InlineData("[event: *, schema: public, table: todos]")]
    [InlineData("[event: *, schema: public, table: todos, filters: [{\"id\", \"eq\", \"5\", false}], select: nil]")]
    [InlineData("[event: *, schema: public, table: todos, filters: [{\"id\", \"eq\", \"1\" <> ..., false}], select: nil]")]
    [InlineData("[event: *, schema: public, table: todo, filters: [], select: nil]")]
    [InlineData("[event: INSERT, schema: public, table: todos, filters: [], select: nil]")]
    [InlineData("Error parsing `filter` params: [\"eq\"]")]
    [InlineData("Error parsing `filter` params: `in` filter value must be wrapped by parentheses")]
    [InlineData("No subscription params provided: %{}")]
    [InlineData("something else")]
    [InlineData("")]
    public void Where_none_or_more_than_one_fits_nothing_is_told(string quoted) =>
        RefusedBinding.Find(Words + quoted, [Todos with { Filter = "id=eq.1" }, Todos with { Filter = "id=eq.12" }, Todos with { Filter = "id=eq.1,title=eq.x" }, Orders])
            .Should().BeNull();

    [Fact]
    public void Names_that_look_like_the_quotation_itself_confuse_nobody()
    {
        var odd = new JoinBinding("*", "public", "todos, filters: [], select: nil]", null);
        RefusedBinding.Find(Words + "[event: *, schema: public, table: todos, filters: [], select: nil], filters: [], select: nil]", [odd, Todos])
            .Should().BeNull("both fit");
        RefusedBinding.Find(Words + "[event: *, schema: public, table: todos, filters: [], select: nil]", [odd, Todos]).Should().Be(Todos);
    }

    /// <summary>Recorded refusals that quote parameters, with the binding that was sent.</summary>
    private static IEnumerable<(string Refusal, JoinBinding Bad)> Recorded()
    {
        var joins = new Dictionary<string, JsonElement[]>();
        foreach (var line in Transcript.Read("10_join_errors").Where(static l => !l.IsBinary && l.Direction is "send" or "recv"))
        {
            var frame = RecordedFrame.Parse(line.Bytes);
            if (frame.Event == "phx_join" && frame.Payload.TryGetProperty("config", out var config) && config.ValueKind == JsonValueKind.Object && config.TryGetProperty("postgres_changes", out var list)
                && list.ValueKind == JsonValueKind.Array)
            {
                joins[frame.Topic] = [.. list.EnumerateArray()];
            }
            else if (frame.Event == "system" && SystemPayload.TryParse(System.Text.Encoding.UTF8.GetBytes(frame.Payload.GetRawText())) is { IsOk: false } said
                && said.Message.Contains("[event: ", StringComparison.Ordinal)
                && joins.TryGetValue(frame.Topic, out var asked) && asked[^1] is var sent && sent.TryGetProperty("table", out var table))
            {
                yield return (said.Message, new JoinBinding("*", sent.GetProperty("schema").GetString()!, table.GetString()!,
                    sent.TryGetProperty("filter", out var filter) ? filter.GetString() : null));
            }
        }
    }
}
