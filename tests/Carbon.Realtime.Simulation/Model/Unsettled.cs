namespace Carbon.Realtime.Simulation.Model;

/// <summary>What the passes that come for ever still have to be made for: the timers from <see cref="Timer.WhenLeft"/> on.</summary>
/// <remarks>
/// The client does not know it. A pass that starts when there is nothing of this can only bring what is there, so that the model may leave it out; as
/// long as there is something, the next one will come.
/// </remarks>
internal sealed class Unsettled(Scenario scenario)
{
    private bool _isLost;
    private bool _wasLost;
    private int _keys;
    private int _byScan;
    private int _byPoints;

    private bool HasKeys => scenario.Timer is Timer.WhenLeft or Timer.UntilSettled;

    /// <summary>Whether something is to be read.</summary>
    public bool IsAny => _isLost || _keys != 0;

    /// <summary>A change was lost without a word: what counts is the next complete scan that begins later.</summary>
    public void OnLost() => _isLost = scenario.Timer >= Timer.OnceAfterLoss;

    /// <summary>Something was said of a key: what counts is the next complete read of it that begins later.</summary>
    public void OnEvent(int key)
    {
        _keys |= scenario.Timer == Timer.UntilSettled ? 1 << key : 0;
        _byScan &= ~(1 << key);
        _byPoints &= ~(1 << key);
    }

    /// <summary>Keys were given up, and left to the next scan.</summary>
    public void OnLeft(int keys)
    {
        _keys |= HasKeys ? keys : 0;
        _byScan &= ~keys;
    }

    public void OnScanBegun()
    {
        (_wasLost, _isLost) = (_isLost, false);
        _byScan = HasKeys ? (1 << scenario.Keys) - 1 : 0;
    }

    public void OnScanned()
    {
        _keys &= ~_byScan;
        (_wasLost, _byScan) = (false, 0);
    }

    public void OnScanAbandoned()
    {
        _isLost |= _wasLost;
        (_wasLost, _byScan) = (false, 0);
    }

    public void OnAsked(int keys) => _byPoints = scenario.Timer == Timer.UntilSettled ? keys : 0;

    public void OnAnswered(bool hasAnswer)
    {
        _keys &= hasAnswer ? ~_byPoints : _keys;
        _byPoints = 0;
    }

    public void Clear() => (_isLost, _wasLost, _keys, _byScan, _byPoints) = (false, false, 0, 0, 0);

    public void Write(ref StateWriter writer)
    {
        if (scenario.Timer >= Timer.WhenLeft)
        {
            writer.Flags(_isLost, _wasLost);
            writer.Byte(_keys);
            writer.Byte(_byScan);
            writer.Byte(_byPoints);
        }
    }

    public void Read(ref StateReader reader)
    {
        Clear();
        if (scenario.Timer >= Timer.WhenLeft)
        {
            var flags = reader.Flags();
            (_isLost, _wasLost) = (flags[0], flags[1]);
            (_keys, _byScan, _byPoints) = (reader.Byte(), reader.Byte(), reader.Byte());
        }
    }
}
