using System.Text.RegularExpressions;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Tests.House;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>Each row of docs/protocol.md on what the server complains of: text → what to tell, what to do.</summary>
/// <remarks>The tests at the end hold these rows, the document's and the table's to each other.</remarks>
public sealed partial class ClassificationTableTests
{
    private const string JoinErrors = "Join errors";
    private const string Closing = "System messages: before phx_close";
    private const string Older = "servers before 2025: no code";

    public static TheoryData<ChannelCase> ChannelCases =>
    [
        Case(JoinErrors, "InvalidJWTToken: Token has expired 30 seconds ago", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        Case(JoinErrors, "InvalidJWTToken: Fields `role` and `exp` are required in JWT", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        Case(JoinErrors, "InvalidJWTToken: Token expiration time is invalid", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        Case(JoinErrors, "MalformedJWT: The token provided is not a valid JWT", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        Case(JoinErrors, "JwtSignatureError: Failed to validate JWT signature", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce),
        Case(JoinErrors, "JwtSignerError: Failed to generate JWT signer", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce),
        Case(JoinErrors, "Unauthorized: You do not have permissions to read from this Channel topic: X", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        Case(JoinErrors, "PrivateOnly: This project only allows private channels", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        Case(JoinErrors, "ChannelRateLimitReached: Too many channels", RealtimeErrorReason.RateLimited, Reaction.RetrySlowly),
        Case(JoinErrors, "ClientJoinRateLimitReached: Too many joins per second", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        Case(JoinErrors, "ConnectionRateLimitReached: Too many connected users", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        Case(JoinErrors, "IncreaseConnectionPool: Please increase your connection pool size", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "DatabaseLackOfConnections: Database can't accept more connections", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "DatabaseConnectionRateLimitReached: Too many database connections attempts per second", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "QueryCanceled: Query was cancelled, please try again", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "MissingPartition: a partition is missing", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "TimeoutOnRpcCall: Node request timeout", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "ErrorOnRpcCall: RPC call error: nodedown", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "InitializingProjectConnection: Realtime is initializing the project connection", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "UnableToConnectToProject: Realtime was unable to connect to the project database", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "RealtimeRestarting: Realtime is restarting, please standby", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "MusterJoinError: not in time", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "UnknownErrorOnChannel: no function clause matching in Access.get/3", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "Unknown Error on Channel", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "Realtime was unable to connect to the project database", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "UnableToReplayMessages: Replay is not allowed for public channels", RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly),
        Case(JoinErrors, "UnableToReplayMessages: Replay params are not valid", RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly),
        Case(JoinErrors, "UnableToReplayMessages: Realtime was unable to replay messages", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "TenantNotFound: Tenant with the given ID does not exist", RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly),
        Case(JoinErrors, "RealtimeDisabledForTenant: Realtime disabled for this tenant", RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly),
        Case(JoinErrors, "TopicNameRequired: You must provide a topic name", RealtimeErrorReason.ProtocolViolation, Reaction.RetrySlowly),
        Case(JoinErrors, "unmatched topic", RealtimeErrorReason.ProtocolViolation, Reaction.RetrySlowly),
        Case(JoinErrors, "join crashed", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),

        Case(Closing, "Token has expired 0 seconds ago", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        Case(Closing, "The token provided is not a valid JWT", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        Case(Closing, "Fields `role` and `exp` are required in JWT", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        Case(Closing, "You do not have permissions to read from this Channel topic: X", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        Case(Closing, "You no longer have permission to read from this Channel topic: X", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        Case(Closing, "Too many messages per second", RealtimeErrorReason.RateLimited, Reaction.Retry),
        Case(Closing, "Too many presence messages per second", RealtimeErrorReason.RateLimited, Reaction.Retry),
        Case(Closing, "Client presence rate limit exceeded", RealtimeErrorReason.RateLimited, Reaction.Retry),
        Case(Closing, "Track message size exceeded", RealtimeErrorReason.ProtocolViolation, Reaction.Retry),
        Case(Closing, "Replication connection was not established in time", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(Closing, "Realtime was unable to connect to the project database", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(Closing, "Query was cancelled, please try again", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(Closing, "Node request timeout", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(Closing, "RPC call error: nodedown", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(Closing, "Failed to generate JWT signer for kid x", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce),

        Case(Older, "Token as expired 30 seconds ago", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        Case(Older, "Access token has expired: signature_error", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        Case(Older, "Token expiration time is invalid", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly),
        Case(Older, "Failed to validate JWT signature", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce),
        Case(Older, "This project only allows private channels", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        Case(Older, "Tenant not found", RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly),
        Case(Older, "Realtime was disabled for this tenant", RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly),
        Case(Older, "Too many channels", RealtimeErrorReason.RateLimited, Reaction.RetrySlowly),
        Case(Older, "Too many joins per second", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        Case(Older, "Too many connected users", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
    ];

    /// <summary>System messages, extension postgres_changes: the row of the document, the text, and what the advice must say.</summary>
    public static TheoryData<string, string, string> RefusalCases => new()
    {
        { "not published", Refused("nope"), "public.nope does not exist or is not in the publication: alter publication supabase_realtime add table public.nope; a partitioned parent cannot" },
        { "not published, mixed case", Refused("salesOrder"), "add table public.\"salesOrder\"" },
        { "invalid column", Failed("""{"nocol", "eq", "1", false}""", "P0001 (raise_exception) invalid column for filter nocol"), "public.filt has no such column, or the role may not SELECT it" },
        { "invalid syntax", Failed("""{"n", "eq", "abc", false}""", "22P02 (invalid_text_representation) invalid input syntax for type integer: \"abc\""), "the filter on public.filt compares a column with a value that does not fit" },
        { "invalid enum", Failed("""{"n", "eq", "abc", false}""", "22P02 (invalid_text_representation) invalid input value for enum mood: \"abc\""), "a value that does not fit" },
        { "out of range", Failed("""{"n", "eq", "9999999999", false}""", "22003 (numeric_value_out_of_range) value \"9999999999\" is out of range for type integer"), "a value that does not fit" },
        { "like on a number", Failed("""{"n", "like", "1%", false}""", "P0001 (raise_exception) operator like requires a text-compatible column type, got integer"), "like, ilike, match or imatch, which need a text column" },
        { "is.true on a text", Failed("""{"name", "is", "true", false}""", "P0001 (raise_exception) is true filter requires a boolean column, got text"), "need a boolean column" },
        { "is.garbage", Failed("""{"name", "is", "garbage", false}""", "P0001 (raise_exception) invalid value for is filter: must be null, true, false, or unknown"), "null, true, false or unknown" },
        { "bad pattern", Failed("""{"name", "match", "(", false}""", "P0001 (raise_exception) invalid regular expression for match filter: parentheses () not balanced"), "no POSIX regular expression" },
        { "more than 100 values", Failed("""{"n", "in", "{0,1}", false}""", "P0001 (raise_exception) too many values for `in` filter. Maximum 100"), "more than 100 values" },
        { "filter not parsed", "Error parsing `filter` params: [\"foo\", \"1\"]", "several conditions need a server from 2.100, and not, like, ilike, is, match, imatch and isdistinct one from 2.112" },
        { "select not parsed", "Error parsing `select` params: expected a list of column name strings", "column selection" },
        { "select of all tables", "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.", "only of a table that is named" },
        { "no params", "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: %{}", "neither a schema nor a table" },
        { "another exception", Failed("", "42501 (insufficient_privilege) permission denied for schema hidden"), "the server failed over public.filt" },
        { "another refusal", "Unable to subscribe to changes with given parameters. Who knows why", "check that the table is in the publication" },
    };

    [Theory]
    [MemberData(nameof(ChannelCases))]
    public void A_refused_join_or_an_ended_channel(ChannelCase row)
    {
        var fault = FaultTable.Channel(row.Text);
        fault.Reason.Should().Be(row.Reason);
        fault.Reaction.Should().Be(row.Reaction);
        fault.Code.Should().Be(row.Code);
        Holds(row, FaultTable.ChannelRows).Should().BeTrue("a code is understood by itself, whatever the words after it");
        fault.ToException().IsTransient.Should().Be(row.Reaction != Reaction.RetrySlowly);
        fault.Message.Should().EndWith(row.Text, "the server's own words are told").And.NotStartWith("The server refused the channel", "that is for what no row knows");
    }

    [Theory]
    [MemberData(nameof(RefusalCases))]
    public void A_refused_subscription(string row, string text, string advice)
    {
        var (fault, serverRetries) = FaultTable.Subscription(text);
        serverRetries.Should().BeFalse(row);
        (fault.Reason, fault.Reaction).Should().Be((RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly), row);
        fault.ToException().IsTransient.Should().BeFalse();
        fault.Message.Should().StartWith("The server refuses the subscription: ").And.Contain(advice).And.EndWith(text);
    }

    [Fact]
    public void A_refused_subscription_of_a_role_that_does_not_exist_is_the_tokens_fault()
    {
        var (fault, serverRetries) = FaultTable.Subscription(NoSuchRole);
        (fault.Reason, fault.Reaction, serverRetries).Should().Be((RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, false));
        fault.Message.Should().StartWith("The server refuses the subscription: the claim `role` of the access token names no role of the database.");
    }

    [Theory]
    [InlineData("IncreaseSubscriptionConnectionPool: Too many database timeouts")]
    [InlineData("%DBConnection.ConnectionError{message: \"tcp recv: closed\"}")]
    [InlineData("")]
    public void Any_other_error_of_a_subscription_is_one_that_the_server_retries(string text)
    {
        var (fault, serverRetries) = FaultTable.Subscription(text);
        (fault.Reason, fault.Reaction, serverRetries).Should().Be((RealtimeErrorReason.ServerUnavailable, Reaction.Retry, true));
        fault.Message.Should().EndWith(text.Length == 0 ? "." : text);
    }

    [Theory]
    [InlineData("Something new", null)]
    [InlineData("BrandNewCode: something new", "BrandNewCode")]
    [InlineData("", null)]
    public void What_no_row_knows_is_taken_to_pass_by_itself_and_told_in_the_servers_words(string text, string? code)
    {
        var fault = FaultTable.Channel(text);
        (fault.Reason, fault.Reaction, fault.Code).Should().Be((RealtimeErrorReason.ServerUnavailable, Reaction.Retry, code));
        fault.ToException().IsTransient.Should().BeTrue();
        fault.Message.Should().Be(text.Length == 0 ? "The server refused the channel." : $"The server refused the channel. The server said: {text}");
    }

    [Fact]
    public void A_new_code_with_known_words_means_what_they_mean() =>
        FaultTable.Channel("BrandNewCode: Token has expired 3 seconds ago").Reaction.Should().Be(Reaction.RefreshTokenThenRetry);

    [Theory]
    [InlineData(401, """{"error":"API key is missing"}""", RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "API key is missing")]
    [InlineData(401, """{"error":"Token has expired"}""", RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "Token has expired")]
    [InlineData(401, """{"error":"Fields `role` and `exp` are required in JWT"}""", RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "`role` and `exp`")]
    [InlineData(401, """{"error":"The token provided is not a valid JWT"}""", RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "not a valid JWT")]
    [InlineData(401, """{"error":"Failed to validate JWT signature"}""", RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "set ApiKey")]
    [InlineData(401, """{"error":"Failed to generate JWT signer x"}""", RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "signer")]
    [InlineData(403, """{"error":"Realtime was disabled for this tenant"}""", RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly, "switched off")]
    [InlineData(403, "", RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "HTTP 403")]
    [InlineData(403, null, RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "HTTP 403")]
    [InlineData(404, """{"error":"Tenant not found"}""", RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly, "check Url")]
    [InlineData(414, "", RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "HTTP 414")]
    [InlineData(429, """{"error":"Too many connected users"}""", RealtimeErrorReason.RateLimited, Reaction.RetrySpread, "Too many connected users")]
    [InlineData(429, """{"error":"Too many joins per second"}""", RealtimeErrorReason.RateLimited, Reaction.RetrySpread, "Too many joins per second")]
    [InlineData(431, "", RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly, "HTTP 431")]
    [InlineData(500, """{"error":"Error connecting to Realtime"}""", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, "Error connecting to Realtime")]
    [InlineData(500, "<!DOCTYPE html><html>", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, "an API key that only looks like a JWT")]
    [InlineData(503, "", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, "HTTP 503")]
    [InlineData(200, "", RealtimeErrorReason.ServerUnreachable, Reaction.RetrySlowly, "check Url")]
    public void A_refused_upgrade(int status, string? body, RealtimeErrorReason reason, object reaction, string words)
    {
        var fault = FaultTable.Upgrade(status, body);
        (fault.Reason, fault.Reaction).Should().Be((reason, (Reaction)reaction));
        fault.Code.Should().Be(status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        fault.Message.Should().Contain(words).And.NotContain("DOCTYPE");
    }

    [Fact]
    public void Each_row_of_the_table_is_the_first_to_fit_one_of_these_texts()
    {
        FaultTable.ChannelRows.Should().BeSubsetOf(Channel.Select(static c => FaultTable.ChannelRow(c.Text, FaultTable.ChannelRows)!));
        FaultTable.SubscriptionRows.Where(static r => r.Reason == RealtimeErrorReason.SubscriptionRefused)
            .Should().BeSubsetOf(Refusals.Select(static r => FaultTable.SubscriptionRow(r.Text, FaultTable.SubscriptionRows)!));
    }

    /// <summary>The same, mechanically: each row is taken away, and given another reason, another reaction.</summary>
    [Fact]
    public void No_row_can_be_changed_without_failing_one_of_these_tests()
    {
        var survivors = new List<string>();
        foreach (var (rows, what) in Mutants(FaultTable.ChannelRows))
        {
            if (Channel.All(c => Holds(c, rows)))
            {
                survivors.Add(what);
            }
        }

        foreach (var (rows, what) in Mutants(FaultTable.SubscriptionRows))
        {
            if (Refusals.All(r => Holds(r.Text, r.Advice, rows)) && FaultTable.SubscriptionRow(NoSuchRole, rows) is { Reason: RealtimeErrorReason.TokenRejected, Reaction: Reaction.RetrySlowly })
            {
                survivors.Add(what);
            }
        }

        survivors.Should().BeEmpty();
    }

    [Fact]
    public void Each_text_of_the_document_is_one_of_these()
    {
        var joins = Channel.ToList();
        Covers(Section("## Join errors").Where(static l => l.StartsWith('|')).Skip(2).SelectMany(static l => Quoted(l.Split('|')[1])), joins.Where(static c => c.Section == JoinErrors));

        var closing = Section("## System messages").SkipWhile(static l => !l.StartsWith("`system`/error texts", StringComparison.Ordinal))
            .TakeWhile(static l => l.Length > 0).SelectMany(Quoted).Skip(2).ToList();
        closing.Should().HaveCountGreaterThan(12);
        Covers(closing, joins.Where(static c => c.Section == Closing));

        var refusals = Section("## System messages").Where(static l => l.StartsWith("| `postgres_changes` | error |", StringComparison.Ordinal) && !l.Contains("anything else", StringComparison.Ordinal))
            .SelectMany(static l => Quoted(l.Split('|')[3]));
        foreach (var text in refusals)
        {
            Refusals.Should().Contain(r => Pattern(text).IsMatch(r.Text), text);
        }
    }

    private static void Covers(IEnumerable<string> texts, IEnumerable<ChannelCase> cases)
    {
        foreach (var text in texts)
        {
            cases.Should().Contain(c => Pattern(text).IsMatch(c.Text), text);
        }
    }

    private static IEnumerable<string> Section(string heading) => File.ReadLines(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "protocol.md"))
        .SkipWhile(l => l != heading).Skip(1).TakeWhile(static l => !l.StartsWith("## ", StringComparison.Ordinal));

    private static IEnumerable<string> Quoted(string text) => Backticks().Matches(text).Select(static m => m.Groups["long"].Success ? m.Groups["long"].Value : m.Groups["short"].Value);

    /// <summary>… and the placeholders N and X stand for anything.</summary>
    private static Regex Pattern(string text) => new(Regex.Replace(Regex.Escape(text).Replace("…", ".*", StringComparison.Ordinal), @"\b[NX]\b", ".*"), RegexOptions.Singleline);

    private static string NoSuchRole => Failed("", "42704 (undefined_object) role \"ghost\" does not exist");

    private static IEnumerable<ChannelCase> Channel => ((IEnumerable<object?[]>)ChannelCases).Select(static c => (ChannelCase)c[0]!);

    private static IEnumerable<(string Text, string Advice)> Refusals => ((IEnumerable<object?[]>)RefusalCases).Select(static c => ((string)c[1]!, (string)c[2]!));

    private static bool Holds(ChannelCase row, IReadOnlyList<FaultTable.Row> rows) =>
        FaultTable.ChannelRow(row.Text, rows) is { } hit && hit.Code == row.Code && hit.Reason == row.Reason && hit.Reaction == row.Reaction;

    private static bool Holds(string text, string advice, IReadOnlyList<FaultTable.Row> rows) =>
        FaultTable.SubscriptionRow(text, rows) is { Reason: RealtimeErrorReason.SubscriptionRefused, Reaction: Reaction.RetrySlowly } hit
        && FaultTable.AdviceOn(hit.Advice!, RefusedBinding.Table(text)).Contains(advice, StringComparison.Ordinal);

    private static IEnumerable<(IReadOnlyList<FaultTable.Row> Rows, string What)> Mutants(IReadOnlyList<FaultTable.Row> rows)
    {
        for (var i = 0; i < rows.Count; i++)
        {
            yield return ([.. rows.Take(i), .. rows.Skip(i + 1)], $"without {rows[i]}");
            foreach (var reason in Enum.GetValues<RealtimeErrorReason>().Where(r => r != rows[i].Reason))
            {
                yield return ([.. rows.Take(i), rows[i] with { Reason = reason }, .. rows.Skip(i + 1)], $"{rows[i]} as {reason}");
            }

            foreach (var reaction in Enum.GetValues<Reaction>().Where(r => r != rows[i].Reaction))
            {
                yield return ([.. rows.Take(i), rows[i] with { Reaction = reaction }, .. rows.Skip(i + 1)], $"{rows[i]} as {reaction}");
            }
        }
    }

    private static ChannelCase Case(string section, string text, RealtimeErrorReason reason, object reaction) => new(section, text, reason, (int)(Reaction)reaction);

    private static string Refused(string table) =>
        $"Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: {table}, filters: [], select: nil]";

    private static string Failed(string filters, string exception) =>
        $"Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: [event: *, schema: public, table: filt, filters: [{filters}], select: nil]. Exception: ERROR {exception}";

    [GeneratedRegex("``(?<long>.+?)``|`(?<short>[^`]+)`")]
    private static partial Regex Backticks();

    /// <summary>One row: its section in the document, the text, what it means.</summary>
    public sealed record ChannelCase(string Section, string Text, RealtimeErrorReason Reason, int ReactionNumber)
    {
        internal Reaction Reaction => (Reaction)ReactionNumber;

        internal string? Code => Text.Split(": ") is [var code, _, ..] && !code.Contains(' ', StringComparison.Ordinal) ? code : null;

        public override string ToString() => $"{Section}: {Text}";
    }
}
