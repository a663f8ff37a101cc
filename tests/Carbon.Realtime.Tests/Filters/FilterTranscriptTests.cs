using System.Text;
using System.Text.Json;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tests.Filters;

/// <summary>Every filtered binding and change of transcript 06, judged here and compared with the ids that the real server sent.</summary>
public sealed class FilterTranscriptTests
{
    private static readonly string Path = System.IO.Path.Combine(AppContext.BaseDirectory, "Transcripts", "06_filters_and_ids.jsonl");

    [Fact]
    public void The_verdict_on_every_recorded_change_is_the_servers()
    {
        var verdicts = Replay().ToList();

        verdicts.Where(verdict => verdict.Ours is FilterVerdict.Yes && !verdict.Server).Should().BeEmpty();
        verdicts.Where(verdict => verdict.Ours is FilterVerdict.No && verdict.Server).Should().BeEmpty();
        verdicts.Where(verdict => verdict.Ours is FilterVerdict.CannotTell && verdict.Type != "DELETE")
            .Select(verdict => verdict.Filter)
            .Distinct()
            .Should().BeEquivalentTo(
                ["name=match.^B.b$", "name=imatch.^b"],
                "regular expressions are the database's");
        verdicts.Where(verdict => verdict.Ours is FilterVerdict.CannotTell && verdict.Type == "DELETE" && verdict.Server)
            .Should().BeEmpty("a delete whose old row lacks the column is not delivered");
        verdicts.Count(verdict => verdict.Ours is FilterVerdict.Yes).Should().BeGreaterThan(40);
        verdicts.Count(verdict => verdict.Ours is FilterVerdict.No).Should().BeGreaterThan(40);
    }

    [Fact]
    public void Every_operator_was_seen_to_match_and_not_to_match()
    {
        var outcomes = Replay().Select(verdict => (verdict.Operator, verdict.Server)).ToHashSet();

        foreach (var op in Enum.GetValues<FilterOperator>())
        {
            outcomes.Should().Contain((op, true)).And.Contain((op, false));
        }
    }

    [Fact]
    public void Bindings_that_the_server_accepted_are_rendered_as_they_were_sent()
    {
        foreach (var filter in Replay().Select(verdict => verdict.Filter).Distinct())
        {
            RealtimeFilter.Parse(filter).ToString().Should().Be(filter.Trim());
        }
    }

    private static IEnumerable<Verdict> Replay()
    {
        var bindings = new Dictionary<string, List<(long Id, string Event, RealtimeFilter Filter, string Text)>>();
        foreach (var line in File.ReadLines(Path))
        {
            using var entry = JsonDocument.Parse(line);
            if (entry.RootElement.GetProperty("dir").GetString() != "recv")
            {
                continue;
            }

            using var frame = JsonDocument.Parse(entry.RootElement.GetProperty("frame").GetString()!);
            var topic = frame.RootElement.GetProperty("topic").GetString()!;
            var payload = frame.RootElement.GetProperty("payload");
            switch (frame.RootElement.GetProperty("event").GetString())
            {
                case "phx_reply" when payload.GetProperty("response").TryGetProperty("postgres_changes", out var echoed):
                    bindings[topic] = [.. Filtered(echoed)];
                    break;
                case "postgres_changes" when payload.GetProperty("data").GetProperty("table").GetString() == "filt":
                    foreach (var verdict in Judge(payload, bindings[topic]))
                    {
                        yield return verdict;
                    }

                    break;
            }
        }
    }

    private static IEnumerable<(long, string, RealtimeFilter, string)> Filtered(JsonElement echoed)
    {
        foreach (var binding in echoed.EnumerateArray())
        {
            // The server took `name=in.()` and never matched it; we refuse it. The empty filter is none.
            if (binding.TryGetProperty("filter", out var filter) && RealtimeFilter.TryParse(filter.GetString(), out var parsed, out _))
            {
                yield return (binding.GetProperty("id").GetInt64(), binding.GetProperty("event").GetString()!, parsed, filter.GetString()!);
            }
        }
    }

    private static IEnumerable<Verdict> Judge(
        JsonElement payload, List<(long Id, string Event, RealtimeFilter Filter, string Text)> bindings)
    {
        var data = payload.GetProperty("data");
        var type = data.GetProperty("type").GetString()!;
        var record = data.GetProperty(type == "DELETE" ? "old_record" : "record");
        var types = data.GetProperty("columns").EnumerateArray()
            .ToDictionary(column => column.GetProperty("name").GetString()!, column => column.GetProperty("type").GetString()!);
        var ids = payload.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64()).ToHashSet();
        foreach (var binding in bindings.Where(binding => binding.Event == "*" || binding.Event == type))
        {
            var ours = FilterVerdict.Yes;
            foreach (var condition in binding.Filter.Conditions)
            {
                var json = record.TryGetProperty(condition.ColumnUtf8, out var value) ? Encoding.UTF8.GetBytes(value.GetRawText()) : [];
                ours = ours.And(condition.Evaluate(json, Encoding.UTF8.GetBytes(types[condition.Column])));
            }

            yield return new Verdict(binding.Text, binding.Filter.Conditions[0].Operator, type, ours, ids.Contains(binding.Id));
        }
    }

    private sealed record Verdict(string Filter, FilterOperator Operator, string Type, FilterVerdict Ours, bool Server);
}
