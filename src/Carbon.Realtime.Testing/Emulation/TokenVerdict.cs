namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What the server thinks of a token, in the words that it uses at connect, at join and on a joined channel.</summary>
internal sealed record TokenVerdict(EmulatorClaims? Claims, string Code, string Text, int ConnectStatus = 401, string? ConnectText = null)
{
    public static TokenVerdict Malformed { get; } = new(null, "MalformedJWT", "The token provided is not a valid JWT");

    /// <summary>Three parts that do not decode: at connect the server itself fails (docs/protocol.md, "Thirty facts", fact 15).</summary>
    public static TokenVerdict Undecodable { get; } = Malformed with { ConnectStatus = 500 };

    public static TokenVerdict NoSigner { get; } = new(null, "JwtSignerError", "Failed to generate JWT signer");

    public static TokenVerdict WrongSignature { get; } = new(null, "JwtSignatureError", "Failed to validate JWT signature");

    public static TokenVerdict FieldsMissing { get; } = new(null, "InvalidJWTToken", "Fields `role` and `exp` are required in JWT");

    public static TokenVerdict ExpiryInvalid { get; } = new(null, "InvalidJWTToken", "Token expiration time is invalid");

    public string JoinReason => $"{Code}: {Text}";

    public static TokenVerdict Expired(string text) => new(null, "InvalidJWTToken", text, ConnectText: "Token has expired");

    public static TokenVerdict Valid(EmulatorClaims claims) => new(claims, "", "");
}
