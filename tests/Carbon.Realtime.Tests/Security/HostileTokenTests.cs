using System.Buffers.Text;
using System.Text;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Security;

/// <summary>A token is read for its times and its user, and never trusted: whatever it is, reading it ends, and what cannot be read is nobody known.</summary>
public sealed class HostileTokenTests
{
    private const string Claims = """{"sub":"user_1","role":"authenticated","exp":1900000000,"email":"jane@example.com","companies":["co_1"]}""";

    [Fact]
    public void Any_damage_to_a_token_gives_a_reading_or_nobody_and_never_an_exception()
    {
        var chance = new SeededRandomizer(7);
        var sound = Encoding.UTF8.GetBytes(Of(Claims));
        var read = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var bytes = sound.ToArray();
            for (var damage = (int)(chance.NextDouble() * 4); damage >= 0; damage--)
            {
                bytes[(int)(chance.NextDouble() * bytes.Length)] = (byte)(chance.NextDouble() * 256);
            }

            var identity = JwtIdentity.Read(Encoding.Latin1.GetString(bytes)[..(int)(chance.NextDouble() * (bytes.Length + 1))]);
            (identity.Subject is not null || identity.Mark is { Length: 64 }).Should().BeTrue("a user, or a mark that is nobody else's");
            read += identity.Subject == "user_1" ? 1 : 0;
        }

        read.Should().BeInRange(1, 9_999);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"sub\"")]
    [InlineData("{\"sub\":1}")]
    [InlineData("{\"sub\":{\"sub\":\"user_1\"}}")]
    [InlineData("{\"sub\":\"user_1\"")]
    [InlineData("{\"sub\":\"\\ud800\"}")]
    public void Claims_that_are_none_name_nobody(string claims)
    {
        var identity = JwtIdentity.Read(Of(claims));
        (identity.Subject, identity.Role, identity.ExpiresAt).Should().Be((null, null, null));
        identity.Mark.Should().HaveLength(64);
    }

    [Fact]
    public void Ten_thousand_levels_of_claims_name_nobody() =>
        JwtIdentity.Read(Of("{\"sub\":\"user_1\",\"x\":" + new string('[', 5_000) + new string(']', 5_000) + "}")).Subject.Should().BeNull();

    [Theory]
    [InlineData("-1")]
    [InlineData("0")]
    [InlineData("1e400")]
    [InlineData("9007199254740993")]
    [InlineData("253402300799")]
    [InlineData("\"1900000000\"")]
    public void A_time_that_is_none_is_no_time(string exp) => JwtIdentity.Read(Of($$"""{"sub":"user_1","exp":{{exp}}}""")).ExpiresAt.Should().BeNull();

    [Fact]
    public void A_token_of_more_than_16_KiB_is_not_looked_into()
    {
        var padding = new string('p', 11_000);
        var small = Of($$"""{"sub":"user_1","p":"{{padding}}"}""");
        var large = Of($$"""{"sub":"user_1","p":"{{padding + padding}}"}""");
        (small.Length <= 16 * 1024, large.Length > 16 * 1024).Should().Be((true, true));
        JwtIdentity.Read(small).Subject.Should().Be("user_1");
        JwtIdentity.Read(large).Subject.Should().BeNull();
    }

    [Fact]
    public void Two_tokens_that_cannot_be_read_are_two_users() =>
        JwtIdentity.Read("one").IsSurelySameUser(JwtIdentity.Read("two")).Should().BeFalse();

    private static string Of(string claims) => $"e30.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.c2ln";
}
