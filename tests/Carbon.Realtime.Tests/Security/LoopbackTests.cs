using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Security;

/// <summary>In the clear to this machine, and to no other; what only looks like this machine is another.</summary>
public sealed class LoopbackTests
{
    [Theory]
    [InlineData("localhost", "localhost")]
    [InlineData("LOCALHOST", "localhost")]
    [InlineData("realtime-dev.localhost", "realtime-dev.localhost")]
    [InlineData("A.B.LocalHost", "a.b.localhost")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.1", "127.0.0.1")]
    [InlineData("0x7f000001", "127.0.0.1")]
    [InlineData("2130706433", "127.0.0.1")]
    [InlineData("0177.0.0.1", "127.0.0.1")]
    [InlineData("127.255.255.254", "127.255.255.254")]
    [InlineData("loopback", "localhost")]
    [InlineData("[::1]", "[::1]")]
    [InlineData("[0:0:0:0:0:0:0:1]", "[::1]")]
    [InlineData("[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]")]
    public void This_machine_is_reached_in_the_clear_under_the_name_that_was_judged(string host, string dialled)
    {
        foreach (var scheme in (string[])["http", "ws", "HTTP"])
        {
            Socket($"{scheme}://{host}:54321").Host.Should().Be(dialled);
            RealtimeAddress.ForRest($"{scheme}://{host}:54321", allowInsecure: false).Host.Should().Be(dialled);
            RealtimeAddress.AsRest($"{scheme}://{host}:54321", allowInsecure: false).Host.Should().Be(dialled);
        }
    }

    [Theory]
    [InlineData("abc.supabase.co")]
    [InlineData("localhost.evil.com")]
    [InlineData("localhost.")]
    [InlineData("evil.localhost.")]
    [InlineData("evil.com.")]
    [InlineData("127.0.0.1.nip.io")]
    [InlineData("127.0.0.1.evil.com")]
    [InlineData("localhostevil.com")]
    [InlineData("evil-localhost")]
    [InlineData("notlocalhost")]
    [InlineData("0.0.0.0")]
    [InlineData("10.0.0.7")]
    [InlineData("128.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("[::]")]
    [InlineData("[::2]")]
    [InlineData("[fe80::1]")]
    [InlineData("[::ffff:10.0.0.7]")]
    [InlineData("[::ffff:128.0.0.1]")]
    [InlineData("ｌocalhost")]
    [InlineData("localhost。evil.com")]
    [InlineData("evil.ｌocalhost")]
    [InlineData("xn--lcalhost-f3a")]
    [InlineData("evil.com#.localhost")]
    [InlineData("evil.com?.localhost")]
    [InlineData("evil.com/.localhost")]
    [InlineData("evil.com\\.localhost")]
    [InlineData("evil.com:80/@localhost")]
    public void Another_machine_is_not_however_much_it_looks_like_this_one(string host)
    {
        foreach (var scheme in (string[])["http", "ws", "HTTP", "Ws"])
        {
            var url = $"{scheme}://{host}";
            Refused(() => Socket(url)).Should().BeTrue(url);
            Refused(() => RealtimeAddress.ForRest(url, allowInsecure: false)).Should().BeTrue(url);
            Refused(() => RealtimeAddress.AsRest(url, allowInsecure: false)).Should().BeTrue(url);
        }
    }

    [Theory]
    [InlineData("http://localhost@evil.com")]
    [InlineData("http://localhost:54321@evil.com")]
    [InlineData("https://abc.supabase.co@evil.com")]
    [InlineData("https://user:password@abc.supabase.co")]
    [InlineData("ws://127.0.0.1%40evil.com")]
    public void A_name_before_an_at_sign_is_refused_whatever_is_allowed(string url)
    {
        foreach (var allow in (bool[])[false, true])
        {
            Refused(() => Socket(url, allow)).Should().BeTrue(url);
            Refused(() => RealtimeAddress.ForRest(url, allow)).Should().BeTrue(url);
        }
    }

    [Theory]
    [InlineData("http://10.0.0.7:4000", "ws", "http")]
    [InlineData("ws://realtime.internal/socket", "ws", "http")]
    [InlineData("https://abc.supabase.co", "wss", "https")]
    public void What_is_allowed_is_dialled_as_it_was_said_and_nothing_is_made_less_secure(string url, string socket, string rest)
    {
        Socket(url, allowInsecure: true).Scheme.Should().Be(socket);
        RealtimeAddress.ForRest(url, allowInsecure: true).Scheme.Should().Be(rest);
    }

    [Fact]
    public void The_options_say_so_before_anything_is_dialled_for_each_of_their_addresses()
    {
        foreach (var wrong in (Action<RealtimeOptions>[])[o => o.Url = new Uri("http://db.example"), o => o.RealtimeUrl = new Uri("ws://db.example"), o => o.RestUrl = new Uri("http://db.example")])
        {
            var options = new RealtimeOptions { Url = new Uri("https://db.example"), ApiKey = "planted-key" };
            wrong(options);
            FluentActions.Invoking(() => new RealtimeChannelManager(options)).Should().Throw<ArgumentException>().WithMessage("*AllowInsecureTransport*").Which.ToString().Should().NotContain("planted");
            options.AllowInsecureTransport = true;
            new RealtimeChannelManager(options).Dispose();
        }
    }

    [Fact]
    public void No_option_lets_a_certificate_be_judged_by_the_program_without_a_socket_or_handler_of_its_own() =>
        typeof(RealtimeOptions).Assembly.GetExportedTypes().SelectMany(static t => t.GetProperties()).Where(static p =>
            $"{p.PropertyType}".Contains("Certificate", StringComparison.Ordinal) || $"{p.PropertyType}".Contains("System.Net.Security", StringComparison.Ordinal)
            || p.Name.Contains("Certificate", StringComparison.Ordinal)).Should().BeEmpty();

    private static bool Refused(Func<Uri> address)
    {
        try
        {
            address();
            return false;
        }
        catch (ArgumentException e)
        {
            return !e.Message.Contains("evil", StringComparison.Ordinal);
        }
    }

    private static Uri Socket(string url, bool allowInsecure = false) =>
        RealtimeAddress.ForSocket(url, "key", "2.0.0", ApiKeyPlacement.Query, [], maxMessageBytes: 1024, allowInsecure).Uri;
}
