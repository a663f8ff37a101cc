using System.Text.Json.Serialization;

namespace Carbon.Realtime.CoreStores;

/// <summary>Who works for the company: a row of Carbon's view <c>employees</c>, which joins <c>user</c> and <c>employee</c>.</summary>
/// <remarks>
/// A view is in no publication: that somebody was hired, left or was given another role is told by changes of the table <c>employee</c>; a new name or
/// picture, which are <c>user</c>'s, by nothing.
/// </remarks>
public sealed record Person
{
    /// <summary><c>employees.id</c>: the user's id, text. One row for each user within a company.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary><c>employees.name</c>, which is <c>user.fullName</c>. A view promises no column to be set.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary><c>employees.email</c>.</summary>
    [JsonPropertyName("email")]
    public string? Email { get; init; }

    /// <summary><c>employees.avatarUrl</c>.</summary>
    [JsonPropertyName("avatarUrl")]
    public string? AvatarUrl { get; init; }

    /// <summary><c>employees.active</c>, which is <c>employee.active</c>: whether the person works for this company still. <see langword="null"/> is not said.</summary>
    [JsonPropertyName("active")]
    public bool? Active { get; init; }
}
