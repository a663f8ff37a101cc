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

    private const string ClaimsMissing = "The access token lacks the claim `role` or `exp`";
    private const string ExpiryInvalid = "The claim `exp` of the access token is not a number of seconds";
    private const string Malformed = "The access token is not a JWT";
    private const string OtherKey = "The access token is not signed with a key of the project";
    private const string PrivateOnly = "The project allows private channels only; set PrivateChannels";
    private const string NoMoreChannels = "The server allows no more channels on one socket; lower MaxChannels, or let go of some streams";
    private const string NoConnections = "The project's database has no connection to spare; enlarge the pool of Realtime if it stays so";
    private const string NoDatabase = "The server cannot reach the project's database";
    private const string ServerFailed = "The server failed";
    private const string NoPresence = "The server complains of presence, which this client does not send";

    /// <summary>What a person is told where the row says nothing of its own.</summary>
    private static readonly Dictionary<RealtimeErrorReason, string> Usually = new()
    {
        [RealtimeErrorReason.TokenExpired] = "The access token has expired",
        [RealtimeErrorReason.PermissionDenied] = "The signed-in user may not read this channel; check the project's Realtime policies",
        [RealtimeErrorReason.RateLimited] = "The server asks to slow down",
        [RealtimeErrorReason.ServerUnavailable] = "The server cannot serve right now",
        [RealtimeErrorReason.SubscriptionRefused] = "The server refuses what the channel asks for",
        [RealtimeErrorReason.ProjectNotFound] = "The server does not know this project; check Url",
        [RealtimeErrorReason.ProjectDisabled] = "Realtime is switched off for this project; enable it in the project's settings",
        [RealtimeErrorReason.ProtocolViolation] = "The server does not accept the channel's topic",
    };

    /// <summary>«…» is what the row looks for; without it the code alone tells.</summary>
    public static TheoryData<ChannelCase> ChannelCases =>
    [
        Case(JoinErrors, "InvalidJWTToken: Token has expired 30 seconds ago", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        Case(JoinErrors, "InvalidJWTToken: «Fields `role` and `exp` are required» in JWT", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, ClaimsMissing),
        Case(JoinErrors, "InvalidJWTToken: «Token expiration time is invalid»", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, ExpiryInvalid),
        Case(JoinErrors, "MalformedJWT: The token provided is not a valid JWT", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, Malformed),
        Case(JoinErrors, "JwtSignatureError: Failed to validate JWT signature", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce, OtherKey),
        Case(JoinErrors, "JwtSignerError: Failed to generate JWT signer", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce, OtherKey),
        Case(JoinErrors, "Unauthorized: You do not have permissions to read from this Channel topic: X", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        Case(JoinErrors, "PrivateOnly: This project only allows private channels", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly, PrivateOnly),
        Case(JoinErrors, "ChannelRateLimitReached: Too many channels", RealtimeErrorReason.RateLimited, Reaction.RetrySlowly, NoMoreChannels),
        Case(JoinErrors, "ClientJoinRateLimitReached: Too many joins per second", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        Case(JoinErrors, "ConnectionRateLimitReached: Too many connected users", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        Case(JoinErrors, "IncreaseConnectionPool: Please increase your connection pool size", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoConnections),
        Case(JoinErrors, "DatabaseLackOfConnections: Database can't accept more connections", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoConnections),
        Case(JoinErrors, "DatabaseConnectionRateLimitReached: Too many database connections attempts per second", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoConnections),
        Case(JoinErrors, "QueryCanceled: Query was cancelled, please try again", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "MissingPartition: a partition is missing", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "TimeoutOnRpcCall: Node request timeout", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "ErrorOnRpcCall: RPC call error: nodedown", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "InitializingProjectConnection: Realtime is initializing the project connection", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "UnableToConnectToProject: Realtime was unable to connect to the project database", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoDatabase),
        Case(JoinErrors, "RealtimeRestarting: Realtime is restarting, please standby", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "MusterJoinError: not in time", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "UnknownErrorOnChannel: no function clause matching in Access.get/3", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, ServerFailed),
        Case(JoinErrors, "«Unknown Error on Channel»", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, ServerFailed),
        Case(JoinErrors, "«Realtime was unable to connect to the project database»", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoDatabase),
        Case(JoinErrors, "UnableToReplayMessages: Replay is not allowed for public channels", RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly),
        Case(JoinErrors, "UnableToReplayMessages: Replay params are not valid", RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly),
        Case(JoinErrors, "UnableToReplayMessages: «Realtime was unable» to replay messages", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(JoinErrors, "TenantNotFound: Tenant with the given ID does not exist", RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly),
        Case(JoinErrors, "RealtimeDisabledForTenant: Realtime disabled for this tenant", RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly),
        Case(JoinErrors, "TopicNameRequired: You must provide a topic name", RealtimeErrorReason.ProtocolViolation, Reaction.RetrySlowly),
        Case(JoinErrors, "«unmatched topic»", RealtimeErrorReason.ProtocolViolation, Reaction.RetrySlowly),
        Case(JoinErrors, "«join crashed»", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, ServerFailed),

        Case(Closing, "«Token has expired» 0 seconds ago", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        Case(Closing, "«The token provided is not a valid JWT»", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, Malformed),
        Case(Closing, "«Fields `role` and `exp` are required» in JWT", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, ClaimsMissing),
        Case(Closing, "«You do not have permissions to read» from this Channel topic: X", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        Case(Closing, "«You no longer have permission to read» from this Channel topic: X", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly),
        Case(Closing, "«Too many» messages per second", RealtimeErrorReason.RateLimited, Reaction.Retry),
        Case(Closing, "«Too many» presence messages per second", RealtimeErrorReason.RateLimited, Reaction.Retry),
        Case(Closing, "Client presence «rate limit» exceeded", RealtimeErrorReason.RateLimited, Reaction.Retry),
        Case(Closing, "«Track message size exceeded»", RealtimeErrorReason.ProtocolViolation, Reaction.Retry, NoPresence),
        Case(Closing, "«Replication connection was not established in time»", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoDatabase),
        Case(Closing, "«Realtime was unable to connect to the project database»", RealtimeErrorReason.ServerUnavailable, Reaction.Retry, NoDatabase),
        Case(Closing, "«Query was cancelled», please try again", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(Closing, "«Node request timeout»", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(Closing, "«RPC call error»: nodedown", RealtimeErrorReason.ServerUnavailable, Reaction.Retry),
        Case(Closing, "«Failed to generate JWT signer» for kid x", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce, OtherKey),

        Case(Older, "«Token as expired» 30 seconds ago", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        Case(Older, "Access «token has expired»: signature_error", RealtimeErrorReason.TokenExpired, Reaction.RefreshTokenThenRetry),
        Case(Older, "«Token expiration time is invalid»", RealtimeErrorReason.TokenRejected, Reaction.RetrySlowly, ExpiryInvalid),
        Case(Older, "«Failed to validate JWT signature»", RealtimeErrorReason.TokenRejected, Reaction.RefreshTokenOnce, OtherKey),
        Case(Older, "This project «only allows private channels»", RealtimeErrorReason.PermissionDenied, Reaction.RetrySlowly, PrivateOnly),
        Case(Older, "«Tenant not found»", RealtimeErrorReason.ProjectNotFound, Reaction.RetrySlowly),
        Case(Older, "«Realtime was disabled for this tenant»", RealtimeErrorReason.ProjectDisabled, Reaction.RetrySlowly),
        Case(Older, "«Too many channels»", RealtimeErrorReason.RateLimited, Reaction.RetrySlowly, NoMoreChannels),
        Case(Older, "«Too many joins» per second", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
        Case(Older, "«Too many connected users»", RealtimeErrorReason.RateLimited, Reaction.RetrySpread),
    ];

    /// <summary>System messages, extension postgres_changes: the row of the document, what it looks for, the text, and the whole advice.</summary>
    public static TheoryData<string, string, string, string> RefusalCases => new()
    {
        {
            "not published", "Please check Realtime is enabled", Refused("nope"),
            "public.nope does not exist or is not in the publication: alter publication supabase_realtime add table public.nope; a partitioned parent cannot be subscribed, its partitions can"
        },
        {
            "not published, mixed case", "Please check Realtime is enabled", Refused("salesOrder"),
            "public.salesOrder does not exist or is not in the publication: alter publication supabase_realtime add table public.\"salesOrder\"; a partitioned parent cannot be subscribed, its partitions can"
        },
        { "invalid column", "invalid column for filter", Failed(Filter("nocol", "eq", "1"), "P0001 (raise_exception) invalid column for filter nocol"), "public.filt lacks the column nocol of the filter, or the role may not SELECT it" },
        { "invalid column among others", "invalid column for filter", Failed($"{Filter("companyId", "eq", "1")}, {Filter("nocol", "eq", "1")}", "P0001 (raise_exception) invalid column for filter nocol"), "public.filt lacks the column nocol of the filter, or the role may not SELECT it" },
        { "invalid column, cut off", "invalid column for filter", "Unable to subscribe. ERROR P0001 (raise_exception) invalid column for filter nocol", "the table lacks a column of the filter, or the role may not SELECT it" },
        { "invalid syntax", "invalid input ", Failed(Filter("n", "eq", "abc"), "22P02 (invalid_text_representation) invalid input syntax for type integer: \"abc\""), "the filter on public.filt compares the column n with a value that does not fit its type" },
        { "one of two columns", "invalid input ", Failed($"{Filter("n", "eq", "abc")}, {Filter("m", "eq", "1")}", "22P02 (invalid_text_representation) invalid input syntax for type integer: \"abc\""), "the filter on public.filt compares a column with a value that does not fit its type" },
        { "invalid enum", "invalid input ", Failed(Filter("n", "eq", "abc"), "22P02 (invalid_text_representation) invalid input value for enum mood: \"abc\""), "the filter on public.filt compares the column n with a value that does not fit its type" },
        { "out of range", "out of range", Failed(Filter("n", "eq", "9999999999"), "22003 (numeric_value_out_of_range) value \"9999999999\" is out of range for type integer"), "the filter on public.filt compares the column n with a value that does not fit its type" },
        { "like on a number", "requires a text-compatible column type", Failed(Filter("n", "like", "1%"), "P0001 (raise_exception) operator like requires a text-compatible column type, got integer"), "the filter on public.filt uses like, ilike, match or imatch on the column n; they need a text column" },
        { "is.true on a text", "requires a boolean column", Failed(Filter("name", "is", "true"), "P0001 (raise_exception) is true filter requires a boolean column, got text"), "the filter on public.filt uses is.true, is.false or is.unknown on the column name; they need a boolean column" },
        { "is.garbage", "invalid value for is filter", Failed(Filter("name", "is", "garbage"), "P0001 (raise_exception) invalid value for is filter: must be null, true, false, or unknown"), "the filter on public.filt uses is on the column name; it takes null, true, false or unknown" },
        { "bad pattern", "invalid regular expression", Failed(Filter("name", "match", "("), "P0001 (raise_exception) invalid regular expression for match filter: parentheses () not balanced"), "the filter on public.filt has a pattern for the column name that is no POSIX regular expression" },
        { "more than 100 values", "too many values for `in` filter", Failed(Filter("n", "in", "{0,1}"), "P0001 (raise_exception) too many values for `in` filter. Maximum 100"), "the filter on public.filt has more than 100 values for the column n" },
        { "no such role", "(undefined_object) role", NoSuchRole, "the claim `role` of the access token names no role of the database" },
        {
            "filter not parsed", "Error parsing `filter` params", "Error parsing `filter` params: [\"foo\", \"1\"]",
            "the server does not understand a filter; several conditions need a server from 2.100, and not, like, ilike, is, match, imatch and isdistinct one from 2.112"
        },
        { "select not parsed", "Error parsing `select` params", "Error parsing `select` params: expected a list of column name strings", "the server does not understand a column selection" },
        { "select of all tables", "Column selection is not supported", "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.", "the server selects columns only of a table that is named" },
        { "no params", "No subscription params provided", "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: %{}", "the server found neither a schema nor a table" },
        { "another exception", "An exception happened so please check your connect parameters", Failed("", "42501 (insufficient_privilege) permission denied for schema hidden"), "the server failed over public.filt; check the role's permissions and the filter" },
        {
            "another refusal", "Unable to subscribe to changes with given parameters", "Unable to subscribe to changes with given parameters. Who knows why",
            "check that the table is in the publication supabase_realtime, that the role may SELECT it, and the filter"
        },
    };

    [Theory]
    [MemberData(nameof(ChannelCases))]
    public void A_refused_join_or_an_ended_channel(ChannelCase row)
    {
        var fault = FaultTable.Channel(row.Text);
        fault.Reason.Should().Be(row.Reason);
        fault.Reaction.Should().Be(row.Reaction);
        fault.Code.Should().Be(row.Code);
        FaultTable.ChannelRow(row.Text, FaultTable.ChannelRows)!.Code.Should().Be(row.Code, "a code is understood by itself, whatever the words after it");
        fault.ToException().IsTransient.Should().Be(row.Reaction != Reaction.RetrySlowly);
        fault.Message.Should().Be($"{row.Told}. The server said: {row.Text}");
        FaultTable.ChannelRow(row.Text, FaultTable.ChannelRows)!.Text.Should().BeEquivalentTo(row.Sought);
    }

    [Theory]
    [MemberData(nameof(RefusalCases))]
    public void A_refused_subscription(string row, string sought, string text, string advice)
    {
        var (fault, serverRetries) = FaultTable.Subscription(text);
        serverRetries.Should().BeFalse(row);

        // One is no binding's fault but the token's.
        (fault.Reason, fault.Reaction).Should().Be((row == "no such role" ? RealtimeErrorReason.TokenRejected : RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly), row);
        fault.ToException().IsTransient.Should().BeFalse();
        fault.Message.Should().Be($"The server refuses the subscription: {advice}. The server said: {text}");
        fault.LogText.Should().Be($"The server refuses the subscription: {advice}.", "what the program asked for is quoted in the server's words");
        FaultTable.SubscriptionRow(text, FaultTable.SubscriptionRows)!.Text.Should().Be(sought);
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

    [Fact]
    public void Each_row_of_the_table_is_the_first_to_fit_one_of_these_texts()
    {
        FaultTable.ChannelRows.Should().BeSubsetOf(Channel.Select(static c => FaultTable.ChannelRow(c.Text, FaultTable.ChannelRows)!));
        FaultTable.SubscriptionRows.Should().BeSubsetOf(Refusals.Select(static r => FaultTable.SubscriptionRow(r.Text, FaultTable.SubscriptionRows)!));
    }

    /// <summary>The same, mechanically: each row is taken away, and given another code, text, reason, reaction and advice.</summary>
    [Fact]
    public void No_row_can_be_changed_without_failing_one_of_these_tests()
    {
        Mutants(FaultTable.ChannelRows, hasCodes: true).Where(static m => Channel.All(c => Holds(c, m.Rows))).Select(static m => m.What).Should().BeEmpty();
        Mutants(FaultTable.SubscriptionRows, hasCodes: false).Where(static m => Refusals.All(r => Holds(r, m.Rows))).Select(static m => m.What).Should().BeEmpty();
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

    private static IEnumerable<(string Sought, string Text, string Advice)> Refusals =>
        ((IEnumerable<object?[]>)RefusalCases).Select(static c => ((string)c[1]!, (string)c[2]!, (string)c[3]!));

    /// <summary>What the tests above ask of a case, with other rows.</summary>
    private static bool Holds(ChannelCase row, IReadOnlyList<FaultTable.Row> rows) =>
        FaultTable.ChannelRow(row.Text, rows) is { } hit && hit.Code == row.Code && hit.Text.Equals(row.Sought, StringComparison.OrdinalIgnoreCase)
        && FaultTable.Channel(row.Text, rows) is var fault && (fault.Reason, fault.Reaction) == (row.Reason, row.Reaction)
        && fault.Message == $"{row.Told}. The server said: {row.Text}";

    private static bool Holds((string Sought, string Text, string Advice) row, IReadOnlyList<FaultTable.Row> rows) =>
        FaultTable.SubscriptionRow(row.Text, rows)?.Text == row.Sought && FaultTable.Subscription(row.Text, rows) is ({ } fault, false)
        && (fault.Reason, fault.Reaction) == (row.Text == NoSuchRole ? RealtimeErrorReason.TokenRejected : RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly)
        && fault.Message == $"The server refuses the subscription: {row.Advice}. The server said: {row.Text}";

    /// <param name="rows">The table.</param>
    /// <param name="hasCodes">Whether its rows have codes, and may lack an advice.</param>
    private static IEnumerable<(IReadOnlyList<FaultTable.Row> Rows, string What)> Mutants(IReadOnlyList<FaultTable.Row> rows, bool hasCodes)
    {
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            yield return ([.. rows.Take(i), .. rows.Skip(i + 1)], $"without {row}");
            List<FaultTable.Row> others =
            [
                .. hasCodes ? [row with { Code = row.Code is null ? "Unauthorized" : null }, row with { Code = row.Code + "X" }] : (FaultTable.Row[])[],
                row with { Text = row.Text + "x" },
                .. row.Text.Length > 0 ? [row with { Text = "" }, row with { Text = row.Text[1..] }, row with { Text = row.Text[..^1] }] : (FaultTable.Row[])[],
                .. Enum.GetValues<RealtimeErrorReason>().Where(r => r != row.Reason).Select(r => row with { Reason = r }),
                .. Enum.GetValues<Reaction>().Where(r => r != row.Reaction).Select(r => row with { Reaction = r }),
                row with { Advice = row.Advice is null ? "Something else" : row.Advice + "s" },
                .. row.Advice is not null && hasCodes ? [row with { Advice = null }] : (FaultTable.Row[])[],
            ];
            foreach (var other in others)
            {
                yield return ([.. rows.Take(i), other, .. rows.Skip(i + 1)], $"{row} as {other}");
            }
        }
    }

    private static ChannelCase Case(string section, string marked, RealtimeErrorReason reason, object reaction, string? told = null) =>
        new(section, marked, reason, (int)(Reaction)reaction, told ?? Usually[reason]);

    private static string Refused(string table) =>
        $"Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: {table}, filters: [], select: nil]";

    private static string Filter(string column, string name, string value) => $$"""{"{{column}}", "{{name}}", "{{value}}", false}""";

    private static string Failed(string filters, string exception) =>
        $"Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: [event: *, schema: public, table: filt, filters: [{filters}], select: nil]. Exception: ERROR {exception}";

    [GeneratedRegex("``(?<long>.+?)``|`(?<short>[^`]+)`")]
    private static partial Regex Backticks();

    /// <summary>One row: its section in the document, the text with «what is looked for», what it means, and what a person is told.</summary>
    public sealed record ChannelCase(string Section, string Marked, RealtimeErrorReason Reason, int ReactionNumber, string Told)
    {
        internal Reaction Reaction => (Reaction)ReactionNumber;

        internal string Text => Marked.Replace("«", "", StringComparison.Ordinal).Replace("»", "", StringComparison.Ordinal);

        internal string Sought => Marked.Contains('«', StringComparison.Ordinal) ? Marked.Split('«', '»')[1] : "";

        internal string? Code => Text.Split(": ") is [var code, _, ..] && !code.Contains(' ', StringComparison.Ordinal) ? code : null;

        public override string ToString() => $"{Section}: {Text}";
    }
}
