using System.Globalization;

namespace Carbon.Realtime.Benchmarks;

/// <summary>The arguments behind a command: <c>--name value</c> and bare <c>--flags</c>. What no command asked for is an error.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string?> _values = new(StringComparer.Ordinal);

    public Arguments(IEnumerable<string> arguments)
    {
        string? name = null;
        foreach (var argument in arguments)
        {
            if (argument.StartsWith("--", StringComparison.Ordinal))
            {
                name = argument[2..];
                _values[name] = null;
            }
            else
            {
                _values[name ?? throw new ArgumentException($"What is '{argument}'? Options are --name value.")] = argument;
                name = null;
            }
        }
    }

    public bool Flag(string name) => _values.Remove(name);

    public string? Text(string name) => _values.Remove(name, out var value) ? value ?? throw new ArgumentException($"--{name} needs a value.") : null;

    public long? Number(string name) => Text(name) is not { } text ? null
        : long.TryParse(text, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : throw new ArgumentException($"--{name} needs a positive number, not '{text}'.");

    public TEnum Choice<TEnum>(string name, TEnum otherwise) where TEnum : struct, Enum => Text(name) is not { } text ? otherwise
        : Enum.TryParse<TEnum>(text.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var choice) ? choice
        : throw new ArgumentException($"--{name} is one of {string.Join(", ", Enum.GetNames<TEnum>().Select(Dashed))}; not '{text}'.");

    /// <summary>To be called when every option was asked for.</summary>
    public void End()
    {
        if (_values.Count > 0) throw new ArgumentException($"Unknown option --{_values.Keys.First()}.");
    }

    /// <summary>A choice as it is written: <c>update-full</c> for <c>UpdateFull</c>.</summary>
    private static string Dashed(string name) => string.Concat(name.Select(static (letter, at) => char.IsUpper(letter) && at > 0 ? $"-{letter}" : $"{letter}")).ToLowerInvariant();
}
