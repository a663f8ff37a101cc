namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A refused upgrade.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body.</param>
/// <param name="IsSlow">Whether the server sleeps before it answers.</param>
internal sealed record EmulatorRefusal(int Status, string Body, bool IsSlow);

/// <summary>Decides about upgrade requests (docs/protocol.md, "Connecting" and "Refused upgrades").</summary>
internal static class EmulatorGate
{
    public static EmulatorRefusal? Check(
        EmulatorConnectRequest request, EmulatorTokens tokens, (int Status, string Body)? refusal, out EmulatorProtocolVersion version)
    {
        version = VersionOf(request.Version);
        if (request.Path is not ("/realtime/v1/websocket" or "/socket/websocket"))
        {
            return new EmulatorRefusal(404, "", IsSlow: false);
        }

        if (version == default)
        {
            return new EmulatorRefusal(403, "", IsSlow: false);
        }

        if (refusal is { } forced)
        {
            return new EmulatorRefusal(forced.Status, forced.Body, IsSlow: true);
        }

        if (string.IsNullOrEmpty(request.ApiKey))
        {
            return Refuse(401, "API key is missing");
        }

        var verdict = tokens.Check(request.ApiKey);
        return verdict.Claims is not null ? null
            : verdict.ConnectStatus == 500 ? new EmulatorRefusal(500, "Internal Server Error", IsSlow: false)
            : Refuse(verdict.ConnectStatus, verdict.ConnectText ?? verdict.Text);
    }

    public static EmulatorRefusal Refuse(int status, string error) => new(status, $"{{\"error\":{JsonText.Quote(error)}}}", IsSlow: true);

    // The server matches with "~> 1.0.0" and "~> 2.0.0": the last number is free.
    private static EmulatorProtocolVersion VersionOf(string? version) =>
        version is null ? EmulatorProtocolVersion.V1
        : !System.Version.TryParse(version, out var parsed) || parsed.Build < 0 || parsed.Revision >= 0 || parsed.Minor != 0 ? default
        : parsed.Major is 1 or 2 ? (EmulatorProtocolVersion)parsed.Major
        : default;
}
