using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Tests.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Peers;

public sealed class PeerTableTests
{
    [Theory]
    [InlineData("""{"PeerId":null,"Alias":null,"Addresses":["127.0.0.1:1"],"Admission":1}""")]
    [InlineData("""{"PeerId":"","Alias":null,"Addresses":null,"Admission":1}""")]
    [InlineData("""{"PeerId":"","Alias":null,"Addresses":[null],"Admission":1}""")]
    [InlineData("""{}""")]
    [InlineData("null")]
    [InlineData("no JSON")]
    public async Task A_row_that_can_not_be_read_is_left_out_and_the_others_are_kept(string json)
    {
        await using var fixture = new StoreFixture();
        const string good = """{"PeerId":"","Alias":"good","Addresses":["127.0.0.1:2"],"Admission":1}""";
        fixture.Execute($"INSERT INTO peer(key, json) VALUES ('a', '{json}'), ('b', '{good}')");

        Assert.Equal("good", Assert.Single(new PeerTable(fixture.Store).Load()).Alias);
    }
}
