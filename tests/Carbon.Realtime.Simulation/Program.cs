using Carbon.Realtime.Simulation;

// What proves for longer than a build may take. Each command says what it is given, and answers with the exit code: 0 for proved.
var commands = new Dictionary<string, (string Usage, Func<string[], int> Run)>
{
    ["model"] = (ModelCommand.Usage, ModelCommand.Run),
    ["simulate"] = (SimulateCommand.Usage, SimulateCommand.Run),
    ["controls"] = (ControlsCommand.Usage, ControlsCommand.Run),
    ["fuzz"] = (FuzzCommand.Usage, FuzzCommand.Run),
    ["story"] = (StoryCommand.Usage, StoryCommand.Run),
};

if (args.Length > 0 && commands.TryGetValue(args[0], out var command))
{
    try
    {
        return command.Run(args[1..]);
    }
    catch (UsageException e)
    {
        Console.Error.WriteLine($"{e.Message}\n{command.Usage}");
        return 2;
    }
}

Console.Error.WriteLine(string.Join('\n', commands.Values.Select(static c => c.Usage)));
return 2;
