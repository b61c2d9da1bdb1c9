using Microsoft.Extensions.Configuration;

namespace P2PGrpc.Client;

/// <summary>How options are bound to configuration.</summary>
internal static class SectionRule
{
    /// <summary>A key of a section that is no property is an error: it was misspelt. A whole configuration holds what is other people's, too.</summary>
    public static Action<BinderOptions> For(IConfiguration section) => binder => binder.ErrorOnUnknownConfiguration = section is IConfigurationSection;
}
