namespace P2PGrpc.Client;

/// <summary>Says why a file can't be read, where the framework speaks of parts of paths and of access.</summary>
internal static class UnreadableFile
{
    /// <summary>The end of a sentence such as "The token file F can't be read: ".</summary>
    public static string Explain(string path, Exception fault) => fault switch
    {
        _ when Directory.Exists(path) => "it is a directory.",
        FileNotFoundException or DirectoryNotFoundException => "there is no such file.",
        UnauthorizedAccessException => "this user may not read it. Run this as the user that it belongs to.",
        _ => fault.Message.TrimEnd('.') + ".",
    };
}
