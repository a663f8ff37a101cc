using Microsoft.Extensions.Options;

namespace Carbon.Realtime.Hosting;

/// <summary>Lets the host refuse to start with wrong options.</summary>
/// <param name="sources">Where options were read.</param>
internal sealed class RealtimeOptionsValidator(IEnumerable<OptionsSource> sources) : IValidateOptions<RealtimeOptions>
{
    public ValidateOptionsResult Validate(string? name, RealtimeOptions options) => RealtimeOptionsValidation.Validate(options) is { Count: > 0 } faults
        ? ValidateOptionsResult.Fail([.. faults, .. sources.Where(s => s.OptionsName == name).Select(static s => s.ToString())])
        : ValidateOptionsResult.Success;
}
