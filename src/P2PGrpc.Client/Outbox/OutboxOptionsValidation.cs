using Microsoft.Extensions.Options;

namespace P2PGrpc.Client;

/// <summary>Finds wrong options of an outbox when a host starts.</summary>
internal sealed class OutboxOptionsValidation : IValidateOptions<OutboxOptions>
{
    public ValidateOptionsResult Validate(string? name, OutboxOptions options) =>
        options.FindFault() is { } fault
            ? ValidateOptionsResult.Fail($"{(string.IsNullOrEmpty(name) ? "The options of the outbox" : $"The options of the outbox of the client '{name}'")}: {fault}")
            : ValidateOptionsResult.Success;
}
