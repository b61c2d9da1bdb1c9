using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;

namespace P2PGrpc.Node.Web;

/// <summary>How a method is called over HTTP. What stands in braces in the path fills the request's field of that name; with POST the JSON body is the rest of
/// the request, else the query is.</summary>
internal sealed record HttpRule
{
    public HttpRule(ServiceDescriptor service, string method, string verb, string path, string summary)
    {
        Method = service.FindMethodByName(method) ?? throw new ArgumentException($"{service.FullName} has no method {method}.", nameof(method));
        Verb = verb;
        Path = path;
        Summary = summary;
        PathFields = [.. FieldNames(path).Select(name => Method.InputType.FindFieldByName(name)
            ?? throw new ArgumentException($"{Method.InputType.Name} has no field {name}.", nameof(path)))];
    }

    public MethodDescriptor Method { get; }

    public string Verb { get; }

    public string Path { get; }

    /// <summary>One sentence for the OpenAPI document.</summary>
    public string Summary { get; }

    /// <summary>The fields that the path fills; all of them are texts.</summary>
    public IReadOnlyList<FieldDescriptor> PathFields { get; }

    public bool HasBody => HttpMethods.IsPost(Verb);

    /// <summary>As gRPC names a method: /package.Service/Method.</summary>
    public string FullName => $"/{Method.Service.FullName}/{Method.Name}";

    private static IEnumerable<string> FieldNames(string path) => path.Split('{').Skip(1).Select(part => part[..part.IndexOf('}', StringComparison.Ordinal)]);
}
