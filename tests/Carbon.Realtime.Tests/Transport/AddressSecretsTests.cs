using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Transport;

public sealed class AddressSecretsTests
{
    private static readonly RealtimeSocketAddress Address =
        new(new Uri("wss://host/websocket?apikey=planted%2Bkey&vsn=2.0.0"), [new("x-api-key", "another-secret")], 1024);

    [Fact]
    public void Keys_are_replaced_however_they_are_quoted() =>
        AddressSecrets.Redact("planted+key, planted%2bkey and another-secret, 2.0.0", cut: false, Address)
            .Should().Be("***, *** and ***, 2.0.0");

    [Fact]
    public void A_text_cut_inside_a_key_loses_as_much_as_a_key_is_long() =>
        AddressSecrets.Redact("planted+key, you said another-sec", cut: true, Address).Should().Be("***, you sa");

    [Fact]
    public void An_address_without_secrets_changes_nothing() =>
        AddressSecrets.Redact("Token has expired", cut: false, new(new Uri("wss://host/websocket"), [], 1024)).Should().Be("Token has expired");
}
