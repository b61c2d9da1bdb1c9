using Microsoft.Extensions.Options;

namespace P2PGrpc.Node.Hosting;

/// <summary>
/// Finds wrong options before anything of the host starts. It throws what a node that can't start throws, NodeStartException, so that embedders meet one kind of
/// error with one set of reasons, whether an option or the disk is at fault.
/// </summary>
internal sealed class NodeOptionsValidation : IValidateOptions<NodeOptions>
{
    public ValidateOptionsResult Validate(string? name, NodeOptions options)
    {
        _ = NodeSettings.From(options);
        return ValidateOptionsResult.Success;
    }
}
