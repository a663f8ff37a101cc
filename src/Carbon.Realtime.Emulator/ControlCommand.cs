using System.Text.Json.Nodes;

namespace Carbon.Realtime.Emulator;

/// <summary>A command of <c>/emulator/v1</c>.</summary>
/// <param name="Name">How it is called.</param>
/// <param name="Members">The members that its body may have. Others are refused: a misspelt one would order something else without a word.</param>
/// <param name="Run">Does it.</param>
internal sealed record ControlCommand(string Name, string[] Members, Func<JsonObject, JsonObject> Run)
{
    /// <exception cref="ArgumentException">A member is unknown or wrong.</exception>
    public JsonObject Execute(JsonObject body)
    {
        var unknown = body.Select(static m => m.Key).FirstOrDefault(name => !Members.Contains(name, StringComparer.Ordinal));
        return unknown is null ? Run(body) : throw new ArgumentException(
            $"The command {Name} has no member '{unknown}'. {(Members.Length == 0 ? "It takes none" : "Its members are: " + string.Join(", ", Members))}.");
    }
}
