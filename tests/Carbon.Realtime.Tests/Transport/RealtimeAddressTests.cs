using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Transport;

public sealed class RealtimeAddressTests
{
    private const string Key = "planted-key";

    [Theory]
    [InlineData("https://abc.supabase.co", "wss://abc.supabase.co/realtime/v1/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData("https://abc.supabase.co/", "wss://abc.supabase.co/realtime/v1/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData(" https://abc.supabase.co ", "wss://abc.supabase.co/realtime/v1/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData("http://127.0.0.1:54321", "ws://127.0.0.1:54321/realtime/v1/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData("http://[::1]:54321", "ws://[::1]:54321/realtime/v1/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData("http://realtime-dev.localhost:4000/socket", "ws://realtime-dev.localhost:4000/socket/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData("https://abc.supabase.co/realtime/v1/", "wss://abc.supabase.co/realtime/v1/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData("wss://abc.supabase.co/realtime/v1/websocket", "wss://abc.supabase.co/realtime/v1/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData("wss://host/socket/websocket/", "wss://host/socket/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData("https://host:8443/prefix", "wss://host:8443/prefix/realtime/v1/websocket?apikey=planted-key&vsn=2.0.0")]
    [InlineData("wss://host/socket/websocket?log_level=info&x=a%26b", "wss://host/socket/websocket?log_level=info&x=a%26b&apikey=planted-key&vsn=2.0.0")]
    [InlineData("wss://host/socket/websocket?apikey=old&vsn=1.0.0&apikeyring=kept", "wss://host/socket/websocket?apikeyring=kept&apikey=planted-key&vsn=2.0.0")]
    public void Socket_address_follows_from_what_the_user_gave(string url, string expected) =>
        Socket(url).Uri.AbsoluteUri.Should().Be(expected);

    [Fact]
    public void The_key_is_percent_encoded() =>
        Socket("https://host", key: "a+b/c=d&e%f#g").Uri.Query.Should().Be("?apikey=a%2Bb%2Fc%3Dd%26e%25f%23g&vsn=2.0.0");

    [Fact]
    public void In_headers_the_key_is_not_in_the_query_even_where_the_url_had_one()
    {
        var address = Socket("https://host/?apikey=old", ApiKeyPlacement.Headers, headers: [new("x-tenant", "co_1")]);

        address.Uri.Query.Should().Be("?vsn=2.0.0");
        Names(address).Should().Equal("x-tenant=co_1", "x-api-key=" + Key, "apikey=" + Key);
    }

    [Fact]
    public void A_key_header_of_the_users_own_wins() =>
        Names(Socket("https://host", ApiKeyPlacement.Headers, headers: [new("X-Api-Key", "jwt")]))
            .Should().Equal("X-Api-Key=jwt", "apikey=" + Key);

    [Fact]
    public void The_text_form_shows_neither_query_nor_user_information()
    {
        Socket("https://host/prefix").ToString().Should().Be("wss://host/prefix/realtime/v1/websocket");
        new RealtimeSocketAddress(new Uri("wss://user:secret@host/x?apikey=secret"), [], 1).ToString().Should().Be("wss://host/x");
    }

    [Theory]
    [InlineData("http://abc.supabase.co")]
    [InlineData("ws://10.0.0.7:4000/socket/websocket")]
    [InlineData("http://localhost.example.com")]
    public void In_the_clear_off_loopback_only_where_allowed(string url)
    {
        var refused = () => Socket(url);
        var refusedRest = () => RealtimeAddress.ForRest(url, allowInsecure: false);

        refused.Should().Throw<ArgumentException>().WithMessage("*AllowInsecureTransport*");
        refusedRest.Should().Throw<ArgumentException>().WithMessage("*AllowInsecureTransport*");
        Socket(url, allowInsecure: true).Uri.Scheme.Should().Be("ws");
        RealtimeAddress.ForRest(url, allowInsecure: true).Scheme.Should().Be("http");
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("abc.supabase.co?apikey=planted-key")]
    [InlineData("/realtime/v1?apikey=planted-key")]
    [InlineData("ftp://host?apikey=planted-key")]
    [InlineData("https://user:planted-key@host")]
    public void Another_url_is_refused_without_being_quoted(string url)
    {
        var act = () => Socket(url);

        act.Should().Throw<ArgumentException>().WithMessage("Url must*").Which.ToString().Should().NotContain(Key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("planted key")]
    [InlineData("planted-key\n")]
    [InlineData("plänted-key")]
    public void A_key_that_no_header_could_carry_is_refused_without_being_quoted(string key)
    {
        var act = () => Socket("https://host", key: key);

        act.Should().Throw<ArgumentException>().WithMessage("ApiKey must*").Which.Message.Should().NotContain("nted");
    }

    [Theory]
    [InlineData("https://abc.supabase.co/", "https://abc.supabase.co/rest/v1")]
    [InlineData("http://127.0.0.1:54321", "http://127.0.0.1:54321/rest/v1")]
    [InlineData("wss://host/realtime/v1/websocket?apikey=x", "https://host/rest/v1")]
    [InlineData("https://host/realtime/v1", "https://host/rest/v1")]
    [InlineData("wss://host/socket/websocket", "https://host/rest/v1")]
    [InlineData("https://host:8443/prefix/", "https://host:8443/prefix/rest/v1")]
    public void Rest_address_is_of_the_same_project(string url, string expected) =>
        RealtimeAddress.ForRest(url, allowInsecure: false).AbsoluteUri.Should().Be(expected);

    private static IEnumerable<string> Names(RealtimeSocketAddress address) =>
        address.Headers.Select(header => $"{header.Key}={header.Value}");

    private static RealtimeSocketAddress Socket(
        string url,
        ApiKeyPlacement placement = ApiKeyPlacement.Query,
        string key = Key,
        bool allowInsecure = false,
        KeyValuePair<string, string>[]? headers = null) =>
        RealtimeAddress.ForSocket(url, key, "2.0.0", placement, headers ?? [], maxMessageBytes: 1024, allowInsecure);
}
