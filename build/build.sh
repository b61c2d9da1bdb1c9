#!/usr/bin/env bash
# Builds everything once, in Release, and writes the launcher artifacts/bin/p2pgrpc.
set -euo pipefail
cd "$(dirname "$0")/.."

dotnet build P2PGrpc.sln --configuration Release --no-restore --nologo --verbosity quiet -clp:NoSummary

launcher=artifacts/bin/p2pgrpc
cat > "$launcher.new" <<'END'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec dotnet "$here/P2PGrpc.Cli/release/p2pgrpc.dll" "$@"
END
chmod +x "$launcher.new"
mv "$launcher.new" "$launcher"
