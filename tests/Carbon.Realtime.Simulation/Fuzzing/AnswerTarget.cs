using System.Globalization;
using System.Text;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>
/// An answer that is no success: its status in the first line, its body behind it. Of a read, and of a refused upgrade of the socket. Declared: nothing throws. What is told is a reason of the list and one line that a log
/// can hold; and of a read no word of the server's beyond what may be shown.
/// </summary>
internal sealed class AnswerTarget : FuzzTarget
{
    private const int LongestMessage = 1_000;

    private static readonly string[] Codes = ["PGRST301", "PGRST303", "PGRST205", "42501", "42703", "57014", "53300", "22P02", "XX000", "", "PGRST", "42P01\n", "lang als zehn"];

    public override string Name => "answer";

    public override (long Fixed, long PerByte) Budget => (48 * 1024, 32);

    public override IReadOnlyList<byte[]> Recorded { get; } = [.. ((string[])
    [
        "401\n{\"code\":\"PGRST301\",\"details\":\"None of the keys was able to decode the JWT\",\"hint\":null,\"message\":\"No suitable key or wrong key type\"}",
        "404\n{\"code\":\"PGRST205\",\"details\":null,\"hint\":\"Perhaps you meant the table 'public.order'\",\"message\":\"Could not find the table 'public.ordr' in the schema cache\"}",
        "400\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input syntax for type integer: \\\"secret\\\"\"}", "502\n<html><body>Bad Gateway</body></html>", "403\n{\"error\":\"Realtime is disabled\"}", "429\n{\"message\":\"API rate limit exceeded\"}", "500\n",
    ]).Select(Encoding.UTF8.GetBytes)];

    public override byte[] Write(Chance chance) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{100 + chance.Below(500)}\n") + HostileJson.Object(chance,
        ("code", chance.OneIn(3) ? HostileJson.Value(chance, 1) : HostileJson.Quote(chance.Of(Codes))), ("details", HostileJson.Value(chance, 1)), ("hint", "null"),
        ("message", chance.OneIn(2) ? HostileJson.Value(chance, 1) : $"\"column order.{new string('y', chance.Below(700))} does not exist\""), ("error", HostileJson.Value(chance, 2))));

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
        End();
        Check(fault);
        Require(Enum.IsDefined(page.Reason), "a reason of no list");
        foreach (var refusal in (ServerFault[])[upgrade, close])
        {
            Require(Enum.IsDefined(refusal.Reason) && Enum.IsDefined(refusal.Reaction) && refusal.Message.Length > 0, "a refusal that says nothing");
        }

        var isCoded = fault.Code is { Length: > 0 } && fault.Code != status.ToString(CultureInfo.InvariantCulture);
        return isCoded ? Verdict.Accepted($"by code: {fault.Reason}") : Verdict.Refused($"by status: {fault.Reason}");
    }

    private static void Check(RestFault fault)
    {
        Require(Enum.IsDefined(fault.Reason) && Enum.IsDefined(fault.Reaction), "a reason of no list");
        Require(fault.Message.Length is > 0 and < LongestMessage, $"a message of {fault.Message.Length} characters");
        Require(!fault.Message.Any(char.IsControl), "a message of several lines");
        Require(fault.Code is null || fault.Code.Length <= 10, "a long code");
        Require(fault.ToException().Reason == fault.Reason, "another reason");
    }
}
