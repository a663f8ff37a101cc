using System.Buffers;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Transport;

public sealed class ReceiveBufferTests
{
    private readonly CountingPool _pool = new();

    [Fact]
    public void Grows_by_doubling_and_keeps_what_was_received()
    {
        var buffer = Buffer(1 << 20);
        var message = RandomBytes(100_000);

        Receive(buffer, message).Should().BeFalse();

        buffer.Payload.ToArray().Should().Equal(message);
        _pool.Rented.Should().Equal(16_384, 32_768, 65_536, 131_072);
        _pool.Outstanding.Should().Be(1);
    }

    [Theory]
    [InlineData(20_000, false)]
    [InlineData(20_001, true)]
    [InlineData(200_000, true)]
    public void The_limit_is_exact_and_no_room_beyond_it_is_rented(int length, bool tooLarge)
    {
        var buffer = Buffer(20_000);

        Receive(buffer, RandomBytes(length)).Should().Be(tooLarge);

        _pool.Rented.Should().OnlyContain(size => size <= 20_000);
    }

    [Fact]
    public void After_a_message_over_the_limit_the_next_one_is_whole()
    {
        var buffer = Buffer(100);
        Receive(buffer, RandomBytes(1000));
        buffer.End(lend: false);

        Receive(buffer, [1, 2, 3]).Should().BeFalse();

        buffer.Payload.ToArray().Should().Equal(1, 2, 3);
    }

    [Fact]
    public void Small_messages_share_one_array_and_a_large_one_is_given_back_with_the_next()
    {
        var buffer = Buffer(1 << 20);
        for (var i = 0; i < 100; i++)
        {
            Receive(buffer, RandomBytes(200));
            buffer.End(lend: true);
        }

        _pool.Rented.Should().Equal(16_384);
        Receive(buffer, RandomBytes(ReceiveBuffer.RetainedBytes + 1));
        buffer.End(lend: true);
        _pool.Rented.Clear();

        buffer.Begin();

        _pool.Rented.Should().Equal(16_384);
        _pool.Outstanding.Should().Be(1);
    }

    [Fact]
    public void Dispose_gives_an_idle_array_back_once()
    {
        var buffer = Buffer(100);
        Receive(buffer, [1]);
        buffer.End(lend: false);

        buffer.Dispose();
        buffer.Dispose();

        _pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public void Dispose_during_a_receive_leaves_the_array_to_its_end()
    {
        var buffer = Buffer(100);
        buffer.Begin();

        buffer.Dispose();
        _pool.Outstanding.Should().Be(1);
        buffer.Invoking(b => b.End(lend: true)).Should().Throw<ObjectDisposedException>();

        _pool.Outstanding.Should().Be(0);
        buffer.End(lend: false);
        _pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public void Dispose_does_not_take_a_payload_from_its_reader()
    {
        var buffer = Buffer(100);
        Receive(buffer, [1, 2, 3]);
        var payload = buffer.Payload;
        buffer.End(lend: true);

        buffer.Dispose();

        _pool.Outstanding.Should().Be(1);
        payload.ToArray().Should().Equal(1, 2, 3);
        buffer.Invoking(b => b.Begin()).Should().Throw<ObjectDisposedException>();
        _pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public void A_second_receive_at_a_time_is_refused()
    {
        var buffer = Buffer(100);
        buffer.Begin();

        buffer.Invoking(b => b.Begin()).Should().Throw<InvalidOperationException>();
    }

    private ReceiveBuffer Buffer(int maxMessageBytes) => new(maxMessageBytes, _pool);

    private static bool Receive(ReceiveBuffer buffer, byte[] message)
    {
        buffer.Begin();
        for (var rest = message.AsMemory(); rest.Length > 0;)
        {
            var room = buffer.Room();
            room.Length.Should().BePositive();
            var count = Math.Min(room.Length, rest.Length);
            rest[..count].CopyTo(room);
            buffer.Advance(count);
            rest = rest[count..];
        }

        return buffer.IsTooLarge;
    }

    private static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Rents exactly what is asked for; an array given back twice, or never rented, is an error.</summary>
    private sealed class CountingPool : ArrayPool<byte>
    {
        private readonly HashSet<byte[]> _out = [];

        public List<int> Rented { get; } = [];

        public int Outstanding => _out.Count;

        public override byte[] Rent(int minimumLength)
        {
            var array = new byte[minimumLength];
            Rented.Add(minimumLength);
            _out.Add(array);
            return array;
        }

        public override void Return(byte[] array, bool clearArray = false) => _out.Remove(array).Should().BeTrue();
    }
}
