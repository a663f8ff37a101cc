using System.Globalization;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>
/// docs/protocol.md, "Refused upgrades", "Close codes" and "Error shapes": what is told and what is done, word for word, so that no arm of the switches
/// can be changed unnoticed.
/// </summary>
public sealed class SocketFaultTableTests
{
    private const string WrongKey = "The server refuses the API key; set ApiKey to the project's anon or publishable key";
    private const string Disabled = "Realtime is switched off for this project; enable it in the project's settings";
    private const string Unknown = "The server does not know this project; check Url";
    private const string SlowDown = "The server asks to slow down";
    private const string Unable = "The server cannot serve right now";
    private const string LooksLikeAJwt = "The server failed, as it does over an API key that only looks like a JWT";
    private const string NoServer = "The address does not answer like a Realtime server; check Url";
    private const string Closed = "The server closed the connection";
    private const string Misconfigured = "The server cannot send this table's changes to this role; give the table a primary key and the role SELECT on its columns";

    [Theory]
    [InlineData(401, """{"error":"API key is missing"}""", WrongKey + ". The server said: HTTP 401, API key is missing")]
    [InlineData(401, """{"error":"Token has expired"}""", WrongKey + ". The server said: HTTP 401, Token has expired")]
    [InlineData(401, """{"error":"Fields `role` and `exp` are required in JWT"}""", WrongKey + ". The server said: HTTP 401, Fields `role` and `exp` are required in JWT")]
    [InlineData(401, """{"error":"The token provided is not a valid JWT"}""", WrongKey + ". The server said: HTTP 401, The token provided is not a valid JWT")]
    [InlineData(401, """{"error":"Failed to validate JWT signature"}""", WrongKey + ". The server said: HTTP 401, Failed to validate JWT signature")]
    [InlineData(401, """{"error":"Failed to generate JWT signer x"}""", WrongKey + ". The server said: HTTP 401, Failed to generate JWT signer x")]
    [InlineData(403, """{"error":"Realtime was disabled for this tenant"}""", Disabled + ". The server said: HTTP 403, Realtime was disabled for this tenant")]
    [InlineData(403, "", WrongKey + ". The server said: HTTP 403")]
    [InlineData(403, null, WrongKey + ". The server said: HTTP 403")]
    [InlineData(404, """{"error":"Tenant not found"}""", Unknown + ". The server said: HTTP 404, Tenant not found")]
    [InlineData(429, """{"error":"Too many connected users"}""", SlowDown + ". The server said: HTTP 429, Too many connected users")]
    [InlineData(429, """{"error":"Too many joins per second"}""", SlowDown + ". The server said: HTTP 429, Too many joins per second")]
    [InlineData(500, """{"error":"Error connecting to Realtime"}""", Unable + ". The server said: HTTP 500, Error connecting to Realtime")]
    [InlineData(500, "<!DOCTYPE html><html>", LooksLikeAJwt + ". The server said: HTTP 500")]
    [InlineData(500, """{"message":"no error in it"}""", LooksLikeAJwt + ". The server said: HTTP 500")]
    [InlineData(503, "<!DOCTYPE html><html>", Unable + ". The server said: HTTP 503")]
    [InlineData(200, "[]", NoServer + ". The server said: HTTP 200")]
    public void A_refused_upgrade(int status, string? body, string message)
    {
        var fault = FaultTable.Upgrade(status, body);
        fault.Message.Should().Be(message);
        fault.Code.Should().Be(status.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Every_status_means_what_its_row_says()
    {
        for (var status = 100; status < 600; status++)
        {
            foreach (var body in new[] { "", """{"error":"words"}""" })
            {
                var fault = FaultTable.Upgrade(status, body);
                (fault.Reason, fault.Reaction).Should().Be(
                    status switch
                    {
                        401 or 414 or 431 => (RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly),
                        403 when body.Length > 0 => (RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly),
                        403 => (RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly),
                        404 => (RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly),
                        429 => (RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
                        < 500 => (RealtimeErrorReason.ServerUnreachable, Reaction.RetrySlowly),
                        _ => (RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
                    },
                    $"HTTP {status} {body}");
                fault.ToException().IsTransient.Should().Be(fault.Reaction != Reaction.RetrySlowly);
            }
        }
    }

    [Theory]
    [InlineData(null, null, "The connection was lost.")]
    [InlineData(null, "", "The connection was lost.")]
    [InlineData(null, "reset by peer", "The connection was lost (reset by peer).")]
    [InlineData(1000, null, Closed + ", as it does after 60 s without a heartbeat. The server said: close code 1000")]
    [InlineData(1001, null, "The server asks to slow down or goes away. The server said: close code 1001")]
    [InlineData(1006, null, Closed + ". The server said: close code 1006")]
    [InlineData(1009, null, "The server found a frame of ours too large. The server said: close code 1009")]
    [InlineData(1011, "", Closed + ". The server said: close code 1011")]
    [InlineData(1012, "deploy", "The server restarts or its settings changed. The server said: close code 1012, deploy")]
    [InlineData(4000, "mine", Closed + ". The server said: close code 4000, mine")]
    public void A_close(int? code, string? words, string message)
    {
        var fault = FaultTable.Close(code, words);
        fault.Message.Should().Be(message);
        fault.Code.Should().Be(code?.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Every_close_code_leads_to_a_reconnect_and_two_of_them_to_one_that_is_spread_out()
    {
        foreach (var code in Enumerable.Range(1000, 4000).Select(static c => (int?)c).Append(null))
        {
            var fault = FaultTable.Close(code, null);
            (fault.Reason, fault.Reaction).Should().Be(
                code switch
                {
                    1001 => (RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
                    1012 => (RealtimeErrorReason.ConnectionLost, Reaction.RetrySpread),
                    _ => (RealtimeErrorReason.ConnectionLost, Reaction.Retry),
                },
                $"close code {code}");
        }
    }

    [Theory]
    [InlineData("""["Error 400: Bad Request, no primary key"]""", "400", RealtimeErrorReason.TableMisconfigured, Reaction.RetrySlowly, Misconfigured)]
    [InlineData("""["Error 401: Unauthorized"]""", "401", RealtimeErrorReason.TableMisconfigured, Reaction.RetrySlowly, Misconfigured)]
    [InlineData("""["Error 413: Payload Too Large"]""", "413", RealtimeErrorReason.Unknown, Reaction.Retry, "The row is too large to be sent whole")]
    [InlineData("""["Something new"]""", null, RealtimeErrorReason.TableMisconfigured, Reaction.RetrySlowly, Misconfigured)]
    public void The_errors_of_a_change(string errors, string? code, RealtimeErrorReason reason, object reaction, string told)
    {
        var fault = FaultTable.Change(errors);
        (fault.Code, fault.Reason, fault.Reaction).Should().Be((code, reason, (Reaction)reaction));
        fault.Message.Should().Be($"{told}. The server said: {errors}");
    }

    [Fact]
    public void A_join_that_is_too_large()
    {
        var fault = FaultTable.TooLarge(5_000_001);
        (fault.Code, fault.Reason, fault.Reaction).Should().Be((null, RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly));
        fault.Message.Should().Be("The subscription is too large: its join takes 5000001 bytes, and the server accepts 5000000; shorten its filter.");
    }
}
