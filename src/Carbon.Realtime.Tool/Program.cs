using Carbon.Realtime.Tool;

return await ToolCommands.Create(Console.Out, Console.Error).Parse(args).InvokeAsync();
