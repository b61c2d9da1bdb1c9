using Microsoft.Extensions.Options;

namespace P2PGrpc.Client;

/// <summary>Finds contradicting options when a host starts, not at the first message.</summary>
internal sealed class P2PGrpcClientOptionsValidation : IValidateOptions<P2PGrpcClientOptions>
{
    public ValidateOptionsResult Validate(string? name, P2PGrpcClientOptions options) =>
        options.FindFault() is { } fault
            ? ValidateOptionsResult.Fail($"{(string.IsNullOrEmpty(name) ? "The options of the client" : $"The options of the client '{name}'")}: {fault}")
            : ValidateOptionsResult.Success;
}
