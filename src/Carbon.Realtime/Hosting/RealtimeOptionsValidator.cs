using Microsoft.Extensions.Options;

namespace Carbon.Realtime.Hosting;

/// <summary>Lets the host refuse to start with wrong options.</summary>
internal sealed class RealtimeOptionsValidator : IValidateOptions<RealtimeOptions>
{
    public ValidateOptionsResult Validate(string? name, RealtimeOptions options) =>
        RealtimeOptionsValidation.Validate(options) is { Count: > 0 } faults ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
}
