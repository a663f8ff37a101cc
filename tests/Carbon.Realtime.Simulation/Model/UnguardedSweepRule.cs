using Carbon.Realtime.Changes;

namespace Carbon.Realtime.Simulation.Model;

/// <summary>Events win over the rows that a scan brings, but not over those that it does not bring: "replace the list" with a guard half as wide as it must be.</summary>
internal sealed class UnguardedSweepRule(Scenario scenario) : ClientRule
{
    private readonly byte[] _rows = new byte[scenario.Keys];
    private int _touched;
    private int _seen;
    private bool _isScanning;

    public override int Row(int key) => _rows[key];

    public override void Clear()
    {
        Array.Clear(_rows);
        AbandonScan();
    }

    public override void OnEvent(RowEventKind kind, int key, int version, int commit)
    {
        _rows[key] = (byte)(kind == RowEventKind.Put ? version : 0);
        _touched |= _isScanning ? 1 << key : 0;
    }

    public override void BeginScan() => _isScanning = true;

    public override void OnPage(ReadOnlySpan<byte> rows, int mark)
    {
        for (var key = 0; key < _rows.Length; key++)
        {
            if (rows[key] != 0)
            {
                _seen |= 1 << key;
                _rows[key] = (_touched >> key & 1) != 0 ? _rows[key] : rows[key];
            }
        }
    }

    public override void EndScan()
    {
        for (var key = 0; key < _rows.Length; key++)
        {
            if ((_seen >> key & 1) == 0)
            {
                _rows[key] = 0;
            }
        }

        AbandonScan();
    }

    public override void AbandonScan() => (_isScanning, _touched, _seen) = (false, 0, 0);

    public override void Write(ref StateWriter writer)
    {
        writer.Bytes(_rows);
        writer.Byte(_touched);
        writer.Byte(_seen);
        writer.Flags(_isScanning);
    }

    public override void Read(ref StateReader reader)
    {
        reader.Bytes(_rows);
        _touched = reader.Byte();
        _seen = reader.Byte();
        _isScanning = reader.Flags()[0];
    }
}
