using System.Text.RegularExpressions;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.Replays;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>What the server was recorded to complain of, and what docs/protocol.md says that it means.</summary>
public sealed class RecordedFaultTests
{
    private static readonly string[] Scenarios =
        ["10_join_errors", "11_join_token_errors", "13_token_expiry", "21_limit_joins_per_second"];

    /// <summary>Join errors, and system errors of extension <c>system</c>: text → what to tell and what to do. N stands for any number.</summary>
    private static readonly Dictionary<string, (RealtimeErrorReason Reason, Reaction Reaction, string? Code)> Channel = new()
    {
        ["InvalidJWTToken: Token has expired N seconds ago"] =
            (RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry, "InvalidJWTToken"),
        ["InvalidJWTToken: Fields `role` and `exp` are required in JWT"] =
            (RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, "InvalidJWTToken"),
        ["MalformedJWT: The token provided is not a valid JWT"] =
            (RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, "MalformedJWT"),
        ["JwtSignatureError: Failed to validate JWT signature"] =
            (RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce, "JwtSignatureError"),
        ["Unauthorized: You do not have permissions to read from this Channel topic: private-ok"] =
            (RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly, "Unauthorized"),
        ["Unauthorized: You do not have permissions to read from this Channel topic: private-other"] =
            (RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly, "Unauthorized"),
        ["ClientJoinRateLimitReached: Too many joins per second"] =
            (RealtimeErrorReason.RateLimited, Reaction.RetrySpread, "ClientJoinRateLimitReached"),
        ["UnknownErrorOnChannel: no function clause matching in Access.get/N"] =
            (RealtimeErrorReason.ServerUnavailable, Reaction.Retry, "UnknownErrorOnChannel"),
        ["Token has expired N seconds ago"] =
            (RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry, null),
        ["unmatched topic"] =
            (RealtimeErrorReason.ProtocolViolation, Reaction.RetrySlowly, null),
    };

    /// <summary>System errors of extension <c>postgres_changes</c> by their first words: the server tries none of these again.</summary>
    private static readonly string[] Refused =
    [
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled",
        "Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters",
        "Error parsing `filter` params",
        "Error parsing `select` params",
        "No subscription params provided",
        "Column selection is not supported for wildcard subscriptions",
    ];

    [Fact]
    public void Every_refused_join_and_ended_channel_is_classified_as_documented()
    {
        var said = Frames("phx_reply").Select(f => ReplyPayload.TryParse(f)!).Where(r => !r.IsOk).Select(r => r.Reason)
            .Concat(Frames("system").Select(f => SystemPayload.TryParse(f)!)
                .Where(s => s is { IsOk: false, Extension: not SystemPayload.PostgresChanges }).Select(s => s.Message))
            .ToList();

        foreach (var text in said)
        {
            var fault = FaultTable.Channel(text);
            Channel.Should().ContainKey(Pattern(text));
            (fault.Reason, fault.Reaction, fault.Code).Should().Be(Channel[Pattern(text)], text);
            fault.Message.Should().EndWith(text, "the server's own words are told");
        }

        said.Select(Pattern).Distinct().Should().BeEquivalentTo(Channel.Keys, "each row of the table was recorded");
    }

    [Fact]
    public void Every_refused_subscription_is_classified_as_documented()
    {
        var said = Frames("system").Select(f => SystemPayload.TryParse(f)!)
            .Where(s => s is { IsOk: false, Extension: SystemPayload.PostgresChanges }).Select(s => s.Message).ToList();

        foreach (var text in said)
        {
            var (fault, serverRetries) = FaultTable.Subscription(text);
            Refused.Should().Contain(start => text.StartsWith(start, StringComparison.Ordinal), text);

            // One of them is no binding's fault but the token's, whose role the database does not have.
            var reason = text.Contains("role \"ghost\"", StringComparison.Ordinal) ? RealtimeErrorReason.TokenRejected : RealtimeErrorReason.SubscriptionRefused;
            (fault.Reason, fault.Reaction, serverRetries).Should().Be((reason, Reaction.RetrySlowly, false), text);
            fault.Message.Should().EndWith(text.Replace('\n', ' '), "it is told as one line");
        }

        Refused.Should().OnlyContain(start => said.Any(text => text.StartsWith(start, StringComparison.Ordinal)), "each row was recorded");
    }

    [Fact]
    public void Every_recorded_error_of_a_change_is_the_tables_configuration()
    {
        var reader = new ChangeReader();
        var codes = new List<string?>();
        foreach (var payload in Frames("postgres_changes"))
        {
            reader.TryRead(payload, out var change, out _).Should().BeTrue();
            if (change.Errors.IsEmpty)
            {
                continue;
            }

            var fault = FaultTable.Change(System.Text.Encoding.UTF8.GetString(change.Errors));
            (fault.Reason, fault.Reaction).Should().Be((RealtimeErrorReason.TableMisconfigured, Reaction.RetrySlowly));
            codes.Add(fault.Code);
        }

        codes.Distinct().Should().BeEquivalentTo(["400", "401"]);
    }

    private static IEnumerable<byte[]> Frames(string eventName) =>
        from name in Scenarios
        from line in Transcript.Read(name)
        where line is { Direction: "recv", IsBinary: false }
        let frame = RecordedFrame.Parse(line.Bytes)
        where frame.Event == eventName
        select System.Text.Encoding.UTF8.GetBytes(frame.Payload.GetRawText());

    private static string Pattern(string text) => Regex.Replace(text, @"\b\d+\b", "N");
}
