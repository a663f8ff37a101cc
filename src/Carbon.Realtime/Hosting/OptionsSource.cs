using Microsoft.Extensions.Configuration;

namespace Carbon.Realtime.Hosting;

/// <summary>Where a manager's options were read, for whoever has to mend them.</summary>
/// <param name="OptionsName">The name of the options.</param>
/// <param name="Configuration">What they were bound to.</param>
internal sealed record OptionsSource(string OptionsName, IConfiguration Configuration)
{
    /// <summary>One sentence. No value is quoted: one of them is the key.</summary>
    public override string ToString() => Configuration is not IConfigurationSection section
        ? "The options were read from the root of the configuration, not from a section."
        : $"The options were read from the configuration section '{section.Path}'{(section.Exists() ? "" : ", which does not exist")}.";
}
