namespace Carbon.Realtime.Simulation.Model;

internal enum RequestStage
{
    None,

    /// <summary>Sent; the database has not looked yet.</summary>
    Sent,

    /// <summary>The database has looked: the answer is on its way.</summary>
    Answered,
}

/// <summary>A read under way: between its sending and its answer lies the one instant whose truth it tells.</summary>
internal sealed class Request(int keys)
{
    private readonly byte[] _rows = new byte[keys];

    public RequestStage Stage { get; private set; }

    /// <summary>What it asks for: the keys of a point read; the last key that a scan has passed, and one.</summary>
    public int Of { get; private set; }

    public ReadOnlySpan<byte> Rows => _rows;

    /// <summary>The last commit that it saw.</summary>
    public int Mark { get; private set; }

    public void Send(int of)
    {
        End();
        (Stage, Of) = (RequestStage.Sent, of);
    }

    /// <summary>The database looks.</summary>
    /// <param name="server">What it sees.</param>
    /// <param name="which">The keys that are to be read, as bits.</param>
    /// <param name="most">So many rows at most.</param>
    public void Look(ServerMachine server, int which, int most)
    {
        for (var key = 0; key < keys && most > 0; key++)
        {
            if (server.Holds(key) && (which >> key & 1) != 0)
            {
                _rows[key] = server.Rows[key];
                most--;
            }
        }

        (Stage, Mark) = (RequestStage.Answered, server.Commits);
    }

    public void End()
    {
        (Stage, Of, Mark) = (RequestStage.None, 0, 0);
        Array.Clear(_rows);
    }

    /// <summary>Leaves the answer to another one.</summary>
    public void MoveTo(Request other)
    {
        (other.Stage, other.Of, other.Mark) = (Stage, Of, Mark);
        _rows.CopyTo(other._rows, 0);
        End();
    }

    public void Write(ref StateWriter writer)
    {
        writer.Byte((int)Stage);
        if (Stage != RequestStage.None)
        {
            writer.Byte(Of);
            writer.Byte(Mark);
            writer.Bytes(_rows);
        }
    }

    public void Read(ref StateReader reader)
    {
        End();
        Stage = (RequestStage)reader.Byte();
        if (Stage != RequestStage.None)
        {
            Of = reader.Byte();
            Mark = reader.Byte();
            reader.Bytes(_rows);
        }
    }
}
