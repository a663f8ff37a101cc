using System.Net;
using System.Net.Sockets;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>
/// The sender: a raw TCP server, so that nothing of a server framework is measured. One port serves WebSocket clients and, told apart by
/// the first line, control connections (<see cref="SenderControl"/>). Ends when its standard input ends, so that it cannot outlive a race.
/// </summary>
internal sealed class SenderCommand(Workload load)
{
    private volatile SenderSession? _session;

    public int Run()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Console.WriteLine($"listening {((IPEndPoint)listener.LocalEndPoint!).Port}");
        new Thread(() => Accept(listener)) { IsBackground = true, Name = "accept" }.Start();
        while (Console.In.ReadLine() is not null) { }
        return 0;
    }

    private void Accept(Socket listener)
    {
        try
        {
            while (true)
            {
                var socket = listener.Accept();
                socket.NoDelay = true;
                new Thread(() => Serve(socket)) { IsBackground = true, Name = "client" }.Start();
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The listener is closed: the sender ends.
        }
    }

    private void Serve(Socket socket)
    {
        try
        {
            using var stream = new BufferedStream(new NetworkStream(socket, ownsSocket: true));
            var first = ReadLine(stream);
            if (SendOrder.TryParse(first, out var order))
            {
                SenderControl.Answer(stream, _session, order);
                return;
            }

            var session = new SenderSession(socket, stream, load);
            session.Upgrade();
            _session = session;
            session.Run();
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            // The client is gone: the usual end of a run.
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine(exception);
        }
    }

    /// <summary>One line of the opening, without its line end.</summary>
    internal static string ReadLine(Stream stream)
    {
        var line = new List<char>(128);
        while (stream.ReadByte() is var next && next != '\n')
        {
            if (next < 0) throw new EndOfStreamException();
            if (next != '\r') line.Add((char)next);
        }

        return new string([.. line]);
    }
}
