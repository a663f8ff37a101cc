namespace Carbon.Realtime.Testing.Emulation.Rest;

internal enum RestFaultKind
{
    Replaced,
    ContentType,
    SlowBody,
    TruncatedBody,
    Unreachable,
    NoAnswer,
}
