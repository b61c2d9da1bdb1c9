using Microsoft.Extensions.Options;

namespace P2PGrpc.Client;

/// <summary>Finds wrong options of handlers when a host starts.</summary>
internal sealed class MessageHandlingOptionsValidation : IValidateOptions<MessageHandlingOptions>
{
    public ValidateOptionsResult Validate(string? name, MessageHandlingOptions options) =>
        options.FindFault() is { } fault
            ? ValidateOptionsResult.Fail($"{(string.IsNullOrEmpty(name) ? "The options of the handlers" : $"The options of the handlers of the client '{name}'")}: {fault}")
            : ValidateOptionsResult.Success;
}
