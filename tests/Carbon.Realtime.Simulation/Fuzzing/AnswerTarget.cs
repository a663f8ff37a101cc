using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>
/// An answer that is no success: its status in the first line, its body behind it. Of a read, and of a refused upgrade of the socket. Declared: nothing throws. What is told is a reason of the list and one line that a log
/// can hold. No token is in it, whoever quotes one; and of a read no word of the server's but where it holds names and no values.
/// </summary>
internal sealed partial class AnswerTarget : FuzzTarget
{
    private const int LongestMessage = 1_000;

    /// <summary>The server's words, as long as they may be, and the advice before them.</summary>
    private const int LongestRefusal = 1_500;

    /// <summary>A value of a row, as a server quotes one: nothing that was asked for is called so.</summary>
    private const string Marker = "zqx-planted-value-zqx";

    /// <summary>A token, which no message may show, whoever quotes it.</summary>
    private const string Planted = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJl";

    /// <summary>The codes whose message holds names and no values: the oracle's own list.</summary>
    private static readonly string[] NamingCodes = ["42501", "PGRST205", "42P01", "PGRST106", "42703", "42883", "42P17"];

    private static readonly string[] Codes = ["PGRST301", "PGRST303", "PGRST205", "42501", "42703", "57014", "53300", "22P02", "XX000", "", "PGRST", "42P01\n", "lang als zehn"];

    public override string Name => "answer";

    public override (long Fixed, long PerByte) Budget => (24 * 1024, 96);

    public override IReadOnlyList<byte[]> Recorded { get; } = [.. ((string[])
    [
        "401\n{\"code\":\"PGRST301\",\"details\":\"None of the keys was able to decode the JWT\",\"hint\":null,\"message\":\"No suitable key or wrong key type\"}",
        "404\n{\"code\":\"PGRST205\",\"details\":null,\"hint\":\"Perhaps you meant the table 'public.order'\",\"message\":\"Could not find the table 'public.ordr' in the schema cache\"}",
        "400\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input syntax for type integer: \\\"secret\\\"\"}", "502\n<html><body>Bad Gateway</body></html>", "403\n{\"error\":\"Realtime is disabled\"}", "429\n{\"message\":\"API rate limit exceeded\"}", "500\n",
    ]).Select(Encoding.UTF8.GetBytes)];

    public override byte[] Write(Chance chance) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{100 + chance.Below(500)}\n") + HostileJson.Object(chance,
        ("code", chance.OneIn(3) ? HostileJson.Value(chance, 1) : HostileJson.Quote(chance.Of(Codes))), ("details", HostileJson.Value(chance, 1)), ("hint", "null"),
        ("message", chance.OneIn(2) ? HostileJson.Value(chance, 1) : $"\"column order.{new string('y', chance.Below(700))} does not exist{(chance.OneIn(4) ? " " + Planted : "")}\""), ("error", HostileJson.Value(chance, 2))));

    protected override Verdict Judge(byte[] input)
    {
        var line = Array.IndexOf(input, (byte)'\n');
        var status = line > 0 && int.TryParse(Encoding.UTF8.GetString(input[..line]), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number % 1000 : 400;
        var body = input[(line + 1)..];
        var text = Encoding.UTF8.GetString(body);
        Begin();
        var fault = RestFaultTable.Answer(status, body, null);
        var page = RestFaultTable.NoJson(text);
        var upgrade = FaultTable.Upgrade(status, text);
        var close = FaultTable.Close(status, text);
        var lost = FaultTable.Close(null, text);
        End();
        Check(fault);
        Check(page);
        Check(upgrade);
        Check(close);
        Check(lost);
        CheckPlanted(status, body);
        var isCoded = fault.Code is { Length: > 0 } && fault.Code != status.ToString(CultureInfo.InvariantCulture);
        return isCoded ? Verdict.Accepted($"by code: {fault.Reason}") : Verdict.Refused($"by status: {fault.Reason}");
    }

    private static void Check(RestFault fault)
    {
        Require(Enum.IsDefined(fault.Reason) && Enum.IsDefined(fault.Reaction), "a reason of no list");
        CheckWords(fault.Message, LongestMessage);
        Require(fault.Code is null || fault.Code.Length <= 10, "a long code");
        var told = fault.ToException();
        Require(told.Reason == fault.Reason && told.Message == fault.Message, "another reason");
    }

    private static void Check(ServerFault fault)
    {
        Require(Enum.IsDefined(fault.Reason) && Enum.IsDefined(fault.Reaction), "a refusal of no list");
        CheckWords(fault.Message, LongestRefusal);
        CheckWords(fault.LogText, LongestRefusal);
        var told = fault.ToException();
        Require(told.Reason == fault.Reason && told.Message == fault.Message, "another refusal");
    }

    private static void CheckWords(string told, int longest)
    {
        Require(told.Length > 0 && told.Length < longest, $"a message of many characters: {told.Length}");
        Require(!told.Any(static c => char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator), "a message of several lines");
        Require(!Token().IsMatch(told), $"a message shows a token: {told}");
    }

    /// <summary>The same answer, in whose every member somebody quotes a value and a token.</summary>
    private static void CheckPlanted(int status, byte[] body)
    {
        JsonObject? planted;
        try
        {
            planted = JsonNode.Parse(body) as JsonObject;
            foreach (var name in (string[])["message", "details", "hint", "error_description"])
            {
                planted?.Remove(name);
                planted?.Add(name, $"{name} {Planted} {Marker}");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return; // no JSON, no Unicode, or a name that stands twice
        }

        if (planted is null || Write(planted) is not { } text)
        {
            return;
        }

        var fault = RestFaultTable.Answer(status, Encoding.UTF8.GetBytes(text), null);
        Check(fault);
        Require(!fault.Message.Contains(Marker, StringComparison.Ordinal) || NamingCodes.Contains(fault.Code) || status == 501, $"a value is told: {fault.Code}");
        Require(!fault.Message.Contains(Marker, StringComparison.Ordinal) || fault.Message.Contains("message *** ", StringComparison.Ordinal), "more is told than the message");
        var refusal = FaultTable.Upgrade(status, text);
        Check(refusal);
        Require(!refusal.Message.Contains(Marker, StringComparison.Ordinal), "more of a refusal is told than its error");
        planted["error"] = $"{Planted} {Marker}";
        Check(FaultTable.Upgrade(status, Write(planted)!));
        Check(FaultTable.Close(status, $"{Planted} {text}"));
    }

    private static string? Write(JsonObject planted)
    {
        try
        {
            return planted.ToJsonString();
        }
        catch (InvalidOperationException)
        {
            return null; // half a surrogate pair
        }
    }

    /// <summary>What a token looks like, whosever it is.</summary>
    [GeneratedRegex("(eyJ|sb_publishable_|sb_secret_)[A-Za-z0-9._-]{8}", RegexOptions.CultureInvariant)]
    private static partial Regex Token();
}
