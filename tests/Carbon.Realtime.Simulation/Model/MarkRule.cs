using Carbon.Realtime.Changes;

namespace Carbon.Realtime.Simulation.Model;

/// <summary>The exact mark, which no Supabase API gives today: events and reads both say as of which commit they are, and the newer wins.</summary>
internal sealed class MarkRule(Scenario scenario) : ClientRule
{
    private readonly byte[] _rows = new byte[scenario.Keys];

    /// <summary>The commit that each key is as of.</summary>
    private readonly byte[] _asOf = new byte[scenario.Keys];

    public override int Row(int key) => _rows[key];

    public override void Clear()
    {
        Array.Clear(_rows);
        Array.Clear(_asOf);
    }

    public override void OnEvent(RowEventKind kind, int key, int version, int commit) => Take(key, kind == RowEventKind.Put ? version : 0, commit);

    public override void BeginScan()
    {
    }

    public override void OnPage(ReadOnlySpan<byte> rows, int mark)
    {
        for (var key = 0; key < _rows.Length; key++)
        {
            Take(key, rows[key], mark);
        }
    }

    public override void EndScan()
    {
    }

    public override void AbandonScan()
    {
    }

    public override void Write(ref StateWriter writer)
    {
        writer.Bytes(_rows);
        writer.Bytes(_asOf);
    }

    public override void Read(ref StateReader reader)
    {
        reader.Bytes(_rows);
        reader.Bytes(_asOf);
    }

    private void Take(int key, int row, int commit)
    {
        if (commit > _asOf[key])
        {
            _rows[key] = (byte)row;
            _asOf[key] = (byte)commit;
        }
    }
}
